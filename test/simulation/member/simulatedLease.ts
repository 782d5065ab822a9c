/**
 * The lease as the threads of a simulated process see it. The real one reads the clocks of the machine that the test
 * runs on; this one the clocks of the simulated machine, in the same way: whichever says that it is over counts.
 */

import type { Clock } from '../../../src/time/clock.ts';
import { SharedLease } from '../../../src/wire/sharedLease.ts';

/** As in the real one: in which the two clocks may tick apart. */
const WALL_NOISE = 20;
/** The real part of it is not used, so all share one. */
const unused = new SharedLease().buffer;

export class SimulatedLease extends SharedLease {
  private held: { readonly until: number; readonly wall: number } | null = null;
  private lastTerm = 0;
  private isAborted = false;
  /** The end of the validity that was last told, held or not, by the monotonic clock. */
  lastUntil = 0;
  /** The same by the boot clock, which tells it truly also when the machine has slept and nobody knows yet. */
  endsByBoot = 0;
  /** Whether the last lease was dropped before it had ended. */
  droppedEarly = false;

  constructor(private readonly clock: Clock) {
    super(unused);
  }

  override hold(term: number, validUntil: number): void {
    this.lastTerm = term;
    this.lastUntil = validUntil;
    this.endsByBoot = this.clock.sinceBoot() + validUntil - this.clock.now();
    this.held = { until: validUntil, wall: this.clock.wall() + validUntil - this.clock.now() + WALL_NOISE };
  }

  override drop(): void {
    this.droppedEarly = this.held !== null && this.clock.now() < this.held.until;
    this.held = null;
  }

  /** Whether it was told and not dropped, valid or not. */
  get isHeld(): boolean {
    return this.held !== null;
  }

  /** Whether it is valid by the one clock that the election goes by. */
  get isValid(): boolean {
    return this.held !== null && this.clock.now() < this.held.until;
  }

  override get term(): number {
    return this.lastTerm;
  }

  override remaining(): number {
    if (this.held === null) return 0;
    return Math.max(0, Math.min(this.held.until - this.clock.now(), this.held.wall - this.clock.wall()));
  }

  override get aborted(): boolean {
    return this.isAborted;
  }

  override set aborted(value: boolean) {
    this.isAborted = value;
  }
}
