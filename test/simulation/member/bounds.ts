/** What the protocol promises to bear, and how soon it then has a master: what all simulated worlds hold it to. */
import assert from 'node:assert/strict';
import { timeToLive } from '../../../src/options/leaseTimes.ts';
import type { Intervals } from '../../../src/options/options.ts';

/** Clocks run at rates of 1 ± this: what the protocol promises to bear, two of them against each other. */
export const SKEW = 0.025;
/** How long a suspension may go unnoticed, by the elector's own clock; a little more than its WATCH. */
export const UNNOTICED = 251;

/**
 * From the last change of the lease to the next mastership, without faults, in ms of true time. `roundTrips`: those of a
 * claim. A store that is not atomic may take more rounds.
 */
export function claimBound(
  members: readonly { readonly intervals: Intervals }[],
  weak: boolean,
  roundTrips: number,
  isOperated = false,
): number {
  const [ttl, poll, error] = (['ttl', 'POLL', 'ERROR'] as const).map((name) =>
    Math.max(...members.map(({ intervals }) => (name === 'ttl' ? timeToLive(intervals) : intervals[name]))),
  );
  assert.ok(ttl !== undefined && poll !== undefined && error !== undefined);
  // Members may rest, and defer to one that was named, and to one of a higher priority.
  const operated = isOperated ? ttl + 4 * poll : 0;
  return ((weak ? 4 : 1) * (ttl + poll + roundTrips) + error + operated) / (1 - SKEW);
}
