/**
 * What is searched: the members with their clocks and intervals, the store, and the bounds.
 *
 * Time goes in ticks of true time. A clock is slow or fast, and stays so: in each tick a slow one gains 95 ms, a fast one
 * 100 ms, which is the 5 % that the protocol has to bear. The intervals of each member are whole ticks by its own clock,
 * but for the time to live, which is the same number of ms for both: 0.95 of it on the slow clock and all of it on the
 * fast one take exactly the same number of ticks. So the validity of a slow holder and the wait of a fast standby
 * end at the same tick, with nothing between them, and everything is whole numbers.
 */
import assert from 'node:assert/strict';
import type { step } from '../../../src/election/protocol.ts';
import type { ElectionConfig } from '../../../src/election/state.ts';
import { graceFits, timeToLive, validity } from '../../../src/options/leaseTimes.ts';
import type { Intervals } from '../../../src/options/options.ts';
import type { byLook, bySum } from '../../../src/store/matches.ts';

/** The election's `step`, or one that was broken on purpose. */
export type Core = typeof step;

export interface Matches {
  readonly bySum: typeof bySum;
  readonly byLook: typeof byLook;
}

export type ClockName = 'slow' | 'fast';
export const rates: Readonly<Record<ClockName, number>> = { slow: 95, fast: 100 };

/** In ticks. SYNC is 0, INIT is 0. */
interface Scale {
  readonly MASTER: number;
  readonly SLAVE: number;
  readonly TICKING: number;
  readonly POLL: number;
  readonly ERROR: number;
  readonly grace: number;
}

/** `small` is the least that the options allow; `medium` has a beat that is not due with every look. */
export const scales = {
  small: { MASTER: 1, SLAVE: 2, TICKING: 2, POLL: 1, ERROR: 2, grace: 1 },
  medium: { MASTER: 2, SLAVE: 3, TICKING: 2, POLL: 1, ERROR: 2, grace: 1 },
} as const satisfies Record<string, Scale>;

export interface Character {
  readonly clock: ClockName;
  /** Its clock in one tick, in ms. */
  readonly rate: number;
  readonly intervals: Intervals;
  readonly grace: number;
}

/** `shorter`: how many ticks its time to live is shorter than that of the scale. */
export function character(clock: ClockName, scale: Scale, shorter = 0): Character {
  const rate = rates[clock];
  const ttl = (scale.SLAVE + scale.TICKING - shorter) * rates.fast;
  const SLAVE = scale.SLAVE * rate;
  const intervals: Intervals = {
    INIT: 0,
    MASTER: scale.MASTER * rate,
    SLAVE,
    TICKING: ttl - SLAVE,
    ERROR: scale.ERROR * rate,
    POLL: scale.POLL * rate,
    SYNC: 0,
  };
  const grace = scale.grace * rate;
  assert.ok(Number.isInteger(validity(intervals)) && timeToLive(intervals) === ttl, 'times must be whole numbers');
  assert.ok(shorter > 0 || graceFits(grace, intervals), 'intervals that the options would refuse');
  return { clock, rate, intervals, grace };
}

/**
 * What may befall the members and their calls; each time counts as one fault. `beside` and `apart`: a beat goes out in one
 * command with that of another lease, which matches, or does not.
 */
export const faultNames = [
  'hold',
  'late',
  'gap',
  'beside',
  'apart',
  'double',
  'pause',
  'sleep',
  'kill',
  'stop',
  'resign',
  'yield',
  'available',
  'progress',
  'handOver',
  'rest',
  'defer',
  'wiped',
] as const;
export type FaultName = (typeof faultNames)[number];

export interface Setting {
  readonly core: Core;
  readonly weak: boolean;
  /** What a store makes of the answer to a command with more than one beat. */
  readonly matches: Matches;
  readonly members: readonly Character[];
  readonly faults: number;
  readonly kinds: ReadonlySet<FaultName>;
  /** Whether all members are of one machine, where each sees at once that a process is gone. */
  readonly siblings: boolean;
  /** States with a higher term on record are not followed; 0: no bound, terms are kept relative. */
  readonly terms: number;
  /** States in which a mastership has tried more beats are not followed; 0: no bound. */
  readonly beats: number;
  /** The search ends, not exhaustive, when it has that many states. */
  readonly maxStates: number;
  /** Liveness is tried from one in so many states; 0: from none. */
  readonly liveness: number;
}

/** How much later a member claims that defers, in ms. */
export function deferenceOf({ intervals }: Pick<Character, 'intervals'>): number {
  return 2 * intervals.POLL;
}

export function configOf({ intervals, grace }: Character, holder: string): ElectionConfig {
  return { holder, intervals, grace };
}

/** In how many ticks without faults some member must be master: how the bound comes about is in docs/explain/search.md. */
export function bound({ members, weak, kinds, faults }: Setting): number {
  const most = (ticks: (member: Character) => number): number => Math.max(...members.map(ticks));
  const wait = most(
    ({ intervals, rate }) => Math.ceil(most((other) => timeToLive(other.intervals)) / rate) + intervals.POLL / rate,
  );
  // A record that a claim begun before a loss leaves in the store costs the next claim, as a write that lands late does.
  const waits = weak || kinds.has('wiped') ? 2 : 1;
  // All may rest, because each has handed over: then the first one claims when its rest is half over, or all of it.
  const rests = kinds.has('handOver') && faults > 1 ? 1 : 0;
  const deference = kinds.has('defer') ? most((member) => deferenceOf(member) / member.rate) : 0;
  return (waits + rests) * wait + deference + most(({ intervals, rate }) => intervals.ERROR / rate);
}
