/**
 * How many members go into one call: as many as the store answers long before the limit. What every call takes, however small,
 * is no reason for smaller ones: a far server would be asked by many calls for what takes one. Pure.
 */

/** Members in one call: at first, because a store may be cold, at least, and at most. */
const CALL_FIRST = 32;
const CALL_MIN = 16;
const CALL_MAX = 1000;
/** Twice as many must take less than this share of the time that every call has beyond what the smallest took. */
const ROOM_SHARE = 1 / 3;
/** One that takes more than this share of it is too large. */
const FULL_SHARE = 1 / 2;
/** The same of the limit: beyond it a call is too large, whatever the smallest took, and from half of it on none grows. */
const SLOW_SHARE = 2 / 3;

export class CallSize {
  private size: number;
  /** What the quickest call took, in ms. */
  private least = Number.POSITIVE_INFINITY;

  /** `limit`: how long a call may take, in ms. `isLocal`: the size stays the largest. */
  constructor(
    private readonly limit: number,
    private readonly isLocal = false,
  ) {
    this.size = isLocal ? CALL_MAX : CALL_FIRST;
  }

  get most(): number {
    return this.size;
  }

  /** A call of so many was answered after so many ms. */
  answered(ms: number, size: number): void {
    const { limit } = this;
    this.least = Math.min(this.least, ms);
    const room = limit - this.least;
    const own = ms - this.least;
    if (ms > limit * SLOW_SHARE || own > room * FULL_SHARE) this.shrink(size);
    else if (size >= this.size && ms <= limit / 2 && 2 * own <= room * ROOM_SHARE)
      this.size = Math.min(CALL_MAX, 2 * this.size);
  }

  /** A call of so many failed after so many ms. One that was refused at once says nothing of the size. */
  failed(ms: number, size: number): void {
    if (ms > this.limit * SLOW_SHARE) this.shrink(size);
  }

  private shrink(size: number): void {
    if (this.isLocal) return;
    this.size = Math.max(CALL_MIN, Math.min(this.size, Math.floor(size / 2)));
  }
}
