/**
 * What the store does with a call. The atomic store looks and writes at once; the weak one may read the document, and
 * write the whole of it back at any later time over whatever is there by then. The insert of a record is atomic on both.
 */
import assert from 'node:assert/strict';
import type { StoreRequest } from '../../../src/election/effects.ts';
import type { Answer, ElectionEvent } from '../../../src/election/state.ts';
import { StoreError } from '../../../src/errors.ts';
import type { Lease } from '../../../src/store/store.ts';
import { sameVersion } from '../../support/memoryStore.ts';
import type { Setting } from './setting.ts';
import { type Call, tipOf, type World, wipe } from './world.ts';

/** One for all: to make an error for each failure would cost more than the rest of the search. */
const noAnswer = new StoreError('ERR_STORE_UNAVAILABLE', 'no answer');

export function failure({ request }: StoreRequest): ElectionEvent {
  return { type: 'failed', request, error: noAnswer };
}

function isRead({ type }: StoreRequest): boolean {
  return type === 'readTip' || type === 'observe';
}

/** What a write would put in the place of the present lease; null: it does not match. */
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
    case 'releaseDead': {
      const { term, claim } = request;
      const matches = lease?.term === term && lease.holder === request.holder && lease.claim === claim;
      return matches ? { ...lease, holder: null } : null;
    }
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
      const claim = world.claims[term] ?? '';
      return { type: 'tip', request, tip: { term, ttl: world.ttls[term] ?? 0, claim, epoch: `${world.epoch}` } };
    }
    case 'observe':
      return observed(world, asked, hasRecord(world, asked.tip + 1));
    case 'insertTerm': {
      const there = world.claims[asked.term];
      if (there !== undefined && there !== '') return { type: 'termInserted', request, inserted: false, claim: there };
      // A claim that began before a loss may put a record of then into the store of now.
      assert.ok(asked.term === tipOf(world) + 1 || world.epoch > 1, 'records have no gaps');
      world.claims = withRecord(world.claims, asked.term, asked.claim, '');
      world.ttls = withRecord(world.ttls, asked.term, asked.ttl, 0);
      return { type: 'termInserted', request, inserted: true, claim: asked.claim };
    }
    default: {
      const next = replacement(world.lease, asked, holder);
      if (next !== null) world.lease = next;
      return written(asked, next !== null);
    }
  }
}

/** What the sum of a command with this beat and one more says; null: not which of them matched. */
export function bySums({ matches }: Setting, answer: Answer, other: boolean): Answer | null {
  assert.ok(answer.type === 'beaten', 'beats alone go out together');
  const matched = matches.bySum(2, Number(answer.matched) + Number(other));
  return matched === null ? null : { ...answer, matched };
}

/** What the look says that follows such a sum, which is 1; null: still not which. `other`: the other beat is there. */
export function byLooks(
  { matches }: Setting,
  { lease }: World,
  { request, holder }: Call,
  other: boolean,
): Answer | null {
  assert.ok(request.type === 'beat', 'beats alone go out together');
  const shown = lease?.term === request.term && lease.holder === holder && lease.beat === request.beat;
  const [matched] = matches.byLook(1, [shown, other]);
  return matched === undefined || matched === null ? null : written(request, matched);
}

function withRecord<T>(records: readonly T[], term: number, record: T, none: T): T[] {
  return Array.from({ length: Math.max(records.length, term + 1) }, (_, at) =>
    at === term ? record : (records[at] ?? none),
  );
}

function hasRecord({ claims }: World, term: number): boolean {
  return (claims[term] ?? '') !== '';
}

/** The store loses everything. What it read before that it writes to a collection that is gone, and says that it did. */
export function lose(world: World): void {
  wipe(world);
  world.calls = world.calls.flatMap((call): Call[] => {
    if (call.stage !== 'gap' || call.document === null) return [call];
    return call.waiting ? [{ ...call, stage: 'back', document: null, answer: written(call.request, true) }] : [];
  });
}

/** The first half of a call that the store does in two; null: it has none, or is over already, as what does not match is. */
export function readFirst(world: World, call: Call): Call | null {
  const { request, holder } = call;
  if (request.type === 'observe') return { ...call, stage: 'gap', newer: hasRecord(world, request.tip + 1) };
  const document = replacement(world.lease, request, holder);
  return document === null ? null : { ...call, stage: 'gap', document };
}

/** The second half. */
export function writeLater(world: World, { request, document, newer }: Call): Answer {
  if (request.type === 'observe') {
    return observed(world, request, newer);
  }
  world.lease = document;
  return written(request, true);
}

function observed(
  { lease, epoch, settledFor }: World,
  asked: Extract<StoreRequest, { type: 'observe' }>,
  newer: boolean,
): Answer {
  const settled = settledFor > 0 && settledFor >= asked.wait;
  return { type: 'observed', request: asked.request, observation: { lease, newer, settled, epoch: `${epoch}` } };
}

function written(asked: StoreRequest, matched: boolean): Answer {
  const { type, request } = asked;
  if (type === 'writeLease') return { type: 'leaseWritten', request, written: matched };
  if (type === 'releaseDead') return { type: 'deadReleased', request, matched };
  assert.ok(type === 'beat' || type === 'release');
  return { type: type === 'beat' ? 'beaten' : 'released', request, matched };
}

/**
 * Leaves out the writes whose callers wait no more, and that can never match again, so worlds which differ by
 * them alone are one.
 * If the store may lose everything, each of them may match again in the next epoch, and stays.
 */
export function prune({ kinds }: Setting, world: World): void {
  if (kinds.has('wiped')) return;
  if (!world.calls.some((call) => isOver(world, call))) return;
  world.calls = world.calls.filter((call) => !isOver(world, call));
}

function isOver(world: World, { waiting, stage, request }: Call): boolean {
  if (waiting || stage === 'copy') return false;
  if (stage === 'look') return true;
  if (isRead(request)) return true;
  if (stage !== 'held') return false;
  if (request.type === 'insertTerm') return request.term <= tipOf(world);
  const { lease, calls } = world;
  // A document that is still to be written may bring an old lease back.
  if (lease === null || calls.some((call) => call.stage === 'gap' && call.document !== null)) return false;
  if (request.type === 'beat' || request.type === 'release' || request.type === 'releaseDead')
    return request.term < lease.term;
  if (request.type !== 'writeLease') return false;
  const { expected } = request;
  if (expected === null) return true;
  return expected.term < lease.term || (expected.claim === lease.claim && expected.beat < lease.beat);
}
