/**
 * How long to wait before what has died is started again, in ms: 100, 200, 400, 800, 1600, 3200, then 5000; and 100 again
 * after a life of 10 s.
 */
const DELAY_MIN_MS = 100;
const DELAY_MAX_MS = 5000;
const LONG_LIFE_MS = 10_000;

export class RestartDelay {
  private delay = DELAY_MIN_MS;

  /** Takes how long it lived, in ms. */
  lived(ms: number): void {
    if (ms >= LONG_LIFE_MS) this.delay = DELAY_MIN_MS;
  }

  /** Returns the present delay, and doubles the next one. */
  next(): number {
    const { delay } = this;
    this.delay = Math.min(DELAY_MAX_MS, 2 * delay);
    return delay;
  }
}
