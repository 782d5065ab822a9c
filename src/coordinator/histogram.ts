/**
 * Counts times, for their percentiles: in whole microseconds below 64 µs, above that with an error of at most 3 %. It
 * takes memory only as far as the longest time needs, 2 KB for a second: one coordinator may have a thousand members,
 * and a histogram of Node takes 350 KB.
 */
import type { Spread } from '../wire/status.js';

/** Buckets in each doubling of the time, as a power of two. */
const BITS = 5;
const BUCKETS = 2 ** BITS;
/** Longer times count as this one, in µs: more than half an hour. */
const RECORDED_MAX_US = 2 ** 31 - 1;

export class Histogram {
  private counts = new Uint32Array(0);
  private total = 0;
  private longest = 0;

  record(ms: number): void {
    const index = bucketOf(Math.min(RECORDED_MAX_US, Math.max(0, Math.round(ms * 1000))));
    if (index >= this.counts.length) this.grow(index);
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.total += 1;
    this.longest = Math.max(this.longest, ms);
  }

  spread(): Spread {
    return { p50: this.percentile(50), p99: this.percentile(99), max: this.longest };
  }

  private grow(index: number): void {
    const counts = new Uint32Array((Math.floor(index / BUCKETS) + 1) * BUCKETS);
    counts.set(this.counts);
    this.counts = counts;
  }

  /** Returns the longest time of the bucket, in ms, because a percentile must not flatter. */
  private percentile(percent: number): number {
    let left = Math.ceil((this.total * percent) / 100);
    if (left === 0) return 0;
    const index = this.counts.findIndex((count) => {
      left -= count;
      return left <= 0;
    });
    return Math.min(endOf(index) / 1000, this.longest);
  }
}

/** As many buckets as microseconds up to 64, then 32 to each doubling. */
function bucketOf(us: number): number {
  const doublings = Math.max(0, 31 - Math.clz32(us) - BITS);
  return doublings * BUCKETS + (us >> doublings);
}

/** Returns the highest number of microseconds in a bucket. */
function endOf(index: number): number {
  const doublings = Math.max(0, Math.floor(index / BUCKETS) - 1);
  return (index - doublings * BUCKETS + 1) * 2 ** doublings - 1;
}
