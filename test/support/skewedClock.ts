/** True time, which only a simulated world knows, and the clocks of its members, which are wrong in the ways of real ones. */
import type { Cancel, Clock } from '../../src/time/clock.ts';

interface Scheduled {
  readonly time: number;
  run: (() => void) | null;
}

/** True time. Calls of equal times run in the order in which they were made. */
export class Timeline {
  private time = 0;
  private readonly scheduled: Scheduled[] = [];

  now(): number {
    return this.time;
  }

  at(time: number, run: () => void): Cancel {
    const entry: Scheduled = { time: Math.max(time, this.time), run };
    let index = this.scheduled.length;
    // The latest is first, so the next is popped from the end.
    while (index > 0 && (this.scheduled[index - 1]?.time ?? 0) <= entry.time) index -= 1;
    this.scheduled.splice(index, 0, entry);
    return () => {
      entry.run = null;
    };
  }

  /** The next call, or null when there is none up to `end`. */
  next(end: number): (() => void) | null {
    for (;;) {
      const last = this.scheduled.at(-1);
      if (last === undefined || last.time > end) return null;
      this.scheduled.pop();
      this.time = last.time;
      if (last.run !== null) return last.run;
    }
  }
}

/** What reaches a member, now or when it is no longer held up. Returns false when it did not reach it after all. */
export type Held = () => unknown;

/** A clock at its own rate from its own zero, which stops while its machine sleeps. */
export class SkewedClock implements Clock {
  private slept = 0;
  private asleepSince: number | null = null;
  private wallShift = 0;
  private latest = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly timeline: Timeline,
    private readonly hold: (run: Held) => void,
    private readonly rate: number,
    private readonly offset: number,
  ) {}

  now(): number {
    const awake = (this.asleepSince ?? this.timeline.now()) - this.slept;
    return Math.max(this.latest, this.offset + this.rate * awake);
  }

  sinceBoot(): number {
    return this.rate * this.timeline.now();
  }

  wall(): number {
    return this.sinceBoot() + this.wallShift;
  }

  at(time: number, callback: () => void): Cancel {
    let cancelled = false;
    const arm = (): Cancel =>
      this.timeline.at((time - this.offset) / this.rate + this.slept, () =>
        this.hold(() => {
          if (cancelled) return false;
          // It slept until then. Less than that is rounding, and a timer that is due has been reached.
          if (this.now() < time - 1e-3) {
            cancel = arm();
            return false;
          }
          this.latest = Math.max(this.latest, time);
          return callback();
        }),
      );
    let cancel = arm();
    return () => {
      cancelled = true;
      cancel();
    };
  }

  sleep(): void {
    this.asleepSince = this.timeline.now();
  }

  wake(): void {
    if (this.asleepSince !== null) this.slept += this.timeline.now() - this.asleepSince;
    this.asleepSince = null;
  }

  shiftWall(ms: number): void {
    this.wallShift += ms;
  }
}
