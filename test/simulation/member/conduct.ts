/**
 * What one member may do by the rules of the election, whatever its work is: it stands between the member and its duty,
 * hears of every call to the store, and shares nothing with the code that it watches but the names of events.
 *
 *   fencing    work goes on only from `elected` to `grace` before the end of the lease (rule 7);
 *   fitness    a member that resigned claims nothing, and beats no more, until it is fit (rule 10);
 *   lingering  work that hung when its member resigned, or that would not stop, may run until the end of the lease that
 *              was left: no other member may be master before (rules 9 and 10);
 *   looking    a claim is of the version that the last look showed (rules 1 and 2);
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

/** What claims, beats or gives away; `release` is looked at apart. */
const masterly: ReadonlySet<CallName> = new Set<CallName>(['compareAndSetLease', 'insertTerm', 'beat', 'settle']);

interface ConductParts {
  readonly id: string;
  readonly clock: Clock;
  readonly lease: SimulatedLease;
  readonly grace: number;
  /** When the elector gives up a request by itself, in ms. */
  readonly requestTimeout: number;
  /** `resigned`: it gave the mastership up. */
  deposed(resigned: boolean): void;
}

export class Conduct {
  working = false;
  private fenced = false;
  private unfit = false;
  /** It resigns at this moment, and nothing of its work runs. */
  private yielding = false;
  private draining = false;
  private ended = false;
  /** Work that its member does not wait for may run until then, by the boot clock. */
  private lingersUntil: number | null = null;
  private looks = 0;
  /** When the elector gives up the newest look, by its own clock. */
  private lookUntil = 0;
  /** What the newest look that was answered has shown; undefined if the tip has to be read before that counts. */
  private shown: { readonly lease: Lease | null | undefined; readonly look: number } = { lease: undefined, look: 0 };

  constructor(private readonly parts: ConductParts) {}

  /** Whether work that was left behind may still run, inside the lease that it was left. */
  get lingers(): boolean {
    return this.lingersUntil !== null && this.parts.clock.sinceBoot() < this.lingersUntil;
  }

  watch(duty: Duty): Duty {
    return {
      progress: () => duty.progress(),
      elected: (election) => {
        const { id } = this.parts;
        assert.ok(!this.working && !this.ended, `${id} is elected twice, or after its end`);
        assert.ok(!this.unfit && this.lingersUntil === null, `${id} is elected beside work of its own that hangs`);
        this.working = true;
        this.fenced = false;
        duty.elected(election);
      },
      fence: (reason) => {
        this.working = false;
        this.fenced = true;
        duty.fence(reason);
      },
      resume: () => {
        assert.ok(this.fenced, `${this.parts.id} resumes without a fence`);
        this.working = true;
        this.fenced = false;
        duty.resume();
      },
      deposed: (reason, left) => {
        // Only a member that resigned is told while the lease still lasts.
        const { lease } = this.parts;
        this.parts.deposed(lease.isHeld);
        if (lease.isHeld) this.lingersUntil = lease.endsByBoot;
        this.working = false;
        duty.deposed(reason, left);
      },
      drain: () => this.drain(duty),
      seen: (lease) => duty.seen(lease),
      seenNothing: () => duty.seenNothing(),
      seenOtherKind: () => duty.seenOtherKind(),
      load: () => duty.load(),
    };
  }

  private async drain(duty: Duty): Promise<'drained' | 'stuck'> {
    this.draining = true;
    const how = await duty.drain();
    this.working = false;
    if (how === 'drained') this.lingersUntil = null;
    // It would not stop, and has what is left of the lease, which must expire.
    else if (this.parts.lease.isHeld) this.lingersUntil = this.parts.lease.endsByBoot;
    return how;
  }

  /** `resign` does it. `nothingRuns`: so the lease may be released. */
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

  /** It has stopped: its work may linger. */
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
    if (!this.unfit || this.draining) return;
    const isAllowed = call === 'release' ? this.yielding : !masterly.has(call);
    assert.ok(isAllowed, `${this.parts.id} asks ${call} though it resigned`);
  }

  /** A claim; one that is written again over itself is no new one. */
  claims(expected: Lease | null, next: Lease): void {
    const { lease } = this.shown;
    if (expected?.claim === next.claim || lease === undefined) return;
    assert.ok(sameVersion(expected, lease), `${this.parts.id} claims what it did not see last`);
  }

  /** Returns what is to be called with the answer to the look that was just asked; `epoch` is that of the last tip. */
  looking(tip: number, epoch: () => string): (observation: Observation) => void {
    const look = this.looks;
    return ({ lease, newer, epoch: observed }) => {
      const isWhole = !newer && (lease?.term ?? 0) <= tip && observed === epoch();
      // Held up together with its answer, the elector's own time limit may come first: then it never takes the answer.
      const isTaken = isWhole && this.parts.clock.now() < this.lookUntil;
      if (look > this.shown.look) this.shown = { lease: isTaken ? lease : undefined, look };
    };
  }

  /** Not while the process is held up. */
  check(): void {
    if (!this.working) return;
    const { id, clock, lease, grace } = this.parts;
    assert.ok(lease.isHeld && clock.now() < lease.lastUntil - grace, `${id} works unfenced`);
  }
}
