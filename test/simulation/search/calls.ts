/**
 * What the store does with a call. The atomic store looks and writes at once; the weak one may read the document, and
 * write the whole of it back at any later time over whatever stands there by then. The insert of a record is atomic on both.
 */
import assert from 'node:assert/strict';
import type { StoreRequest } from '../../../src/election/effects.ts';
import type { Answer, ElectionEvent } from '../../../src/election/protocol.ts';
import { StoreError } from '../../../src/errors.ts';
import type { Lease } from '../../../src/store/store.ts';
import { sameVersion } from '../../support/memoryStore.ts';
import { type Call, tipOf, type World } from './world.ts';

/** One for all: to make an error for each failure would cost more than the rest of the search. */
const noAnswer = new StoreError('ERR_STORE_UNAVAILABLE', 'no answer');

export function failure({ request }: StoreRequest): ElectionEvent {
  return { type: 'failed', request, error: noAnswer };
}

export function isRead({ type }: StoreRequest): boolean {
  return type === 'readTip' || type === 'observe';
}

/** What a write would put in the lease's place as it stands; null: it does not match. */
function replacement(lease: Lease | null, request: StoreRequest, holder: string): Lease | null {
  switch (request.type) {
    case 'writeLease':
      return sameVersion(lease, request.expected) ? request.next : null;
    case 'beat':
      return lease?.term === request.term && lease.holder === holder ? { ...lease, beat: request.beat } : null;
    case 'release':
      return lease?.term === request.term && lease.holder === holder
        ? { ...lease, beat: request.beat, holder: null }
        : null;
    default:
      return null;
  }
}

/** The store carries the call out, in the world; what it answers. */
export function carryOut(world: World, { request: asked, holder }: Call): Answer {
  const { request } = asked;
  switch (asked.type) {
    case 'readTip': {
      const term = tipOf(world);
      return { type: 'tip', request, tip: { term, ttl: world.ttls[term] ?? 0 } };
    }
    case 'observe':
      return { type: 'observed', request, observation: { lease: world.lease, newer: asked.tip < tipOf(world) } };
    case 'insertTerm': {
      const tip = tipOf(world);
      const there = world.claims[asked.term];
      if (there !== undefined) return { type: 'termInserted', request, inserted: false, claim: there };
      assert.equal(asked.term, tip + 1, 'records have no gaps');
      world.claims = [...world.claims, asked.claim];
      world.ttls = [...world.ttls, asked.ttl];
      return { type: 'termInserted', request, inserted: true, claim: asked.claim };
    }
    default: {
      const next = replacement(world.lease, asked, holder);
      if (next !== null) world.lease = next;
      return written(asked, next !== null);
    }
  }
}

/** The first half of a call that the store does in two; null: it has none, or is over already, as what does not match is. */
export function readFirst(world: World, call: Call): Call | null {
  const { request, holder } = call;
  if (request.type === 'observe') return { ...call, stage: 'gap', newer: request.tip < tipOf(world) };
  const document = replacement(world.lease, request, holder);
  return document === null ? null : { ...call, stage: 'gap', document };
}

/** The second half. */
export function writeLater(world: World, { request, document, newer }: Call): Answer {
  if (request.type === 'observe') {
    return { type: 'observed', request: request.request, observation: { lease: world.lease, newer } };
  }
  world.lease = document;
  return written(request, true);
}

function written(asked: StoreRequest, matched: boolean): Answer {
  const { type, request } = asked;
  if (type === 'writeLease') return { type: 'leaseWritten', request, written: matched };
  assert.ok(type === 'beat' || type === 'release');
  return { type: type === 'beat' ? 'beaten' : 'released', request, matched };
}

/**
 * Leaves out the writes whose callers wait no more, and that can never match again, so that worlds which differ by
 * them alone are one.
 */
export function prune(world: World): void {
  if (!world.calls.some((call) => isOver(world, call))) return;
  world.calls = world.calls.filter((call) => !isOver(world, call));
}

function isOver(world: World, { waiting, stage, request }: Call): boolean {
  if (waiting || stage === 'copy') return false;
  if (isRead(request)) return true;
  if (stage !== 'held') return false;
  if (request.type === 'insertTerm') return request.term <= tipOf(world);
  const { lease, calls } = world;
  // A document that is still to be written may bring an old lease back.
  if (lease === null || calls.some((call) => call.stage === 'gap' && call.document !== null)) return false;
  if (request.type === 'beat' || request.type === 'release') return request.term < lease.term;
  if (request.type !== 'writeLease') return false;
  const { expected } = request;
  if (expected === null) return true;
  return expected.term < lease.term || (expected.claim === lease.claim && expected.beat < lease.beat);
}
