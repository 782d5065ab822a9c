/**
 * How fast the demo's members notice things: short enough to watch a failover, and shorter than the block of the main
 * thread, which must not matter; long enough for a machine whose disk takes its time to acknowledge a write.
 */
import type { Intervals } from '../../index.js';

export const intervals = {
  MASTER: 500,
  SLAVE: 1000,
  TICKING: 1000,
  POLL: 200,
  ERROR: 500,
} as const satisfies Partial<Intervals>;

/** From the death of a master to the claim of a standby, at the most, without the one round trip to the store; in ms. */
export const claimWithin = intervals.SLAVE + intervals.TICKING + intervals.POLL;

/** What a new master may take from its claim to its first task: it starts a task thread and loads the work; in ms. */
export const startWithin = 1000;
