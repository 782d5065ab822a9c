/** Has tasks that are done trimmed: at once after an acknowledgement, then ever more seldom, so an idle queue costs nothing. */
import type { Clock } from '../../time/clock.js';

/** Without news, tasks that are done are trimmed after pauses that double up to this, in ms: a store may keep them for a minute. */
const TRIM_PAUSE_MAX_MS = 60_000;

interface TrimmingParts {
  readonly clock: Clock;
  /** The first pause, in ms. */
  readonly poll: number;
  trim(through: number): Promise<void>;
}

export class Trimming {
  /** When to trim next, and how long to wait after that, in ms. */
  private trimAt: number;
  private trimPause: number;

  constructor(
    private readonly parts: TrimmingParts,
    done: number,
  ) {
    this.trimAt = done === 0 ? Number.POSITIVE_INFINITY : 0;
    this.trimPause = parts.poll;
  }

  /** Trims what is done through that number, if it is time. */
  trim(through: number): void {
    const { clock, poll } = this.parts;
    if (clock.now() < this.trimAt) return;
    this.trimAt = clock.now() + this.trimPause;
    this.trimPause = Math.min(TRIM_PAUSE_MAX_MS, 2 * this.trimPause);
    this.parts.trim(through).catch(() => this.soon(poll));
  }

  soon(pause: number): void {
    this.trimAt = this.parts.clock.now() + pause;
    this.trimPause = this.parts.poll;
  }
}
