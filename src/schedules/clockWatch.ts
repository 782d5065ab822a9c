/**
 * Notices a wall clock that was set forward, so a broken clock does not burn a month of slots. Nothing is queued until the
 * clock has run on evenly for a while: then it is taken for right.
 */

/** How long a clock that has jumped must run on evenly, in ms: three looks. */
const EVEN_MS = 180_000;
/** By how much two clocks may drift apart between two looks, in ms. */
const DRIFT_MS = 30_000;

interface Readings {
  readonly wall: number;
  readonly monotonic: number;
}

export class ClockWatch {
  private last: Readings | null = null;
  /** Since when a clock that has jumped forward runs evenly, by the monotonic clock. */
  private suspectSince: number | null = null;

  /**
   * Takes the clocks at one look. `seen`: the latest time that a member has left in the store; null if there is none.
   * `most`: how far the wall clock may be ahead of it. Returns by how much it has just jumped, `waiting`, or `right`.
   */
  look(now: Readings, seen: number | null, most: number): 'right' | 'waiting' | { readonly jumped: number } {
    const { last } = this;
    this.last = now;
    // Between two masterships of this member, or since the members before it.
    const expected = last === null ? (seen ?? now.wall) : last.wall + (now.monotonic - last.monotonic);
    const ahead = now.wall - expected;
    if (ahead > most) {
      this.suspectSince = now.monotonic;
      return { jumped: ahead };
    }
    if (this.suspectSince === null) return 'right';
    // It was set again. If it was set back, it is right now.
    if (ahead < -DRIFT_MS) this.suspectSince = null;
    else if (now.monotonic - this.suspectSince >= EVEN_MS) this.suspectSince = null;
    return this.suspectSince === null ? 'right' : 'waiting';
  }
}
