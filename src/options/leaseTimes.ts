/** The times of a lease, as they follow from the intervals. */
import type { Intervals } from './options.js';

/** The part of the time to live that a holder counts on: the rest is room for clocks that run at different rates. */
const VALIDITY_SHARE = 0.95;

/** SLAVE + TICKING: how long a lease must be unchanged before another member claims it. */
export function timeToLive(intervals: Intervals): number {
  return intervals.SLAVE + intervals.TICKING;
}

/**
 * Returns how long before a beat is due it is sent, in ms. A thread that wakes up among busy ones may wait for a slice of the
 * scheduler, 3 to 4 ms on Linux; a beat that aims early is on time.
 */
export function beatLead(intervals: Intervals): number {
  return Math.min(4, intervals.MASTER / 20);
}

/** Returns how long the holder itself counts on a beat, from before it was sent. */
export function validity(intervals: Intervals): number {
  return timeToLive(intervals) * VALIDITY_SHARE;
}

/** How long before the validity ends work is stopped when nothing else is said: 10 % of SLAVE + TICKING, at most 500 ms. */
export function defaultGrace(intervals: Intervals): number {
  return Math.min(500, timeToLive(intervals) / 10);
}

/**
 * Returns whether a master survives one failed beat. Validity runs from the last good beat; the next one goes out MASTER later
 * and fails, its repetition POLL after that, and its answer must be there `grace` before the validity ends. What is
 * left over is the time that the answer may take.
 */
export function graceFits(grace: number, intervals: Intervals): boolean {
  return intervals.MASTER + intervals.POLL + grace < validity(intervals);
}
