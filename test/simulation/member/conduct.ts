/**
 * Checks what one member does by the rules of the election, whatever its work is. It is put between the member and its
 * duty, hears of every call to the store, and shares nothing with the code that it watches but the names of events.
 *
 *   fencing    work goes on only from `elected` to `grace` before the end of the lease (rule 7);
 *   fitness    a member that resigned claims nothing, and beats no more, until it is fit (rule 10);
 *   lingering  work that hung when its member resigned, or that would not stop, may run until that lease ends: no other
 *              member may be master before (rules 9 and 10);
 *   looking    a claim is of the version that the last look showed (rules 1 and 2);
 *   resting    a member that handed over claims nothing for one time to live, nor for two of them a lease that is held, unless
 *              another member has won since;
 *   patience   only the end of the lease makes a master give up with an error, not the first failure (rule 6).
 */
import assert from 'node:assert/strict';
import type { Duty } from '../../../src/coordinator/duties/duty.ts';
import type { Phase } from '../../../src/election/transitions.ts';
import type { Lease, Observation } from '../../../src/store/store.ts';
import type { Clock } from '../../../src/time/clock.ts';
import { sameVersion } from '../../support/memoryStore.ts';
import type { CallName } from './connection.ts';
import type { SimulatedLease } from './simulatedLease.ts';

/** The calls of a member that claims or is master; `release` has a rule of its own. */
const masterly: ReadonlySet<CallName> = new Set<CallName>(['compareAndSetLease', 'insertTerm', 'beat', 'settle']);

interface ConductParts {
  readonly id: string;
  readonly clock: Clock;
  readonly lease: SimulatedLease;
  readonly grace: number;
  /** SLAVE + TICKING. */
  readonly ttl: number;
  /** Whether members rest after hand-overs alone, are never told that they have rested, and terms only rise. */
  readonly restsByItself: boolean;
  /** When the elector gives up a request by itself, in ms. */
  readonly requestTimeout: number;
  /** Returns whether its clocks have jumped, and it may not have noticed. */
  isUnaware(): boolean;
  /** Ends the run with this. Thrown at a call to the store, it would look like a call that failed. */
  broke(error: Error): void;
  /** Called at the end of a mastership; `resigned`: it was given up. */
  deposed(resigned: boolean): void;
}

interface Shown {
  readonly lease: Lease | null | undefined;
  readonly look: number;
}

export class Conduct {
  working = false;
  private fenced = false;
  private unfit = false;
  /** It resigns at this moment, and nothing of its work runs. */
  private yielding = false;
  private draining = false;
  private stopping = false;
  private elections = 0;
  private held = false;
  /** Its work has drained, and the mastership is over: a release follows, and may be sent again. */
  private parting = false;
  /** It has not been sent. */
  private leaves = false;
  private isRecalled = false;
  /** Of its last mastership. */
  private term = 0;
  /** When it last handed over, by its own clock; null: never, or it may claim again since. */
  private handedOverAt: number | null = null;
  private ended = false;
  /** Until when work may run that its member does not wait for, by the boot clock. */
  private lingersUntil: number | null = null;
  private looks = 0;
  /** When the elector gives up the newest look, by its own clock. */
  private lookUntil = 0;
  /** What the newest look that was answered has shown; undefined if the tip has to be read before that counts. */
  private shown: Shown = { lease: undefined, look: 0 };
  /** The same of the look before. */
  private shownBefore: Shown = this.shown;

  constructor(private readonly parts: ConductParts) {}

  /** Returns whether work that was left behind may still run, inside the lease that it was left. */
  get lingers(): boolean {
    return this.lingersUntil !== null && this.parts.clock.sinceBoot() < this.lingersUntil;
  }

  /** Returns whether it has handed over, and claimed nothing since. */
  get hasHandedOver(): boolean {
    return this.handedOverAt !== null;
  }

  watch(duty: Duty): Duty {
    return {
      progress: () => duty.progress(),
      hold: () => {
        this.held = true;
        duty.hold();
      },
      unhold: () => {
        this.held = false;
        duty.unhold();
      },
      settled: () => duty.settled(),
      elected: (election) => {
        const { id } = this.parts;
        assert.ok(!this.working && !this.ended, `${id} is elected twice, or after its end`);
        assert.ok(!this.unfit && this.lingersUntil === null, `${id} is elected beside work of its own that hangs`);
        this.elections += 1;
        this.term = election.term;
        this.working = true;
        this.fenced = false;
        this.draining = false;
        this.parting = false;
        duty.elected(election);
      },
      fence: (reason) => {
        this.working = false;
        this.fenced = true;
        duty.fence(reason);
      },
      resume: () => {
        assert.ok(this.fenced || this.held, `${this.parts.id} resumes without a fence, or a hand-over`);
        this.working = true;
        this.fenced = false;
        duty.resume();
      },
      deposed: (reason, left) => {
        // Only a member that resigned is told while the lease still lasts.
        const { lease } = this.parts;
        this.parts.deposed(lease.isHeld);
        if (lease.isHeld) this.lingersUntil = lease.endsByBoot;
        this.parting = this.draining && !this.working;
        this.leaves = this.parting;
        this.draining &&= this.stopping;
        this.working = false;
        duty.deposed(reason, left);
      },
      drain: () => this.drain(duty),
      seen: (lease) => duty.seen(lease),
      seenNothing: () => duty.seenNothing(),
      changesAsked: () => duty.changesAsked?.(),
      seenOtherKind: () => duty.seenOtherKind(),
      load: () => duty.load(),
    };
  }

  private async drain(duty: Duty): Promise<'drained' | 'stuck'> {
    this.draining = true;
    const { elections } = this;
    const how = await duty.drain();
    // Of a hand-over whose mastership was lost: this one is another.
    if (elections !== this.elections) return how;
    this.working = false;
    if (how === 'drained') this.lingersUntil = null;
    // It would not stop, and has what is left of the lease, which must expire.
    else if (this.parts.lease.isHeld) this.lingersUntil = this.parts.lease.endsByBoot;
    return how;
  }

  /** Lets it resign. `nothingRuns`: nothing of its work runs, so it may release the lease. */
  resign(nothingRuns: boolean, resign: () => boolean): boolean {
    const lingered = this.lingersUntil;
    this.yielding = nothingRuns;
    const gaveUp = resign();
    this.yielding = false;
    // What an earlier one left behind goes on.
    if (nothingRuns) this.lingersUntil = lingered;
    // Not before: a jump of the clock that shows just now is handled first, and may begin a claim, which is then dropped.
    this.unfit = true;
    return gaveUp;
  }

  fit(): void {
    this.lingersUntil = null;
    this.unfit = false;
  }

  /** Notes that it is told to stop. */
  stops(): void {
    this.stopping = true;
  }

  /** Notes that it has stopped; its work may run on. */
  end(): void {
    this.ended = true;
    this.working = false;
  }

  kill(): void {
    this.end();
    this.lingersUntil = null;
  }

  changes(from: Phase, to: Phase): void {
    if (from !== 'master' || to !== 'error') return;
    assert.ok(this.draining || !this.parts.lease.droppedEarly, `${this.parts.id} gives up before its lease ends`);
  }

  // ---- what it asks the store ----

  asks(call: CallName): void {
    if (call === 'observe') {
      this.looks += 1;
      this.lookUntil = this.parts.clock.now() + this.parts.requestTimeout;
    }
    if (call === 'release') {
      if (this.leaves) this.handedOverAt = this.parts.clock.now();
      this.leaves = false;
    }
    if (!this.unfit || this.draining) return;
    const isAllowed = call === 'release' ? this.yielding || this.parting : !masterly.has(call);
    if (!isAllowed) this.broke(`asks ${call} though it resigned`);
  }

  /** Checks a claim, unless it is written again over itself. */
  claims(expected: Lease | null, next: Lease): void {
    if (expected?.claim === next.claim) return;
    this.restsUntil(expected, next);
    if (isOf(this.shown, expected)) return;
    // A jump of the clock that shows with an answer is handled before that, and may begin a claim.
    if (this.parts.isUnaware() && isOf(this.shownBefore, expected)) return;
    this.broke('claims what it did not see last');
  }

  private restsUntil(expected: Lease | null, next: Lease): void {
    const { clock, ttl, restsByItself } = this.parts;
    const rest = expected !== null && expected.holder === null ? ttl : 2 * ttl;
    // What is added up in another order may differ by a little.
    const isOver = this.handedOverAt === null || clock.now() > this.handedOverAt + rest - 0.001;
    this.handedOverAt = null;
    // Another member has won in between.
    if (next.term > this.term + 1) return;
    if (!isOver && restsByItself && !this.isRecalled) this.broke('claims though it rests after a hand-over');
  }

  /** Notes that it was named as the next master: a rest is over whenever it reads that. */
  recalled(): void {
    this.isRecalled = true;
  }

  private broke(what: string): void {
    this.parts.broke(new Error(`${this.parts.id} ${what}`));
  }

  /** Returns what is to be called with the answer to the look that was just asked; `epoch` is that of the last tip. */
  looking(tip: number, epoch: () => string): (observation: Observation) => void {
    const look = this.looks;
    return ({ lease, newer, epoch: observed }) => {
      const isWhole = !newer && (lease?.term ?? 0) <= tip && observed === epoch();
      // Held up together with its answer, the elector's own time limit may come first: then it never takes the answer.
      const isTaken = isWhole && this.parts.clock.now() < this.lookUntil;
      if (look <= this.shown.look) return;
      this.shownBefore = this.shown;
      this.shown = { lease: isTaken ? lease : undefined, look };
    };
  }

  /** Checks that work is fenced in time. Not called while the process is held up. */
  check(): void {
    if (!this.working) return;
    const { id, clock, lease, grace } = this.parts;
    if (!lease.isHeld || clock.now() >= lease.lastUntil - grace) assert.fail(`${id} works unfenced`);
  }
}

/** Returns whether a claim may go by that look; undefined lets every claim pass. */
function isOf({ lease }: Shown, expected: Lease | null): boolean {
  return lease === undefined || sameVersion(expected, lease);
}
