/**
 * Knows since when its thread turns its loop without a long pause. After a suspension of the process or the machine every
 * thread looks silent, although none hangs: they are given time from there on.
 */

/** How often it looks, in ms. */
export const AWAKE_PERIOD_MS = 500;
/** A longer time between two looks is a pause: as long as others may be silent. */
const PAUSE_MS = 1500;

export class Awake {
  private seenAt: number;
  private awakeSince: number;

  /** In monotonic ms. */
  constructor(private readonly now: () => number) {
    this.seenAt = now();
    this.awakeSince = this.seenAt;
  }

  /** Looks, and returns since when it is awake, in monotonic ms. Called each period, and before it is relied on. */
  since(): number {
    const now = this.now();
    if (now - this.seenAt > PAUSE_MS) this.awakeSince = now;
    this.seenAt = now;
    return this.awakeSince;
  }
}
