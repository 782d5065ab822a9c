/**
 * How many members go into one call: as many as the store answers long before the limit. What every call takes, however small,
 * is no reason for smaller ones: a far server would be asked by many calls for what takes one. Pure.
 */

/** Members in one call: at first, because a store may be cold, at least, and at most. */
const CALL_FIRST = 32;
const CALL_MIN = 16;
const CALL_MAX = 1000;
/** Calls at once: of any size, and so many while they are small. */
const CALLS_MIN = 2;
const CALLS_MAX = 8;
/** Small calls are more at once, up to so many members. */
const MEMBERS_SMALL = 512;
/** So many times as large the next call is, if that is quick enough, and otherwise so many times. */
const GROWTHS = [4, 2] as const;
/** So many must take less than this share of the time that every call has beyond what the smallest took. */
const ROOM_SHARE = 1 / 3;
/** One that takes more than this share of it is too large. */
const FULL_SHARE = 1 / 2;
/** The same of the limit: beyond it a call is too large, whatever the smallest took, and from half of it on none grows. */
const SLOW_SHARE = 2 / 3;

/**
 * Beyond what is sure to be quick, twice as large a call is tried if it would take no more than this share of the limit even if
 * each member costs as much as before: those that go out at the same time often cost the store no more as one.
 */
const TRIAL_SHARE = 2 / 3;
/** After so many calls of the full size, and twice as many after each trial that was too slow, up to so many. */
const TRIAL_AFTER = 2;
const TRIAL_AFTER_MAX = 256;

/** Calls at once of a store that takes all that wait into one transaction. */
const LOCAL_CALLS = 32;

interface Kind {
  /**
   * Whether the store takes all calls that wait into one transaction, whose cost is the wait for the disk: smaller calls, one after
   * another, would only be more of them. So the size stays the largest.
   */
  readonly isLocal?: boolean;
  /** Whether calls go out one after another, and the size stays the largest: what a call costs has little to do with who asks. */
  readonly isOne?: boolean;
  /**
   * That of calls that are alike, and more frequent. Until one of its own was too large, half as many as there can be tried:
   * those that are rare would be as if the store was cold each time.
   */
  readonly like?: CallSize;
}

export class CallSize {
  private size: number;
  private hasShrunk = false;
  /** What the quickest call took, in ms. */
  private least = Number.POSITIVE_INFINITY;
  /** Whether this size is tried, and no call of it has been quick enough. */
  private isTrial = false;
  /** Calls until the next trial, and until the one after it if that is too slow. */
  private untilTrial = TRIAL_AFTER;
  private trialAfter = TRIAL_AFTER;
  /** The smallest size that was too slow: from there on a size is only tried, however quick smaller ones are. */
  private tooSlow = Number.POSITIVE_INFINITY;

  /** `limit`: how long a call may take, in ms. */
  constructor(
    private readonly limit: number,
    private readonly kind: Kind = {},
  ) {
    this.size = this.isFixed ? CALL_MAX : CALL_FIRST;
  }

  get most(): number {
    const { like } = this.kind;
    if (like === undefined || this.hasShrunk) return this.size;
    return Math.max(this.size, Math.floor(like.most / 2));
  }

  /** Returns how many calls there may be at once. */
  get atOnce(): number {
    if (this.kind.isOne) return 1;
    if (this.kind.isLocal) return LOCAL_CALLS;
    return Math.max(CALLS_MIN, Math.min(CALLS_MAX, Math.floor(MEMBERS_SMALL / this.most)));
  }

  private get isFixed(): boolean {
    return this.kind.isLocal === true || this.kind.isOne === true;
  }

  /** A call of so many was answered after so many ms. */
  answered(ms: number, size: number): void {
    const { limit, most } = this;
    this.least = Math.min(this.least, ms);
    const room = limit - this.least;
    const own = ms - this.least;
    if (ms > limit * SLOW_SHARE || own > room * FULL_SHARE) return this.shrink(size);
    if (size < most || ms > limit / 2) return;
    if (size >= this.tooSlow) this.tooSlow = Number.POSITIVE_INFINITY;
    if (this.isTrial) this.trialAfter = TRIAL_AFTER;
    this.isTrial = false;
    const isSure = (times: number): boolean => times * own <= room * ROOM_SHARE && times * most < this.tooSlow;
    const growth = GROWTHS.find(isSure) ?? this.trial(own);
    this.size = Math.min(CALL_MAX, growth * most);
  }

  /** Returns how many times as large the next call is to be, to see whether that is quick enough. */
  private trial(own: number): number {
    if (this.most >= CALL_MAX || this.least + 2 * own > this.limit * TRIAL_SHARE) return 1;
    this.untilTrial -= 1;
    if (this.untilTrial > 0) return 1;
    this.untilTrial = this.trialAfter;
    this.isTrial = true;
    return 2;
  }

  /** A call of so many failed after so many ms. One that was refused at once says nothing of the size. */
  failed(ms: number, size: number): void {
    if (ms > this.limit * SLOW_SHARE) this.shrink(size);
  }

  /** That a small call took long says nothing of large ones: the store was slow for all. */
  private shrink(size: number): void {
    if (this.isFixed || 2 * size < this.most) return;
    // Also where it was no trial: a size that is tried again each turn would be too slow each turn.
    if (this.isTrial || size >= this.tooSlow) this.trialAfter = Math.min(TRIAL_AFTER_MAX, 2 * this.trialAfter);
    this.tooSlow = Math.min(this.tooSlow, size);
    this.isTrial = false;
    this.untilTrial = this.trialAfter;
    this.size = Math.max(CALL_MIN, Math.min(this.most, Math.floor(size / 2)));
    this.hasShrunk = true;
  }
}
