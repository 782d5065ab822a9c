/** When the tasks of a stored queue that are done are trimmed: at once after an acknowledgement, then ever more seldom, so an idle queue costs nothing. */
import type { Clock } from '../../time/clock.js';

/** Without news, tasks that are done are trimmed after pauses that double up to this, in ms: a store may keep them for a minute. */
const TRIM_PAUSE_MAX_MS = 60_000;

interface TrimmingParts {
  readonly clock: Clock;
  /** Between two looks at the queue, in ms. */
  readonly poll: number;
  /** Trims what is done through that number. */
  trim(through: number): Promise<void>;
}

export class Trimming {
  /** When to trim next, and how long to wait after that, in ms. */
  private at: number;
  private pause: number;

  constructor(
    private readonly parts: TrimmingParts,
    done: number,
  ) {
    this.at = done === 0 ? Number.POSITIVE_INFINITY : 0;
    this.pause = parts.poll;
  }

  /** Trims if it is time to. */
  turn(acknowledged: number): void {
    const { clock, poll, trim } = this.parts;
    if (clock.now() < this.at) return;
    this.at = clock.now() + this.pause;
    this.pause = Math.min(TRIM_PAUSE_MAX_MS, 2 * this.pause);
    trim(acknowledged).catch(() => this.soon(poll));
  }

  soon(pause: number): void {
    this.at = this.parts.clock.now() + pause;
    this.pause = this.parts.poll;
  }
}
