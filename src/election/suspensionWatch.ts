/**
 * Notices that the machine slept or that its time was set (rule 8). The monotonic clock stops while a machine
 * sleeps, the others' leases do not: what the boot clock or the wall clock ran ahead has to come off the validity.
 * Rule 8: docs/explain/protocol.md#rule-8-suspension
 */
import type { Clock } from '../time/clock.js';

/** Differences below this are the clocks' own granularity (the boot clock counts in 10 ms), in ms. */
const NOISE_MS = 50;

export class SuspensionWatch {
  private base: { now: number; boot: number; wall: number };

  constructor(private readonly clock: Clock) {
    this.base = this.read();
  }

  /** Returns how many ms another clock ran ahead since this was last not zero; 0 while they agree. */
  ahead(): number {
    const { now, boot, wall } = this.read();
    const passed = now - this.base.now;
    const fromBoot = boot - this.base.boot - passed;
    const fromWall = wall - this.base.wall - passed;
    // Each is judged for itself, against its own start: a wall clock set back must not hide a suspension after it.
    const ahead = Math.max(fromBoot, fromWall);
    if (fromWall < -NOISE_MS) this.base = { ...this.base, wall: wall - passed };
    if (ahead < NOISE_MS) return 0;
    this.base = { now, boot, wall };
    return ahead;
  }

  private read(): { now: number; boot: number; wall: number } {
    return { now: this.clock.now(), boot: this.clock.sinceBoot(), wall: this.clock.wall() };
  }
}
