/**
 * Runs the protocol: carries its effects out against the store, feeds the answers back, and keeps its one timer. Decides
 * nothing itself. Everything happens on the coordinator thread, one event after another.
 */

import { type FailoverErrorCode, StoreError } from '../errors.js';
import { beatLead } from '../options/leaseTimes.js';
import type { Lease, Observation, Progress, Store } from '../store/store.js';
import type { Cancel, Clock } from '../time/clock.js';
import type { Drain, News, StoreRequest } from './effects.js';
import { step } from './protocol.js';
import { type Answer, type ElectionConfig, type ElectionEvent, type ElectionState, initialState } from './state.js';
import { type SuspensionFollower, Suspensions } from './suspensions.js';

/** What the elector needs from the member it elects. */
export interface ElectorCallbacks {
  /** Returns the progress that the next beat carries. */
  progress(): Progress;
  /** Called for each piece of news, in order. Must not throw. */
  notify(news: News): void;
  /** Returns whether the process that holds this lease is certainly gone (rule 12). Called with each look. */
  isHolderGone(lease: Lease | null): boolean;
  /** Returns how many ms later than it might this member is to claim, because another goes first. Called with each look. */
  deference(observation: Observation): number;
  /** Called when a request goes out to the store. */
  asked(request: StoreRequest): void;
}

/** Hears how punctual beats are. */
export interface BeatListener {
  /**
   * Called when a beat goes out: `late` ms after it was due, `delay` ms after the moment, a little earlier, that was aimed at.
   * Less than 0: before.
   */
  beatSent(late: number, delay: number): void;
  /** Called when a beat was acknowledged after `roundTrip` ms. */
  beatAcknowledged(roundTrip: number): void;
}

/** What an election does in the store. */
export type ElectionStore = Pick<
  Store,
  'highestTerm' | 'observe' | 'compareAndSetLease' | 'insertTerm' | 'beat' | 'release' | 'releaseDead'
>;

interface ElectorParts {
  readonly name: string;
  readonly config: ElectionConfig;
  readonly store: ElectionStore;
  readonly clock: Clock;
  readonly callbacks: ElectorCallbacks;
  readonly beats: BeatListener;
  /** After this many ms without an answer a request counts as failed, should the store break its own promise. */
  readonly requestTimeout: number;
  /** That of all electors of this thread; its own by default. */
  readonly suspensions?: Suspensions | undefined;
  /** Returns how long before they are due beats go out, in ms; by default as short as `beatLead` allows. */
  readonly lead?: (() => number) | undefined;
}

export class Elector {
  private state: ElectionState = initialState;
  private readonly queue: ElectionEvent[] = [];
  private busy = false;
  /** Whether a hint came while a look was under way: that may have read what was there before. */
  private wasHinted = false;
  private timer: { at: number; cancel: Cancel } | undefined;
  /** How long before it is due the next beat goes out, as the timer has it. */
  private lead: number;
  private readonly suspension: SuspensionFollower;

  constructor(private readonly parts: ElectorParts) {
    const { clock, config, suspensions = new Suspensions(clock) } = parts;
    this.lead = beatLead(config.intervals);
    this.suspension = suspensions.add(() => this.clockMayHaveJumped());
  }

  get phase(): ElectionState['phase'] {
    return this.state.phase;
  }

  /** Returns the term of the present mastership; undefined when there is none. */
  get term(): number | undefined {
    return this.state.mastership?.term;
  }

  /**
   * Returns whether it may claim, as far as its work goes.
   * Rule 10: docs/explain/protocol.md#rule-10-a-lease-proves-that-work-is-alive
   */
  get isFit(): boolean {
    return !this.state.unfit;
  }

  /** Returns whether the mastership is being handed over, and not yet released. */
  get isHandingOver(): boolean {
    return (this.state.mastership?.handOver ?? null) !== null;
  }

  /** Returns whether it claims nothing, because of `rest` or after a hand-over. */
  get isResting(): boolean {
    return this.state.rests !== null;
  }

  run(): void {
    this.happen({ type: 'run' });
  }

  stop(): void {
    this.happen({ type: 'stop' });
  }

  /** Answers the news `drain`, which it is given. */
  drained(drain: Drain): void {
    this.happen(drain.for === 'stop' ? { type: 'drained' } : { type: 'drained', drain: drain.drain });
  }

  /** Ends a drain whose work would not stop, in the place of `drained`: the lease is left to expire. */
  abandon(): void {
    this.happen({ type: 'abandon' });
  }

  /**
   * The work hangs, or does not load: gives a mastership up, and claims none before `fit`. `code` is that of the error that
   * tells of it. `nothingRuns`: nothing of the work runs, so the lease is released.
   */
  resign(reason: string, code: FailoverErrorCode, nothingRuns = false): void {
    this.happen({ type: 'resign', reason, code, nothingRuns });
  }

  /** Says that nothing of the work runs any more, and that nothing holds it up. */
  fit(): void {
    this.happen({ type: 'fit' });
  }

  /**
   * Asks for the release of a mastership of this term, for another member to be master. Does nothing if the term is another.
   * The news `drain` says that it begins, `handedOver` that it is done. Then the member rests for 2 x (SLAVE + TICKING).
   */
  handOver(term: number): void {
    this.happen({ type: 'handOver', term });
  }

  /** Ends a hand-over whose work would not stop, or which is wanted no more: the news `resume` lets work go on. */
  handOverCancelled(term: number): void {
    this.happen({ type: 'handOverCancelled', term });
  }

  /** Has the member claim nothing until then, by its clock; null: until `rested`. A mastership goes on. */
  rest(until: number | null): void {
    this.happen({ type: 'rest', until });
  }

  /** Ends every rest, also that after a hand-over. */
  rested(): void {
    this.happen({ type: 'rested' });
  }

  /** Says that the store is back. */
  storeIsBack(): void {
    this.happen({ type: 'available' });
  }

  /** Says that the process which holds the lease is gone: the next look comes at once, or soon after one under way (rule 12). */
  holderGone(): void {
    this.repeatLook();
    this.happen({ type: 'holderGone' });
  }

  /** Says that the lease may have changed: the next look comes soon. May be said at any time, and too often. */
  hinted(): void {
    this.repeatLook();
    this.happen({ type: 'hint' });
  }

  /** Has another look follow the one that is under way, if one is. */
  private repeatLook(): void {
    if (this.state.pending !== null) this.wasHinted = true;
  }

  /** Says that this process ends by an error while it works: what is released after this counts as the lease of one that died. */
  dying(): void {
    this.happen({ type: 'dying' });
  }

  /** Says that there is progress for the standbys; cheap enough to be called for every task. */
  progressed(): void {
    const { mastership } = this.state;
    if (mastership !== null && !mastership.dirty) this.happen({ type: 'progress' });
  }

  private happen(event: ElectionEvent): void {
    this.queue.push(event);
    // News may make the member call back in here; its event then waits until this one is done.
    if (this.busy) return;
    this.busy = true;
    try {
      for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
        const ahead = this.suspension.ahead();
        if (ahead > 0) this.apply({ type: 'clockJump', ahead });
        this.apply(next);
      }
    } finally {
      this.busy = false;
    }
    this.arm();
  }

  private apply(event: ElectionEvent): void {
    const { config, clock, lead } = this.parts;
    // What the timer has woken for is due by the lead that it was set with.
    if (lead !== undefined && event.type !== 'tick') this.lead = lead();
    const [state, effects] = step(config, this.state, event, clock.now(), this.lead);
    this.state = state;
    for (const effect of effects) {
      if ('request' in effect) this.send(effect);
      else this.parts.callbacks.notify(effect);
    }
    if (this.wasHinted) this.hintAgain();
  }

  /** The look that was under way when a hint came is followed by another one, unless it has led to a claim. */
  private hintAgain(): void {
    const { pending, claim } = this.state;
    if (pending !== null && claim === null) return;
    this.wasHinted = false;
    if (claim === null) this.queue.push({ type: 'hint' });
  }

  private arm(): void {
    const { wakeAt, mastership } = this.state;
    this.suspension.watch(mastership !== null);
    if (this.timer !== undefined && this.timer.at === wakeAt) return;
    this.timer?.cancel();
    this.timer = undefined;
    if (wakeAt === null) return;
    const cancel = this.parts.clock.at(wakeAt, () => {
      this.timer = undefined;
      this.happen({ type: 'tick' });
    });
    this.timer = { at: wakeAt, cancel };
  }

  /** Takes a step only if there is something to tell: of a thousand electors each would cost the thread four a second. */
  private clockMayHaveJumped(): void {
    const ahead = this.suspension.ahead();
    if (ahead > 0) this.happen({ type: 'clockJump', ahead });
  }

  private send(request: StoreRequest): void {
    const { clock, callbacks, beats, requestTimeout } = this.parts;
    let answered = false;
    const answer = (event: Answer): void => {
      if (answered) return;
      answered = true;
      cancel();
      this.happen(event);
    };
    const failed = (error: Error): void => answer({ type: 'failed', request: request.request, error });
    const cancel = clock.at(clock.now() + requestTimeout, () => {
      failed(
        new StoreError('ERR_STORE_UNAVAILABLE', `the store did not answer ${request.type} in ${requestTimeout} ms`),
      );
    });
    callbacks.asked(request);
    const sentAt = clock.now();
    if (request.type === 'beat') {
      const late = sentAt - request.due;
      beats.beatSent(late, late + this.lead);
    }
    this.ask(request).then(
      (event) => {
        if (!answered && event.type === 'beaten' && event.matched) beats.beatAcknowledged(clock.now() - sentAt);
        answer(event);
      },
      (error: unknown) => failed(error instanceof Error ? error : new Error(String(error))),
    );
  }

  private async ask(asked: StoreRequest): Promise<Answer> {
    const { name, store, config, callbacks } = this.parts;
    const { request } = asked;
    switch (asked.type) {
      case 'readTip':
        return { type: 'tip', request, tip: await store.highestTerm(name) };
      case 'observe': {
        const [observation] = await store.observe([{ name, tip: asked.tip, wait: asked.wait }]);
        if (observation === undefined) throw new StoreError('ERR_STORE', 'the store answered a look with nothing');
        const holderIsGone = callbacks.isHolderGone(observation.lease);
        return { type: 'observed', request, observation, holderIsGone, deference: callbacks.deference(observation) };
      }
      case 'writeLease':
        return {
          type: 'leaseWritten',
          request,
          written: await store.compareAndSetLease(name, asked.expected, asked.next),
        };
      case 'insertTerm': {
        const { term, claim, ttl } = asked;
        const result = await store.insertTerm({ name, term, holder: config.holder, claim, ttl });
        return {
          type: 'termInserted',
          request,
          inserted: result.inserted,
          claim: result.inserted ? claim : result.claim,
        };
      }
      case 'beat': {
        const tenure = { name, term: asked.term, holder: config.holder };
        return {
          type: 'beaten',
          request,
          matched: await store.beat(tenure, asked.beat, callbacks.progress(), asked.early),
        };
      }
      case 'release': {
        const tenure = { name, term: asked.term, holder: config.holder };
        const matched = await store.release(tenure, asked.beat, callbacks.progress(), asked.died);
        return { type: 'released', request, matched };
      }
      case 'releaseDead': {
        const { term, holder, claim } = asked;
        return { type: 'deadReleased', request, matched: await store.releaseDead({ name, term, holder, claim }) };
      }
    }
  }
}
