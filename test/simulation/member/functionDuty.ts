/**
 * The duty of a member without a queue: the real one of an unmanaged cluster, but its work is a function that nothing can
 * end, which takes its time to stop, or does not stop at all.
 */
import type { Duty, DutyLoad, Election } from '../../../src/coordinator/duties/duty.ts';
import { UnmanagedDuty } from '../../../src/coordinator/duties/unmanagedDuty.ts';
import type { Lease, Progress } from '../../../src/store/store.ts';

/** How long work takes to stop, at most, in ms. */
const DRAIN_MAX_MS = 3000;
const SETTLE_MAX_MS = 1500;

interface FunctionParts {
  readonly random: () => number;
  progressed(): void;
  /** Calls back so many ms later, and not while the process is held up. */
  later(ms: number, run: () => void): void;
}

export class FunctionDuty implements Duty {
  private readonly real: UnmanagedDuty;
  private steps = 0;

  constructor(private readonly parts: FunctionParts) {
    this.real = new UnmanagedDuty(null, () => parts.progressed());
  }

  /** Lets the work progress, if this member is master. */
  advance(): void {
    this.steps += 1;
    this.real.synchronize(this.steps);
  }

  drain(): Promise<'drained' | 'stuck'> {
    const { random, later } = this.parts;
    // Often at once, so the end meets claims and beats under way.
    const takes = random() < 0.5 ? 0 : random() * DRAIN_MAX_MS;
    return new Promise((resolve) => {
      later(takes, () => resolve(random() < 0.8 ? 'drained' : 'stuck'));
    });
  }

  progress(): Progress {
    return this.real.progress();
  }
  elected(election: Election): void {
    this.real.elected(election);
  }
  fence(): void {
    this.real.fence();
  }
  resume(): void {
    this.real.resume();
  }
  deposed(reason: string, left: number): void {
    this.real.deposed(reason, left);
  }
  seen(lease: Lease): void {
    this.real.seen(lease);
  }
  seenNothing(): void {
    this.real.seenNothing();
  }
  seenOtherKind(): void {
    this.real.seenOtherKind();
  }
  hold(): void {
    this.real.hold();
  }
  unhold(): void {
    this.real.unhold();
  }
  settled(): Promise<void> {
    const { random, later } = this.parts;
    // Sometimes longer than a hand-over waits for it.
    const takes = random() < 0.5 ? 0 : random() * SETTLE_MAX_MS;
    return new Promise((resolve) => later(takes, () => resolve(this.real.settled())));
  }
  load(): Promise<DutyLoad> {
    return this.real.load();
  }
}
