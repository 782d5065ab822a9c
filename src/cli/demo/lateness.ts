/**
 * How late this machine lets timers be. A bound on a failover can only count the time that the protocol takes; what a
 * machine with too much to do adds to it is measured here, in a main thread that has nothing else to do.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;
/** The lateness is that of the last one to two of these, in ms. */
const LATENESS_WINDOW_MS = 1500;

export class TimerLateness {
  private readonly delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private before = 0;

  constructor() {
    this.delay.enable();
    setInterval(() => {
      this.before = this.current();
      this.delay.reset();
    }, LATENESS_WINDOW_MS).unref();
  }

  /** Returns the most of late, in ms. */
  get most(): number {
    return Math.max(this.before, this.current());
  }

  private current(): number {
    return this.delay.count === 0 ? 0 : Math.max(0, this.delay.max / 1e6 - RESOLUTION_MS);
  }
}
