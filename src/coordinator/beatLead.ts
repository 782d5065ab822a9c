/**
 * How long before they are due the beats of a coordinator are decided on. Its thread may wake late among busy ones, and a thousand
 * members decide one after another before their beats go out as one call. As long as that took lately, so much earlier they
 * aim, and are on time.
 */
import { beatLead } from '../options/leaseTimes.js';
import type { Intervals } from '../options/options.js';
import type { Clock } from '../time/clock.js';

/** The most, in MASTER: a beat that goes out earlier ends the validity as much earlier. */
const MOST_MASTERS = 1 / 20;
/**
 * From the most to the least it sinks in so many MASTER. A lead that becomes shorter makes the time between two beats longer,
 * so it takes its time.
 */
const SINKS_IN_MASTERS = 64;

export class BeatLead {
  private readonly least: number;
  private readonly most: number;
  /** How much shorter it becomes each ms. */
  private readonly slope: number;
  private highest: { readonly ms: number; readonly at: number };

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    intervals: Intervals,
  ) {
    const { MASTER } = intervals;
    this.least = beatLead(intervals);
    this.most = Math.max(this.least, MASTER * MOST_MASTERS);
    this.slope = (this.most - this.least) / (SINKS_IN_MASTERS * MASTER);
    this.highest = { ms: this.least, at: clock.now() };
  }

  /** In ms. */
  get ms(): number {
    const { ms, at } = this.highest;
    return Math.max(this.least, ms - this.slope * (this.clock.now() - at));
  }

  /** A beat was handed to the store so many ms after the moment that it aimed at. */
  sent(delay: number): void {
    if (delay <= this.ms) return;
    this.highest = { ms: Math.min(delay, this.most), at: this.clock.now() };
  }
}
