/** Whether and when a command that has ended is started again, under the same lease. */

export type RestartMode = 'never' | 'on-failure' | 'always';

/** The delays are 1, 2, 4, 8, 16, 30, 30 … s; after a life of a minute they begin again. */
const DELAY_MIN_MS = 1000;
const DELAY_MAX_MS = 30_000;
const HEALTHY_MS = 60_000;

export class Restarts {
  private count = 0;
  private delay = DELAY_MIN_MS;

  constructor(
    private readonly mode: RestartMode,
    /** How often at most; then the lease is released, and another host may try. */
    private readonly max: number,
  ) {}

  /** Takes the end of a command that lived for `lived` ms. Returns the delay before the next start, in ms; null: there is none. */
  next(code: number, lived: number): number | null {
    if (this.mode === 'never' || (this.mode === 'on-failure' && code === 0)) return null;
    if (lived >= HEALTHY_MS) {
      this.count = 0;
      this.delay = DELAY_MIN_MS;
    }
    if (this.count >= this.max) return null;
    this.count += 1;
    const { delay } = this;
    this.delay = Math.min(DELAY_MAX_MS, 2 * delay);
    return delay;
  }
}
