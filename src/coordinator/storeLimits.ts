/** How long a call to the store may take once it is sent, from the intervals: a beat that hangs must leave time for another. */
import { defaultGrace, validity } from '../options/leaseTimes.js';
import type { Intervals } from '../options/options.js';
import type { StoreLimits } from '../store/limits.js';

/** How long the embedded store may take to open, in ms: see embeddedStore.ts. */
const OPENING_MAX_MS = 6000;
/** Below this a busy machine would fail calls that were merely slow. */
const COMMAND_MIN_MS = 20;
/** No lease hangs on opening, so it has what the MongoDB driver allows by default, whatever the intervals are. */
const CONNECT_MAX_MS = 30_000;
/** Beats keep a connection fresh, unless they are so rare that a middle box may forget it between two of them. */
const FRESH_MIN_MS = 3000;
const FRESH_MAX_MS = 40_000;
/** So many times the usual time must fit into the limit of a command: some answers take longer than most. */
const ROOM = 1.5;
/** Intervals are named in full tenths of a second. */
const STEP_MS = 100;

export function storeLimits(intervals: Intervals): StoreLimits {
  // Between a beat and the moment work must stop: the wait for the next beat, that one's time-out, and one more try.
  const left = validity(intervals) - defaultGrace(intervals) - intervals.MASTER;
  const commandTimeout = Math.max(COMMAND_MIN_MS, Math.floor(left / 2));
  const freshFor = Math.min(FRESH_MAX_MS, Math.max(FRESH_MIN_MS, 1.5 * intervals.MASTER));
  return { commandTimeout, connectTimeout: Math.max(CONNECT_MAX_MS, commandTimeout), freshFor };
}

/** Returns after how many ms a member gives a request up. Only should the store break its promise: its own limits are tighter. */
export function requestTimeout({ connectTimeout, commandTimeout }: StoreLimits): number {
  return Math.max(OPENING_MAX_MS, connectTimeout) + 2 * commandTimeout;
}

/** Returns whether commands of the election that usually take `roundTrip` ms are too slow for this limit. */
export function isTooSlow(roundTrip: number, { commandTimeout }: Pick<StoreLimits, 'commandTimeout'>): boolean {
  return ROOM * roundTrip > commandTimeout;
}

/** Returns SLAVE and TICKING, in the proportion that they have, which allow for this round trip at this MASTER. */
export function leastIntervals(intervals: Intervals, roundTrip: number): { SLAVE: number; TICKING: number } {
  const { SLAVE, TICKING } = intervals;
  const scaled = (ttl: number) => ({
    ...intervals,
    SLAVE: STEP_MS * Math.ceil((ttl * SLAVE) / (SLAVE + TICKING) / STEP_MS),
    TICKING: STEP_MS * Math.ceil((ttl * TICKING) / (SLAVE + TICKING) / STEP_MS),
  });
  let ttl = SLAVE + TICKING;
  while (isTooSlow(roundTrip, storeLimits(scaled(ttl)))) ttl += STEP_MS;
  const least = scaled(ttl);
  return { SLAVE: least.SLAVE, TICKING: least.TICKING };
}
