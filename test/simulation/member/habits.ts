/** What one simulated world likes to do, drawn once from its seed: rates of faults, delays, intervals, retry options. */

import { resolveIntervals } from '../../../src/options/intervals.ts';
import { defaultGrace } from '../../../src/options/leaseTimes.ts';
import type { Intervals, ResolvedManagedOptions } from '../../../src/options/options.ts';
import type { CallName } from './connection.ts';
import { type FaultKind, type Setting, stream } from './setting.ts';

export interface Habits {
  /** Chances of one message. */
  readonly delay: number;
  readonly loss: number;
  readonly duplicate: number;
  /** No message takes longer, and no process is held up longer, in ms. */
  readonly latest: number;
  /** That a call is given up early. */
  readonly early: number;
  /** That a store that is not atomic takes long between reading and writing. */
  readonly gap: number;
  /** The same for some calls. */
  readonly gaps: Readonly<Partial<Record<CallName, number>>>;
  /** How long a write takes until no restart loses it, at most, in ms. */
  readonly commit: number;
  /** Mean ms between two mischiefs. */
  readonly pause: number;
  /** That one befalls the master rather than anybody. */
  readonly masterFirst: number;
  /** That a process dies, or is told to stop, right after it has sent a call. */
  readonly endAtCall: number;
  readonly scale: number;
  readonly intervals: Intervals;
  /** Whether a member has other intervals, and how much the shortest and the longest differ, by the scale. */
  readonly unequal: (random: () => number) => boolean;
  readonly spread: number;
  readonly options: ResolvedManagedOptions;
  /** Tasks in one burst, at most, and mean ms between two of them. */
  readonly burst: number;
  readonly feedPause: number;
  /** That a task is not simply done. */
  readonly trouble: number;
  /** Whether tasks that are done are deleted at once, as in the embedded store, or stay, as in MongoDB for a minute. */
  readonly trims: boolean;
  /** How late a member is fed, at most, in ms. */
  readonly lateFeed: number;
  /** Whether all processes are of one machine, where each can see that another is gone. */
  readonly siblings: boolean;
  /** Whether each process has a guard. */
  readonly guarded: boolean;
  /** That a beat goes out in one command with beats of other leases. */
  readonly company: number;
  /** Whether users write into the outbox. */
  readonly hasOutbox: boolean;
  /** Whether users keep ids taken for longer. */
  readonly keepsIds: boolean;
  /** Whether tasks ask to be tried again later. */
  readonly postpones: boolean;
  /** Whether the beats and looks of a process fall on a grid of its own. */
  readonly onGrid: boolean;
}

export function drawHabits(setting: Setting): Habits {
  const habits = drawQueueHabits(setting);
  return setting.queue === 'none' ? { ...habits, ...drawElectionHabits(setting) } : habits;
}

/** Draws what differs without a queue. */
function drawElectionHabits(setting: Setting): Partial<Habits> {
  const random = stream(setting.seed, 7);
  const has = (kind: FaultKind): number => (setting.faults.includes(kind) ? 1 : 0);
  const chance = (most: number): number => (random() < 0.4 ? 0 : random() * most);
  return {
    delay: chance(0.3) * has('delay'),
    loss: chance(0.15) * has('loss'),
    early: chance(0.15) * has('early'),
    gaps: { observe: chance(0.1), compareAndSetLease: chance(0.6), beat: chance(0.6), release: chance(0.8) },
    latest: 9000,
    pause: 500 + random() * 4000,
    unequal: (random) => random() < 0.3,
    spread: 0.6,
    scale: 1,
    intervals: intervalsOf(1),
  };
}

function drawQueueHabits(setting: Setting): Habits {
  const random = stream(setting.seed, 1);
  const has = (kind: FaultKind): number => (setting.faults.includes(kind) ? 1 : 0);
  const chance = (most: number): number => (random() < 0.3 ? 0 : random() * most);
  const pick = <T>(first: T, ...others: readonly T[]): T =>
    [first, ...others][Math.floor(random() * (1 + others.length))] ?? first;
  const scale = 0.25 + random() * 0.2;
  const grace = defaultGrace(intervalsOf(scale * 0.85));
  const minDelay = 5 + random() * 60;
  return {
    delay: chance(0.15) * has('delay'),
    loss: chance(0.1) * has('loss'),
    duplicate: chance(0.15) * has('duplicate'),
    early: 0,
    latest: scale * (2000 + random() * 7000),
    gap: chance(0.5),
    gaps: {},
    commit: pick(0, 4, 4, 80),
    pause: 300 + random() * 1500,
    masterFirst: random(),
    endAtCall: chance(0.01),
    scale,
    intervals: intervalsOf(scale),
    unequal: always(random() < 0.3),
    spread: 0.3,
    options: {
      priority: null,
      durable: setting.queue === 'durable',
      retry: {
        minDelay,
        maxDelay: minDelay * pick(1, 10),
        attempts: pick(1, 2, 3, Number.POSITIVE_INFINITY),
        // Where `done` may be set back, `unblock` may not find the task that is blocked.
        exhausted: setting.store === 'weak' ? 'dead-letter' : pick('dead-letter', 'dead-letter', 'block'),
      },
      maxQueue: 1_000_000,
      maxTaskBytes: 1_048_576,
      // For so long that no clock that is wrong ends it.
      keepOutcomes: setting.queue === 'durable' ? 1e12 : null,
      results: false,
      resourceLimits: {},
      // The simulated thread has its own.
      idleThreadTimeout: Number.POSITIVE_INFINITY,
      loadTimeout: Number.POSITIVE_INFINITY,
      stopTimeout: pick(0, 200, 1500),
      cancelTimeout: 200,
      minInterval: setting.faults.includes('paced') ? Math.ceil(10 + stream(setting.seed, 33)() * 290) : 0,
      grace,
      taskTimeout: pick(300, 900, Number.POSITIVE_INFINITY),
      mainTimeout: Number.POSITIVE_INFINITY,
      fencing: pick('thread', 'thread', 'process'),
    },
    burst: Math.min(
      pick(3, 10, 30, setting.queue === 'durable' ? 400 : 30),
      setting.faults.includes('paced') ? 10 : 400,
    ),
    feedPause: 500 + random() * 1500,
    trouble: has('tasks') * pick(0.05, 0.15, 0.4),
    trims: random() < 0.5,
    lateFeed: pick(5, 300, 3000),
    siblings: random() < 0.5,
    guarded: stream(setting.seed, 22)() < 0.4,
    company: drawCompanyShare(stream(setting.seed, 31)),
    onGrid: stream(setting.seed, 32)() < 0.5,
    hasOutbox: setting.faults.includes('outbox'),
    keepsIds: setting.faults.includes('unique'),
    postpones: setting.faults.includes('postponed'),
  };
}

/** None in every other world, which is as it was before there were any. */
function drawCompanyShare(random: () => number): number {
  return random() < 0.5 ? 0 : random();
}

function always(value: boolean): () => boolean {
  return () => value;
}

export function intervalsOf(scale: number): Intervals {
  return resolveIntervals({
    MASTER: 2000 * scale,
    SLAVE: 2500 * scale,
    TICKING: 2000 * scale,
    ERROR: 3000 * scale,
    POLL: 500 * scale,
    SYNC: 250 * scale,
  });
}
