/** When a command is told to end, and killed, as its lease runs out. */
import { InvalidOptionError } from '../errors.js';
import { defaultGrace, timeToLive, validity } from '../options/leaseTimes.js';
import type { Intervals } from '../options/options.js';

/** The intervals of the default failover of 5 s, to which `--failover` scales them. */
const standard = { MASTER: 2000, SLAVE: 2500, TICKING: 2000, POLL: 500 } as const;
const STANDARD_FAILOVER_MS = standard.SLAVE + standard.TICKING + standard.POLL;
/** From the signal to the kill, unless the intervals leave less. */
const TERM_BEFORE_MS = 1000;

export interface TimeLine {
  /** How long others wait for a sign of life, in ms. */
  readonly ttl: number;
  /** How long before the end of the validity the command is killed, in ms. */
  readonly killBefore: number;
  /** The same for the signal that asks it to end. */
  readonly signalBefore: number;
}

/** Returns the intervals with which a failover takes at most this time, and the round trips of a claim. */
export function scaledIntervals(failover: number): Pick<Intervals, keyof typeof standard> {
  const scaled = (ms: number): number => Math.max(1, Math.round((ms * failover) / STANDARD_FAILOVER_MS));
  const { MASTER, SLAVE, TICKING, POLL } = standard;
  return { MASTER: scaled(MASTER), SLAVE: scaled(SLAVE), TICKING: scaled(TICKING), POLL: scaled(POLL) };
}

/**
 * Returns the times of a command. `termBefore` is the time between the signal and the kill.
 *
 * @throws InvalidOptionError if a healthy master would signal its command between two beats
 */
export function timeLine(intervals: Intervals, termBefore?: number): TimeLine {
  const killBefore = defaultGrace(intervals) / 2;
  const room = validity(intervals) - killBefore - intervals.MASTER;
  const before = termBefore ?? Math.min(TERM_BEFORE_MS, room / 2);
  if (before >= room) {
    throw new InvalidOptionError(
      `--term-before (${before} ms) must be less than ${Math.floor(room)} ms with these intervals: a command would get its signal ` +
        `before the beat that is due every ${intervals.MASTER} ms is answered. Take a longer --failover, or a shorter --term-before`,
    );
  }
  return { ttl: timeToLive(intervals), killBefore, signalBefore: killBefore + before };
}
