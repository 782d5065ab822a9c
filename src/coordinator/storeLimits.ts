/** How long a call to the store may take, from the intervals: a beat that hangs must leave time for another. */
import { validity } from '../election/protocol.js';
import type { Intervals } from '../options.js';
import { defaultGrace } from '../resolveIntervals.js';

/** All in ms. */
export interface StoreLimits {
  readonly commandTimeout: number;
  readonly connectTimeout: number;
}

/** Below this a busy machine would fail calls that were merely slow. */
const SHORTEST = 20;
/** A first connection resolves names and shakes hands, more than once on a replica set. */
const SHORTEST_CONNECT = 2000;

export function storeLimits(intervals: Intervals): StoreLimits {
  // Between a beat and the moment work must stop: the wait for the next beat, that one's time-out, and one more try.
  const left = validity(intervals) - defaultGrace(intervals) - intervals.MASTER;
  const commandTimeout = Math.max(SHORTEST, Math.floor(left / 2));
  return { commandTimeout, connectTimeout: Math.max(SHORTEST_CONNECT, commandTimeout) };
}
