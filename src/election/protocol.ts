/**
 * The election, as a pure function: `step(config, state, event, now)` gives the next state and the effects that the
 * elector has to carry out. No timer, no store, no clock and no chance in here, so tests and searches run exactly
 * what ships. state.ts has the state and the events. The rules have numbers, and each has a heading below, such as
 * `Rule 2: claim`: docs/explain/protocol.md#the-rules, with the argument why they are safe. It is one file, longer than
 * others, because every rule leans on the others: to change one, read them all.
 *
 * The phases, what each waits for, and what leaves it:
 *
 *   stopped   nothing; `run` leaves it.
 *   init      INIT, then the first look at the store. Leaves as master (a claim that was allowed at once), as slave, or
 *             as error when the store does not answer.
 *   slave     looks every POLL. A look that, after SLAVE, shows no new version of the lease makes it ticking; a released lease lets it
 *             claim at once; two looks in a row that fail make it error.
 *   ticking   the same, until TICKING more has passed: then it claims. A new version makes it slave again.
 *   master    beats every MASTER, early when there is progress, again after POLL when a beat failed. `grace` before the
 *             validity ends it is fenced: work must stop, beats go on. A beat that matches nothing makes it slave, and so
 *             does `resign`; the end of its validity makes it error, `stop` lets it drain, release and end.
 *   error     looks every ERROR, and at once when the store is said to be back; the first answer leaves it.
 *
 * A claim (rule 2) is a small machine of its own inside init, slave, ticking and error: `lease` (compare-and-set) →
 * `record` (insert of the term) → `verify` (no higher record) → won. When an answer is missing, `prove` writes the lease
 * once more, on the condition that it holds this very claim, and goes on only if that is acknowledged (rule 5).
 *
 * Beside the phases a member is fit or not (rule 10). From `resign` to `fit` its work may hang: it looks on like any
 * standby, slave and ticking as the lease goes, and claims nothing, not even a lease that still names it.
 *
 * A master may be asked to hand over: its work drains, then it counts on nothing, is slave, and releases the lease while it
 * looks on (`parting`). It rests for a while, so another member wins. A member that rests, by itself or by order, claims
 * nothing; one that defers claims later than it might. Both only ever cost time, so no rule of safety knows of them.
 *
 * A store may be emptied or replaced under its members. Each of its lives is an epoch, and everything that was known of
 * one, but for the longest time to live, counts for nothing in the next. A claim is won only in the epoch that its wait
 * was in, and without a wait only in an epoch that is settled (rule 11).
 *
 * A process that is certainly gone counts on nothing. Its lease is released for it by a member that saw it die (rule 12).
 *
 * What is not guaranteed: clocks whose rates differ by more than 5 % break the argument, and so does a process that is
 * stopped between looking at its lease and acting on it; for that the user has the term as a fencing token.
 */
import assert from 'node:assert/strict';
import { beatLead, timeToLive, validity } from '../options/leaseTimes.js';
import { NotSentError, OvertakenError } from '../store/notSent.js';
import type { Lease, Progress, Tip } from '../store/store.js';
import { lastOnGrid } from '../time/grid.js';
import type { Deposition, Effect } from './effects.js';
import type {
  Answer,
  Claim,
  ElectionConfig,
  ElectionEvent,
  ElectionState,
  Looked,
  Mastership,
  Parting,
  Seen,
} from './state.js';
import { type Phase, transitions } from './transitions.js';

/** Beats that may be under way at once; more would only pile up on a store that does not answer. */
const BEATS_IN_FLIGHT_MAX = 4;
/** The beat number of a claim that was written again over itself; one that went through at once has 0. */
const PROVED = 1;
/** Failed looks in a row that make a standby give the store up. One may be a hiccup that must not cost a whole ERROR. */
const FAILED_LOOKS_MAX = 2;
/** The least time between a look and the next one that a hint causes: a share of POLL, and no more than so many ms. */
const HINTED_LOOK_PAUSE = { share: 1 / 20, mostMs: 25 };

/**
 * Takes one event, and returns the next state and its effects, in the order in which they are to be carried out. `lead`: how
 * long before they are due beats go out, in ms.
 */
export function step(
  config: ElectionConfig,
  state: ElectionState,
  event: ElectionEvent,
  now: number,
  lead = beatLead(config.intervals),
): [ElectionState, Effect[]] {
  const draft = new StepDraft(config, state, now, lead);
  if (event.type === 'clockJump') draft.clockJumped(event.ahead);
  draft.expire();
  draft.handle(event);
  draft.proceed();
  return [draft.result(), draft.effects];
}

/** One step in the making: a draft of the state and the effects so far. Lives no longer than `step`. */
class StepDraft {
  readonly effects: Effect[] = [];
  private state: { -readonly [key in keyof ElectionState]: ElectionState[key] };

  constructor(
    private readonly config: ElectionConfig,
    state: ElectionState,
    private readonly now: number,
    private readonly lead: number,
  ) {
    this.state = { ...state };
  }

  result(): ElectionState {
    const { state } = this;
    assert.equal(state.phase === 'master', state.mastership !== null, 'master, and only master, has a mastership');
    assert.ok(state.claim === null || state.mastership === null, 'a master does not claim');
    assert.ok(state.claim === null || !state.unfit, 'who is unfit does not claim');
    state.wakeAt = state.phase === 'stopped' ? null : this.nextWake();
    assert.ok(
      state.wakeAt === null || state.wakeAt > this.now,
      'whatever is due has been done, so no tick follows at once',
    );
    return state;
  }

  // ---- what every step does first ----

  /**
   * Rule 8: suspension.
   * Takes what the monotonic clock missed from the validity.
   */
  clockJumped(ahead: number): void {
    assert.ok(ahead >= 0, 'only clocks that ran ahead count');
    const { mastership, claim } = this.state;
    if (mastership !== null) {
      const inFlight = new Map([...mastership.inFlight].map(([request, sentAt]) => [request, sentAt - ahead]));
      this.state.mastership = { ...mastership, validUntil: mastership.validUntil - ahead, inFlight };
      if (mastership.release === 'no') {
        this.effects.push({ type: 'lease', term: mastership.term, validUntil: mastership.validUntil - ahead });
      }
    }
    if (claim !== null) this.state.claim = { ...claim, sentAt: claim.sentAt - ahead };
  }

  /**
   * Rule 4: validity.
   * Ends a validity that is over, whatever the event says. `claimWon` and `beatAnswered` begin one and extend it, from
   * before the request was sent.
   */
  expire(): void {
    const { mastership, rests, parting } = this.state;
    if (rests !== null && rests.until !== null && this.now >= rests.until) this.state.rests = null;
    // What the others wait for is the lease itself, from here on.
    if (parting !== null && this.now >= parting.until) this.state.parting = null;
    if (mastership === null || this.now < mastership.validUntil) return;
    this.stepDown('error', 'the lease ended before a beat was acknowledged');
    this.state.nextLookAt = this.now;
  }

  // ---- events ----

  handle(event: ElectionEvent): void {
    switch (event.type) {
      case 'run':
        return this.run();
      case 'stop':
        return this.stopDrains();
      case 'drained':
        return this.drained(event.drain);
      case 'abandon':
        return this.abandon();
      case 'resign':
        return this.resign(event);
      case 'fit':
        this.state.unfit = false;
        return;
      case 'handOver':
        return this.handOver(event.term);
      case 'handOverCancelled':
        return this.handOverCancelled(event.term);
      case 'rest':
        return this.rest(event.until);
      case 'rested':
        return this.rested();
      case 'available':
        return this.storeIsBack();
      case 'holderGone':
        return this.lookAtOnce();
      case 'hint':
        return this.lookSoon();
      case 'dying':
        this.state.dying = true;
        return;
      case 'progress':
        if (this.state.mastership !== null) this.progressed(this.state.mastership);
        return;
      case 'tick':
      case 'clockJump':
        return;
      default:
        this.answer(event);
    }
  }

  private run(): void {
    assert.equal(this.state.phase, 'stopped');
    assert.ok(this.config.grace < validity(this.config.intervals), 'a grace as long as the validity allows no work');
    this.enter('init');
    this.state.nextLookAt = this.now + this.config.intervals.INIT;
  }

  private storeIsBack(): void {
    const { phase, pending, mastership } = this.state;
    if (phase === 'error' && pending === null) this.state.nextLookAt = this.now;
    // Rates are limited here as everywhere: a server that comes and goes must not be met with a beat each time.
    if (mastership !== null) this.beatFrom(mastership.lastSentAt + this.config.intervals.SYNC);
  }

  /** Unless a look, or a claim, is under way. */
  private lookAtOnce(): void {
    const { state } = this;
    if (state.pending === null && state.claim === null && state.nextLookAt !== null) state.nextLookAt = this.now;
  }

  /**
   * Follows a hint: the next look of a standby comes at once, if the last one is old enough. Nothing depends on hints, and they
   * decide nothing: each look would be right without one, and comes after POLL at the latest.
   */
  private lookSoon(): void {
    const { state } = this;
    const isStandby = state.phase === 'slave' || state.phase === 'ticking';
    if (!isStandby || state.pending !== null || state.claim !== null || state.nextLookAt === null) return;
    const { share, mostMs } = HINTED_LOOK_PAUSE;
    const from = (state.lastLookAt ?? this.now) + Math.min(mostMs, share * this.config.intervals.POLL);
    state.nextLookAt = Math.min(state.nextLookAt, Math.max(this.now, from));
  }

  private progressed(mastership: Mastership): void {
    this.state.mastership = { ...mastership, dirty: true };
    this.beatFrom(mastership.lastSentAt + this.config.intervals.SYNC);
  }

  private answer(answer: Answer): void {
    const { mastership, claim, parting } = this.state;
    if (mastership?.inFlight.has(answer.request)) return this.beatAnswered(mastership, answer);
    if (mastership !== null && mastership.release === answer.request) return this.releaseAnswered(mastership, answer);
    if (parting !== null && parting.request === answer.request) return this.partingAnswered(parting, answer);
    if (answer.request !== this.state.pending) return;
    this.state.pending = null;
    if (claim !== null) this.claimAnswered(claim, answer);
    else this.lookAnswered(answer);
  }

  // ---- looking (rules 1 and 2) ----

  private look(): void {
    this.state.nextLookAt = null;
    this.state.lastLookAt = this.now;
    this.state.looked = null;
    if (this.state.tip === null) this.effects.push({ type: 'readTip', request: this.request() });
    else
      this.effects.push({ type: 'observe', request: this.request(), tip: this.state.tip.term, wait: this.longestWait });
  }

  private lookAnswered(answer: Answer): void {
    const { state } = this;
    if (answer.type === 'failed') return this.lookFailed(answer.error);
    if (answer.type === 'tip') {
      state.tip = answer.tip;
      if (state.looked === null || state.looked.epoch !== answer.tip.epoch) return this.look();
      return this.saw(answer.tip, state.looked);
    }
    if (answer.type === 'deadReleased') {
      // By this member, or by another one that was faster.
      state.nextLookAt = this.now;
      return;
    }
    assert.equal(answer.type, 'observed');
    if (answer.type !== 'observed') return;
    const { lease, newer, settled, epoch } = answer.observation;
    const { holderIsGone = false, deference = 0 } = answer;
    assert.ok(state.tip !== null);
    const looked: Looked = { lease, settled, epoch, holderIsGone, deference };
    if (newer || (lease !== null && lease.term > state.tip.term) || epoch !== state.tip.epoch) {
      state.looked = looked;
      this.effects.push({ type: 'readTip', request: this.request() });
      return;
    }
    this.saw(state.tip, looked);
  }

  private lookFailed(error: Error): void {
    const { state } = this;
    state.failedLooks += 1;
    state.looked = null;
    const patient = (state.phase === 'slave' || state.phase === 'ticking') && state.failedLooks < FAILED_LOOKS_MAX;
    if (patient) {
      // Not together with the others: that might be at once.
      state.nextLookAt = this.now + this.config.intervals.POLL;
      return;
    }
    this.storeFailed(error);
  }

  private storeFailed(error: Error): void {
    this.effects.push({ type: 'storeFailed', error });
    if (this.state.phase !== 'error') this.enter('error');
    this.state.nextLookAt = this.now + this.config.intervals.ERROR;
  }

  /**
   * Rule 1: observe, do not compare clocks.
   * Takes one whole look: the version is either the one that stood before, or new from this moment.
   */
  private saw(tip: Tip, { lease, settled: isSettled, holderIsGone, deference: asked }: Looked): void {
    const { state } = this;
    assert.ok(asked >= 0, 'no member claims earlier than it may');
    // Whatever is asked for, a lease that can be claimed is claimed in the end.
    const deference = Math.min(asked, timeToLive(this.config.intervals));
    const ttl = Math.max(lease?.ttl ?? 0, tip.ttl);
    // The store answered for the waits that were known. Of a longer one, which this look shows first, it said nothing.
    const settled = isSettled && ttl <= this.longestWait;
    state.longestTtl = Math.max(state.longestTtl, ttl);
    state.looked = null;
    state.looksFirst = false;
    state.failedLooks = 0;
    const { POLL } = this.config.intervals;
    state.nextLookAt = this.onGrid(this.now + POLL, POLL);
    if (state.epoch !== tip.epoch) this.enterEpoch(tip.epoch);
    // Another member has won since the hand-over. Whatever becomes of that one must find all others ready.
    if (state.rests?.early && tip.claim !== undefined && tip.claim !== state.rests.early.claim) state.rests = null;
    if (state.seen !== null && this.isSameVersion(state.seen, tip, lease, settled))
      state.seen = { ...state.seen, settled, deference };
    else {
      state.seen = { tip, lease, settled, since: this.now, deference };
      // What this member wrote itself is no news to it, and may be older than what it knows.
      if (lease?.holder !== this.config.holder) this.effects.push({ type: 'seen', lease });
      if (state.phase === 'ticking') this.enter('slave');
    }
    if (!this.mayClaim() && (state.phase === 'init' || state.phase === 'error')) this.enter('slave');
    // Doubt comes by a look, not by the clock alone: a beat that is due just then must be seen first.
    const doubtAt = state.seen.since + this.config.intervals.SLAVE;
    if (this.now < doubtAt) state.nextLookAt = Math.min(state.nextLookAt, doubtAt);
    else if (state.phase === 'slave') this.enter('ticking');
    if (holderIsGone && lease !== null && !this.mayClaim()) this.releaseDead(tip, lease);
  }

  /**
   * Rule 12: a death that was seen.
   * Only a lease whose record has its claim: on a store without atomic writes the claim of a member that died may land
   * over the lease of the one that won that term, and works.
   */
  private releaseDead(tip: Tip, { term, claim, holder }: Lease): void {
    const { state, config } = this;
    if (holder === null || holder === config.holder || state.stopping !== 'no') return;
    if (term !== tip.term || claim !== tip.claim) return;
    state.nextLookAt = null;
    this.effects.push({ type: 'releaseDead', request: this.request(), term, holder, claim });
  }

  private isSameVersion(seen: Seen, tip: Tip, lease: Lease | null, settled: boolean): boolean {
    if (seen.tip.epoch !== tip.epoch || seen.tip.term !== tip.term) return false;
    return sameVersion(seen.lease, lease) && (settled || !seen.settled);
  }

  /**
   * Rule 11: a store may forget.
   * Forgets the claims of another epoch: they prove nothing about who claimed after them.
   */
  private enterEpoch(epoch: string): void {
    this.state.epoch = epoch;
    this.state.heldClaim = null;
    this.state.workedClaim = null;
  }

  /**
   * Rule 2: claim.
   * Returns whether this member may claim, at once or because it has waited. `startClaim` and what follows are the steps.
   */
  private mayClaim(): boolean {
    const { seen, stopping, unfit, looksFirst, failedLooks, claim, mastership } = this.state;
    if (seen === null || stopping !== 'no' || unfit || looksFirst || claim !== null || mastership !== null)
      return false;
    // After a failure only a look that was answered may start a claim; it sets `failedLooks` back.
    if (this.state.phase === 'error' && failedLooks > 0) return false;
    return this.now >= this.claimAt(seen);
  }

  private claimAt(seen: Seen): number {
    return Math.max(seen.since + this.waitFor(seen), this.restEnds(seen));
  }

  /** Returns how long this version must stand before this member claims it. */
  private waitFor(seen: Seen): number {
    const { lease, tip, settled, deference } = seen;
    if (settled && lease === null && tip.term === 0) return deference;
    const mine = lease !== null && lease.holder === this.config.holder && lease.claim === this.state.heldClaim;
    const invites = lease !== null && lease.term === tip.term && (lease.holder === null || mine);
    if (settled && invites) return mine ? 0 : deference;
    return this.fullWait(seen) + deference;
  }

  /** Returns when the rest is over, if this is what there is to claim: never, if it has to be told so. */
  private restEnds({ lease }: Seen): number {
    const { rests } = this.state;
    if (rests === null) return Number.NEGATIVE_INFINITY;
    const { until, early } = rests;
    if (early !== null && lease?.holder === null && lease.claim === early.claim) return early.from;
    return until ?? Number.POSITIVE_INFINITY;
  }

  /** Without which no member claims a lease that another may hold. */
  private fullWait({ lease, tip, settled }: Seen): number {
    const wait = Math.max(timeToLive(this.config.intervals), lease?.ttl ?? 0, tip.ttl);
    return settled ? wait : Math.max(wait, this.longestWait);
  }

  /** Returns how long a lease of this name that the store has lost may be valid, as far as this member can know (rule 11). */
  private get longestWait(): number {
    return Math.max(timeToLive(this.config.intervals), this.state.longestTtl);
  }

  // ---- claiming (rules 2 and 5) ----

  private startClaim(seen: Seen): void {
    const { state, config } = this;
    state.claims += 1;
    state.nextLookAt = null;
    state.rests = null;
    state.parting = null;
    const expected = seen.lease;
    state.claim = {
      step: 'lease',
      term: seen.tip.term + 1,
      id: `${config.holder}/${state.claims}`,
      expected,
      sentAt: this.now,
      continued: expected !== null && expected.claim === state.workedClaim,
      epoch: seen.tip.epoch,
      waited: seen.settled ? null : this.fullWait(seen),
      failures: 0,
    };
    this.effects.push({ type: 'writeLease', request: this.request(), expected, next: this.claimedLease(state.claim) });
  }

  private claimedLease(claim: Claim): Lease {
    const progress: Progress = claim.expected ?? { identifier: null, count: 0, recent: [] };
    const { configuration, process } = this.config;
    return {
      term: claim.term,
      beat: 0,
      ack: 0,
      holder: this.config.holder,
      claim: claim.id,
      ttl: timeToLive(this.config.intervals),
      identifier: progress.identifier,
      count: progress.count,
      recent: progress.recent,
      ...(configuration === undefined ? {} : { configuration }),
      ...(process === undefined ? {} : { process }),
    };
  }

  private claimAnswered(claim: Claim, answer: Answer): void {
    if (answer.type === 'failed') return this.claimFailed(claim, answer.error);
    switch (claim.step) {
      case 'lease':
      case 'prove':
        assert.ok(answer.type === 'leaseWritten');
        return answer.written ? this.insertRecord(claim) : this.claimLost();
      case 'record':
        assert.ok(answer.type === 'termInserted');
        if (!answer.inserted && answer.claim !== claim.id) return this.claimLost();
        this.state.claim = { ...claim, step: 'verify' };
        this.effects.push({ type: 'readTip', request: this.request() });
        return;
      case 'verify':
        assert.ok(answer.type === 'tip');
        return this.isConfirmed(claim, answer.tip) ? this.claimWon(claim) : this.claimLost();
    }
  }

  /** Returns whether the last record is that of this claim, and the store still the one in which this member saw what it claimed. */
  private isConfirmed(claim: Claim, tip: Tip): boolean {
    return tip.term === claim.term && (tip.claim ?? claim.id) === claim.id && tip.epoch === claim.epoch;
  }

  private insertRecord(claim: Claim): void {
    this.state.claim = { ...claim, step: 'record' };
    const ttl = timeToLive(this.config.intervals);
    this.effects.push({ type: 'insertTerm', request: this.request(), term: claim.term, claim: claim.id, ttl });
  }

  /**
   * Rule 5: an unknown outcome makes no master.
   * Writes this claim again over itself; the second time the store counts as failed. Reading the lease would not do: what
   * a server shows may never have reached the others.
   */
  private claimFailed(claim: Claim, error: Error): void {
    if (claim.step === 'lease' && error instanceof NotSentError) return this.claimNotSent();
    if (claim.failures === 0) {
      this.state.claim = { ...claim, step: 'prove', failures: 1 };
      const expected = this.claimedLease(claim);
      const next = { ...expected, beat: PROVED };
      this.effects.push({ type: 'writeLease', request: this.request(), expected, next });
      return;
    }
    this.state.claim = null;
    this.forget();
    this.storeFailed(error);
  }

  /**
   * Nothing can have happened, so what this member has waited counts on: if the next look shows the same, it claims again. That
   * look is at once, because the refusal took its time.
   */
  private claimNotSent(): void {
    this.state.claim = null;
    this.state.looksFirst = true;
    if (this.state.phase === 'init' || this.state.phase === 'error') this.enter('slave');
    this.state.nextLookAt = this.now;
  }

  /**
   * The full wait runs again, from the next look on. That look is not at once: where a lease lets this member claim
   * without a wait and yet refuses every claim, the two would follow each other as fast as the store answers.
   */
  private claimLost(): void {
    this.state.claim = null;
    this.forget();
    if (this.state.phase === 'init' || this.state.phase === 'error' || this.state.phase === 'ticking')
      this.enter('slave');
    this.state.nextLookAt = this.now + this.config.intervals.POLL;
  }

  private claimWon(claim: Claim): void {
    const { state, config } = this;
    state.claim = null;
    state.heldClaim = claim.id;
    if (claim.continued) state.workedClaim = claim.id;
    state.tip = { term: claim.term, ttl: timeToLive(config.intervals), claim: claim.id, epoch: claim.epoch };
    state.seen = null;
    if (claim.waited !== null) this.effects.push({ type: 'settle', epoch: claim.epoch, wait: claim.waited });
    const validUntil = claim.sentAt + validity(config.intervals);
    if (state.rests !== null) return this.winForOthers(claim, validUntil);
    if (this.now >= validUntil - config.grace) {
      // Too late to use, yet won: the lease still names this member, so the next look lets it claim again at once.
      state.nextLookAt = this.now;
      return;
    }
    this.enter('master');
    state.nextLookAt = null;
    const by = claim.sentAt + config.intervals.MASTER;
    const onGrid = this.onGrid(by, config.intervals.MASTER);
    const nextBeatAt = onGrid - this.lead > this.now ? onGrid : by;
    state.mastership = {
      term: claim.term,
      claim: claim.id,
      validUntil,
      // The number of the last write of the claim.
      beat: claim.failures === 0 ? 0 : PROVED,
      nextBeatAt,
      gridAt: nextBeatAt,
      lastSentAt: claim.sentAt,
      inFlight: new Map(),
      fenced: false,
      dirty: false,
      release: 'no',
      handOver: null,
    };
    const { identifier, count, recent } = this.claimedLease(claim);
    this.effects.push({ type: 'lease', term: claim.term, validUntil });
    if (state.stopping === 'no') {
      state.workedClaim = claim.id;
      const progress: Progress = { identifier, count, recent };
      this.effects.push({ type: 'elected', term: claim.term, progress, continued: claim.continued });
    }
  }

  /**
   * The rest began when the claim was under way. Dropped half done, it would have all wait for a lease that no member uses. So
   * it was brought to its end, makes no master, and is released.
   */
  private winForOthers(claim: Claim, validUntil: number): void {
    this.claimLost();
    this.state.heldClaim = null;
    this.part({ term: claim.term, claim: claim.id, beat: claim.failures === 0 ? 0 : PROVED, validUntil });
  }

  // ---- mastership (rules 3, 4, 6, 7, 9, 10) ----

  /** Asks for a beat earlier than the schedule has it, yet not before `time`. */
  private beatFrom(time: number): void {
    const { mastership } = this.state;
    const by = Math.max(this.now, time) + this.lead;
    if (mastership === null || mastership.nextBeatAt <= by) return;
    this.state.mastership = { ...mastership, nextBeatAt: by };
  }

  /** Returns the last time up to this one at which all members of the coordinator are due. */
  private onGrid(time: number, period: number): number {
    const { phase } = this.config;
    return phase === undefined ? time : lastOnGrid(time, period, phase);
  }

  private mayBeat(mastership: Mastership): boolean {
    if (mastership.release !== 'no' || mastership.inFlight.size >= BEATS_IN_FLIGHT_MAX) return false;
    // Two under way could land in the other order, so the next one waits for the answer as long as a retry would.
    return mastership.inFlight.size === 0 || this.now >= this.secondBeatFrom(mastership.lastSentAt);
  }

  private secondBeatFrom(lastSentAt: number): number {
    return lastSentAt + this.config.intervals.POLL;
  }

  /**
   * Rule 3: beat.
   * Sends the next beat. `beatAnswered` ends the mastership if it matched nothing.
   */
  private sendBeat(mastership: Mastership): void {
    const request = this.request(false);
    const beat = mastership.beat + 1;
    const { inFlight, nextBeatAt: due, gridAt, dirty } = mastership;
    const { MASTER } = this.config.intervals;
    // On the grid of the schedule, not after the last delay, or every delay would add up.
    const onGrid = this.onGrid(due + MASTER, MASTER);
    const nextBeatAt = onGrid > this.now ? onGrid : this.onGrid(this.now + MASTER, MASTER);
    this.state.mastership = {
      ...mastership,
      beat,
      dirty: false,
      lastSentAt: this.now,
      nextBeatAt,
      gridAt: nextBeatAt,
      inFlight: inFlight.size === 0 ? new Map([[request, this.now]]) : new Map(inFlight).set(request, this.now),
    };
    this.effects.push({ type: 'beat', request, term: mastership.term, beat, due, early: dirty && due < gridAt });
  }

  /**
   * Rule 6: one failed beat does not concede.
   * Tries a beat that failed again POLL after it was sent; only one that matched nothing ends the mastership.
   */
  private beatAnswered(mastership: Mastership, answer: Answer): void {
    const sentAt = mastership.inFlight.get(answer.request);
    assert.ok(sentAt !== undefined);
    const inFlight = without(mastership.inFlight, answer.request);
    // An early beat that had to wait for this answer is due from now on; one of the schedule is late nevertheless.
    const nextBeatAt = Math.min(mastership.gridAt, Math.max(mastership.nextBeatAt, this.now + this.lead));
    const answered: { -readonly [key in keyof Mastership]: Mastership[key] } = { ...mastership, inFlight, nextBeatAt };
    this.state.mastership = answered;
    if (answer.type === 'failed') {
      // One that a newer one has overtaken is no failure: the answer to that one tells how it went.
      const { error } = answer;
      if (!(error instanceof OvertakenError)) this.effects.push({ type: 'beatFailed', error });
      this.beatFrom(mastership.lastSentAt + this.config.intervals.POLL);
      return;
    }
    assert.ok(answer.type === 'beaten');
    if (!answer.matched) {
      this.state.heldClaim = null;
      this.stepDown('slave', 'the lease is gone from the store, or another member holds it');
      this.state.nextLookAt = this.now;
      return;
    }
    const validUntil = Math.max(mastership.validUntil, sentAt + validity(this.config.intervals));
    const unfenced = mastership.fenced && this.now < validUntil - this.config.grace;
    answered.validUntil = validUntil;
    answered.fenced = mastership.fenced && !unfenced;
    if (mastership.release === 'no') this.effects.push({ type: 'lease', term: mastership.term, validUntil });
    const works = this.state.stopping === 'no' && mastership.handOver === null;
    if (unfenced && works) this.effects.push({ type: 'resume', after: 'fence' });
  }

  /**
   * Rule 9: release.
   * Gives the lease away. Its validity is not counted on from here on, and `releaseAnswered` tries a release that failed again.
   */
  private sendRelease(mastership: Mastership): void {
    const request = this.request(false);
    const beat = mastership.beat + 1;
    if (mastership.release === 'no' || mastership.release === 'due') this.effects.push({ type: 'noLease' });
    this.state.mastership = { ...mastership, beat, release: request, lastSentAt: this.now };
    const { term, claim } = mastership;
    this.effects.push({ type: 'release', request, term, beat, ...(this.state.dying ? { died: claim } : {}) });
  }

  private releaseAnswered(mastership: Mastership, answer: Answer): void {
    if (answer.type === 'failed') {
      this.effects.push({ type: 'beatFailed', error: answer.error });
      this.state.mastership = { ...mastership, release: 'due', nextBeatAt: this.now + this.config.intervals.POLL };
      return;
    }
    this.state.mastership = null;
    this.state.heldClaim = null;
    this.stop();
  }

  private stopDrains(): void {
    const { mastership, phase, stopping } = this.state;
    if (phase === 'stopped' || stopping !== 'no') return;
    // The drain of the stop takes the place of that of a hand-over. What has drained is on its way out.
    if (mastership?.handOver?.drained === false) this.state.mastership = { ...mastership, handOver: null };
    this.state.stopping = 'draining';
    this.effects.push({ type: 'drain', for: 'stop' });
  }

  private drained(drain: number | undefined): void {
    if (drain === undefined) {
      assert.notEqual(this.state.stopping, 'no', 'only who is stopping drains');
      this.state.stopping = 'drained';
      return;
    }
    const { mastership } = this.state;
    // An answer to a drain whose mastership, or hand-over, is over says nothing of the work of now.
    if (mastership?.handOver?.drain !== drain) return;
    this.state.mastership = { ...mastership, handOver: { drain, drained: true } };
  }

  private abandon(): void {
    assert.notEqual(this.state.stopping, 'no', 'only who is stopping may abandon');
    if (this.state.mastership !== null) this.stepDown('error', 'work would not stop, so the lease is left to run out');
    this.state.claim = null;
    this.state.stopping = 'drained';
  }

  // ---- hand-over and rest ----

  /** Begins a drain, if the mastership is still the one that is meant. Beats go on. */
  private handOver(term: number): void {
    const { mastership, stopping } = this.state;
    if (mastership?.term !== term || mastership.handOver !== null || stopping !== 'no') return;
    this.state.drains += 1;
    const drain = this.state.drains;
    this.state.mastership = { ...mastership, handOver: { drain, drained: false } };
    this.effects.push({ type: 'drain', for: 'handOver', term, drain });
  }

  private handOverCancelled(term: number): void {
    const { mastership } = this.state;
    if (mastership?.term !== term || mastership.handOver?.drained !== false) return;
    this.state.mastership = { ...mastership, handOver: null };
    // A fence ends only when the lease is saved.
    if (!mastership.fenced) this.effects.push({ type: 'resume', after: 'handOver' });
  }

  /**
   * Ends the mastership before the release goes out, so its answer, whatever it is, decides nothing: this member is slave, and
   * rests. A beat that landed after the release would take it back, so none is under way.
   */
  private giveAway(mastership: Mastership): void {
    const { state, now } = this;
    const { term, claim } = mastership;
    const ttl = timeToLive(this.config.intervals);
    state.mastership = null;
    state.heldClaim = null;
    this.forget();
    this.effects.push({ type: 'noLease' });
    this.enter('slave');
    this.effects.push({ type: 'handedOver', term });
    if (state.rests?.until !== null) state.rests = { until: now + 2 * ttl, early: { from: now + ttl, claim } };
    state.nextLookAt = now + this.config.intervals.POLL;
    this.part(mastership);
  }

  /** Releases a lease that this member does not count on. Rule 9 */
  private part({ term, claim, beat, validUntil }: Pick<Mastership, 'term' | 'claim' | 'beat' | 'validUntil'>): void {
    if (this.now >= validUntil) return;
    this.sendParting({ term, claim, beat, until: validUntil, request: null, retryAt: this.now });
  }

  private sendParting(parting: Parting): void {
    const { term, claim } = parting;
    const request = this.request(false);
    const beat = parting.beat + 1;
    this.state.parting = { ...parting, beat, request };
    this.effects.push({ type: 'release', request, term, beat, ...(this.state.dying ? { died: claim } : {}) });
  }

  private partingAnswered(parting: Parting, answer: Answer): void {
    if (answer.type !== 'failed') {
      this.state.parting = null;
      return;
    }
    this.effects.push({ type: 'beatFailed', error: answer.error });
    this.state.parting = { ...parting, request: null, retryAt: this.now + this.config.intervals.POLL };
  }

  private rest(until: number | null): void {
    const { rests } = this.state;
    if (until === null) this.state.rests = { until: null, early: null };
    else if (rests === null) this.state.rests = until > this.now ? { until, early: null } : null;
    else if (rests.until !== null) this.state.rests = { ...rests, until: Math.max(until, rests.until) };
  }

  /** What makes it rest no more may have come with a look whose answer is about to be taken in, so the look goes first. */
  private rested(): void {
    const { state } = this;
    if (state.rests !== null && state.claim === null && state.mastership === null) state.looksFirst = true;
    state.rests = null;
    this.lookAtOnce();
  }

  private stepDown(to: 'slave' | 'error', reason: string): void {
    this.state.mastership = null;
    this.forget();
    this.effects.push({ type: 'noLease' });
    this.enter(to);
    this.effects.push({ type: 'deposed', reason, code: 'ERR_LEASE_LOST' });
  }

  /**
   * Rule 10: a lease proves that work is alive.
   * Gives a mastership up. The lease is not released while work may run: until it has expired no other member works, and the work has that
   * long to see that it must end. So it is told first, while the lease can still be read. Whatever beat or claim is under
   * way has no receiver for its answer; a beat that lands only makes the others wait longer. If nothing runs, a
   * release is tried once; should it fail, the lease runs out as well.
   */
  private resign({ reason, code, nothingRuns }: Deposition & { readonly nothingRuns: boolean }): void {
    this.state.unfit = true;
    if (this.state.claim !== null) return this.claimLost();
    // Who is stopping drains, and leaves the lease to run out if that fails, too. Who has drained is about to release it.
    const { mastership } = this.state;
    if (mastership === null || this.state.stopping !== 'no' || mastership.handOver?.drained) return;
    this.state.mastership = null;
    this.forget();
    this.effects.push({ type: 'deposed', reason, code }, { type: 'noLease' });
    this.enter('slave');
    if (nothingRuns) {
      const { term, beat } = mastership;
      this.effects.push({ type: 'release', request: this.request(false), term, beat: beat + 1 });
    }
    this.state.nextLookAt = this.now;
  }

  // ---- what every step does last: whatever is due now ----

  proceed(): void {
    const { state } = this;
    if (state.phase === 'stopped') return;
    if (state.mastership !== null) return this.proceedAsMaster(state.mastership);
    const { parting } = state;
    if (parting !== null && parting.request === null && this.now >= parting.retryAt) this.sendParting(parting);
    if (state.stopping === 'drained' && state.claim === null && parting === null) return this.stop();
    if (state.seen !== null && state.claim === null) {
      if (this.mayClaim()) return this.startClaim(state.seen);
    }
    const due = state.nextLookAt !== null && this.now >= state.nextLookAt;
    if (due && state.claim === null && state.pending === null && state.stopping === 'no') this.look();
  }

  /**
   * Rule 7: hard stop.
   * Fences the work in time before the validity ends, and does what else of a mastership is due: a beat, or the release.
   */
  private proceedAsMaster(mastership: Mastership): void {
    if (!mastership.fenced && this.now >= mastership.validUntil - this.config.grace) {
      this.state.mastership = { ...mastership, fenced: true };
      this.effects.push({ type: 'fence', reason: 'the lease is about to end' });
    }
    const current = this.state.mastership;
    if (current === null) return;
    if (current.handOver?.drained) {
      if (current.inFlight.size === 0) this.giveAway(current);
      return;
    }
    if (this.state.stopping === 'drained') {
      const retryDue = current.release === 'due' && this.now >= current.nextBeatAt;
      if (current.inFlight.size === 0 && (current.release === 'no' || retryDue)) this.sendRelease(current);
      return;
    }
    if (this.now >= current.nextBeatAt - this.lead && this.mayBeat(current)) this.sendBeat(current);
  }

  /** Makes nothing that is to be collected: a thousand electors take each step at once. */
  private nextWake(): number | null {
    const { parting, mastership } = this.state;
    const ofRole = mastership === null ? this.standbyWakes() : this.masterWakes(mastership);
    const wakeAt = parting === null ? ofRole : Math.min(ofRole, partingWakes(parting));
    return wakeAt === Number.POSITIVE_INFINITY ? null : wakeAt;
  }

  private masterWakes(mastership: Mastership): number {
    const { validUntil, fenced, nextBeatAt, inFlight, lastSentAt, release, handOver } = mastership;
    const ends = fenced ? validUntil : Math.min(validUntil, validUntil - this.config.grace);
    if (release === 'due') return Math.min(ends, nextBeatAt);
    const beats = this.state.stopping !== 'drained' && handOver?.drained !== true;
    if (release !== 'no' || inFlight.size >= BEATS_IN_FLIGHT_MAX || !beats) return ends;
    const from = nextBeatAt - this.lead;
    return Math.min(ends, inFlight.size === 0 ? from : Math.max(from, this.secondBeatFrom(lastSentAt)));
  }

  private standbyWakes(): number {
    const { claim, stopping, nextLookAt, pending, seen, unfit, looksFirst, phase } = this.state;
    if (claim !== null || stopping !== 'no') return Number.POSITIVE_INFINITY;
    const lookAt = nextLookAt !== null && pending === null ? nextLookAt : Number.POSITIVE_INFINITY;
    const mayClaim = !unfit && !looksFirst && (phase === 'slave' || phase === 'ticking');
    return seen !== null && mayClaim ? Math.min(lookAt, this.claimAt(seen)) : lookAt;
  }

  // ---- small parts ----

  private enter(to: Phase): void {
    const from = this.state.phase;
    assert.ok(transitions[from].includes(to), `no way from ${from} to ${to}`);
    this.state.phase = to;
    this.effects.push({ type: 'phase', from, to });
  }

  private stop(): void {
    this.enter('stopped');
    // An answer that is still to come is ignored.
    this.forget();
    this.state.nextLookAt = null;
    this.effects.push({ type: 'stopped' });
  }

  /** Returns the next request's number; a look or claim step also becomes the one that is waited for. */
  private request(pending = true): number {
    this.state.requests += 1;
    if (pending) this.state.pending = this.state.requests;
    return this.state.requests;
  }

  /** Forgets the store, which may have changed: everything is read again, and every wait starts again. */
  private forget(): void {
    this.state.seen = null;
    this.state.tip = null;
    this.state.looked = null;
    this.state.pending = null;
    this.state.failedLooks = 0;
  }
}

const noneInFlight: Mastership['inFlight'] = new Map();

function without(inFlight: Mastership['inFlight'], request: number): Mastership['inFlight'] {
  if (inFlight.size === 1) return noneInFlight;
  const others = new Map(inFlight);
  others.delete(request);
  return others;
}

function partingWakes({ request, retryAt, until }: Parting): number {
  return request === null ? Math.min(retryAt, until) : until;
}

function sameVersion(a: Lease | null, b: Lease | null): boolean {
  if (a === null || b === null) return a === b;
  const same = a.term === b.term && a.claim === b.claim && a.beat === b.beat && a.ack === b.ack;
  return same && (a.holder === null) === (b.holder === null);
}
