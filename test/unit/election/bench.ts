/** The protocol on a test bench: events by hand, answers by what they answer, and time that ticks by itself. */
import assert from 'node:assert/strict';
import type { Effect, StoreRequest } from '../../../src/election/effects.ts';
import { step } from '../../../src/election/protocol.ts';
import {
  type ElectionConfig,
  type ElectionEvent,
  type ElectionState,
  initialState,
} from '../../../src/election/state.ts';
import type { Phase } from '../../../src/election/transitions.ts';
import type { Intervals } from '../../../src/options/options.ts';
import { NotSentError } from '../../../src/store/notSent.ts';
import type { Lease, Observation } from '../../../src/store/store.ts';
import { leaseOf } from '../../support/memoryStore.ts';

export const intervals: Intervals = {
  INIT: 0,
  MASTER: 2000,
  SLAVE: 2500,
  TICKING: 2000,
  ERROR: 5000,
  POLL: 500,
  SYNC: 250,
};
export const ttl = 4500;
export const validity = 4275;
export const grace = 450;
/** How long before it is due a beat goes out. */
export const lead = 4;

type Sent<T extends StoreRequest['type']> = Extract<StoreRequest, { type: T }>;
type Of<T extends Effect['type']> = Extract<Effect, { type: T }>;

export class Bench {
  state: ElectionState = initialState;
  now = 10_000;
  /** All effects so far. `take` empties it. */
  private effects: Effect[] = [];
  private readonly sent: StoreRequest[] = [];
  /** How long before they are due beats go out from now on; as by default if undefined. */
  lead: number | undefined;

  constructor(readonly config: ElectionConfig = { holder: 'me', intervals, grace }) {}

  /** All that were sent so far. */
  get requests(): readonly StoreRequest[] {
    return this.sent;
  }

  get phase(): Phase {
    return this.state.phase;
  }

  send(event: ElectionEvent): this {
    const [state, effects] = step(this.config, this.state, event, this.now, this.lead);
    this.state = state;
    this.effects.push(...effects);
    for (const effect of effects) if ('request' in effect) this.sent.push(effect);
    return this;
  }

  /** Lets time pass, with a tick whenever one is due. */
  pass(ms: number): this {
    const end = this.now + ms;
    for (let { wakeAt } = this.state; wakeAt !== null && wakeAt <= end; { wakeAt } = this.state) {
      assert.ok(wakeAt > this.now, 'a tick that is due at once, again and again');
      this.now = wakeAt;
      this.send({ type: 'tick' });
    }
    this.now = end;
    return this;
  }

  /** The effects since it was last called. */
  take(): Effect[] {
    return this.effects.splice(0);
  }

  /** Those of one type. */
  took<T extends Effect['type']>(type: T): Of<T>[] {
    return this.take().filter((effect): effect is Of<T> => effect.type === type);
  }

  types(): string[] {
    return this.take().map(({ type }) => type);
  }

  /** The latest request of a type, or the one `back` before it. */
  asked<T extends StoreRequest['type']>(type: T, back = 0): Sent<T> {
    const found = this.sent.filter((request): request is Sent<T> => request.type === type).at(-1 - back);
    assert.ok(found !== undefined, `no ${type} was asked`);
    return found;
  }

  tip(tip: number, ttl = 0, epoch = 'first', claim?: string): this {
    const read = { term: tip, ttl, epoch, ...(claim === undefined ? {} : { claim }) };
    return this.send({ type: 'tip', request: this.asked('readTip').request, tip: read });
  }

  /** In a store that is settled, unless `others` says otherwise. */
  observed(lease: Lease | null, newer = false, others: Partial<Observation> = {}): this {
    const observation = { lease, newer, settled: true, epoch: 'first', ...others };
    return this.send({ type: 'observed', request: this.asked('observe').request, observation });
  }

  written(written = true): this {
    return this.send({ type: 'leaseWritten', request: this.asked('writeLease').request, written });
  }

  /** `claim`: whose record is there already. */
  inserted(claim?: string): this {
    const asked = this.asked('insertTerm');
    const inserted = claim === undefined;
    return this.send({ type: 'termInserted', request: asked.request, inserted, claim: claim ?? asked.claim });
  }

  beaten(matched = true, back = 0): this {
    return this.send({ type: 'beaten', request: this.asked('beat', back).request, matched });
  }

  released(matched = true): this {
    return this.send({ type: 'released', request: this.asked('release').request, matched });
  }

  failed(type: StoreRequest['type'], back = 0): this {
    return this.send({ type: 'failed', request: this.asked(type, back).request, error: new Error(`no ${type}`) });
  }

  /** The store was not even asked. */
  notSent(type: StoreRequest['type']): this {
    return this.send({ type: 'failed', request: this.asked(type).request, error: new NotSentError(`no ${type}`) });
  }

  resign(reason = 'the work hangs', nothingRuns = false): this {
    return this.send({ type: 'resign', reason, code: 'ERR_TASK_TIMEOUT', nothingRuns });
  }

  fit(): this {
    return this.send({ type: 'fit' });
  }

  /** Runs, and sees this lease under this tip. */
  look(lease: Lease | null, tip: number, others: Partial<Observation> = {}): this {
    return this.send({ type: 'run' }).send({ type: 'tick' }).tip(tip, 0, others.epoch).observed(lease, false, others);
  }

  /** The lease that a claim is about to write, or wrote. */
  get claimed(): Lease {
    return this.asked('writeLease').next;
  }

  /** Every step of the claim under way succeeds. */
  winClaim(epoch?: string): this {
    return this.written().inserted().tip(this.claimed.term, 0, epoch);
  }
}

/** Another member's lease under term 1, seen as a standby, with nothing left to take. */
export function standby(lease = leaseOf('other'), tip = 1): Bench {
  const bench = new Bench().look(lease, tip);
  assert.equal(bench.phase, 'slave');
  bench.take();
  return bench;
}

/** Master of the first term, with nothing left to take. */
export function master(config?: ElectionConfig): Bench {
  const bench = new Bench(config).look(null, 0).winClaim();
  assert.equal(bench.phase, 'master');
  bench.take();
  return bench;
}

/** Looks again and again, and sees the same, for `ms`. */
export function seeing(bench: Bench, lease: Lease | null, ms: number, others: Partial<Observation> = {}): Bench {
  for (const end = bench.now + ms; bench.now < end; ) {
    bench.pass(Math.min(intervals.POLL, end - bench.now));
    if (bench.state.pending !== null && bench.state.claim === null) bench.observed(lease, false, others);
  }
  return bench;
}
