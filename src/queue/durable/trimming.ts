/** When a master has the store trim what is done: at once after an acknowledgement, then ever more seldom, so an idle queue costs nothing. */
import type { Clock } from '../../time/clock.js';

/** Without news, tasks that are done are trimmed after pauses that double up to this, in ms: a store may keep them for a minute. */
const TRIM_PAUSE_MAX_MS = 60_000;

interface TrimmingParts {
  readonly clock: Clock;
  readonly poll: number;
  /** Returns up to which number tasks may be trimmed once they are done. Missing: all may. */
  trimLimit?(): number;
}

export class Trimming {
  /** When to trim next, and how long to wait after that, in ms. */
  private at: number;
  private pause: number;

  constructor(
    private readonly parts: TrimmingParts,
    isEmpty: boolean,
    private readonly trim: (through: number) => Promise<void>,
  ) {
    this.at = isEmpty ? Number.POSITIVE_INFINITY : 0;
    this.pause = parts.poll;
  }

  /** Trims if it is time, `done` at most. */
  run(done: number): void {
    const { clock, poll, trimLimit } = this.parts;
    if (clock.now() < this.at) return;
    this.at = clock.now() + this.pause;
    this.pause = Math.min(TRIM_PAUSE_MAX_MS, 2 * this.pause);
    this.trim(Math.min(done, trimLimit?.() ?? done)).catch(() => this.soon(poll));
  }

  soon(pause: number): void {
    this.at = this.parts.clock.now() + pause;
    this.pause = this.parts.poll;
  }
}
