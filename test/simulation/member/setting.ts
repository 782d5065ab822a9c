/**
 * What one run of the simulation is: everything that a seed draws at large, and that a failing run is shrunk by. The
 * flags of a replay are its difference from what the seed alone draws.
 */
import { randomFrom } from '../../support/random.ts';

/** Of the one subsystem. */
export const NAME = 'billing';

/** What can go wrong. Each kind can be left out, so a failure is shown with no more than it needs. */
export const faultKinds = [
  /** Messages that take long, and so overtake each other. */
  'delay',
  'loss',
  'duplicate',
  /** A member and the server do not hear each other, in one direction or both. */
  'partition',
  /** The server is restarted, and has lost what it had not acknowledged. */
  'restart',
  /** A primary that was cut off goes on answering some members, while a new one answers the others. */
  'split',
  /** A process is held up, its clocks go on. */
  'pause',
  /** A machine sleeps: its monotonic clock stops too. */
  'sleep',
  /** A wall clock is set. */
  'wall',
  /** Clocks run at different rates. */
  'drift',
  'crash',
  'stop',
  /** Tasks that fail, are slow, hang, end late, take their thread or their process down. */
  'tasks',
  /** The store loses everything, under running members. */
  'wiped',
  /** The store is replaced by a backup of itself, under running members. */
  'restored',
  /** A member's work module does not load for a while, or never ends loading. */
  'broken-deploy',
  /** A member resigns, and is unfit for a while (rule 10). */
  'unfit',
  /** Calls that are given up early, whatever becomes of them. */
  'early',
  /** The driver says that the store is back, at any time. */
  'back',
  /** The work progresses, which asks for an early beat. */
  'progress',
  /** Old term records are trimmed, up to the newest. */
  'trim',
  /** A process ends by itself, and its exit gives the lease back if it has the time. */
  'exit',
  /** Members hear hints of what others have done: lost, late, twice, and of nothing at all. */
  'hints',
  /** Operators ask for hand-overs, also of a term that is over. */
  'hand-over',
  /** They pause the subsystem. */
  'paused',
  /** They drain a process. */
  'drained',
  /** Members have priorities, also 0. */
  'priority',
  /** Members defer by their rank among those that they take for alive, and are often wrong about who lives. */
  'ranks',
  /** Users write entries into the outbox: in transactions of their own, and for later. */
  'outbox',
  /** They keep ids taken for longer. */
  'unique',
  /** There is a least time between the starts of two tasks. */
  'paced',
  /** Tasks ask to be tried again later. */
  'postponed',
] as const;
export type FaultKind = (typeof faultKinds)[number];

const losses: readonly FaultKind[] = ['wiped', 'restored'];
/** What operators do. */
const operations: readonly FaultKind[] = ['hand-over', 'paused', 'drained', 'priority'];
/** What users of a stored queue do. */
const usages: readonly FaultKind[] = ['outbox', 'unique', 'paced', 'postponed'];
/** Faults that worlds with a queue draw by a stream of their own, or never. */
const apart: ReadonlySet<FaultKind> = new Set<FaultKind>([
  ...losses,
  ...operations,
  ...usages,
  ...(['unfit', 'early', 'back', 'progress', 'trim', 'exit', 'hints', 'ranks'] as const),
]);
/** Faults that need a queue. */
const ofQueues: ReadonlySet<FaultKind> = new Set<FaultKind>(['tasks', 'broken-deploy']);

/** Bugs that are planted to see that the simulation finds them. */
export const plants = ['acknowledges-any-term', 'works-after-grace', 'forgets-stored-tasks'] as const;
export type Plant = (typeof plants)[number];

export interface Setting {
  readonly seed: number;
  readonly members: number;
  /** `weak`: the store reads a lease, then writes the whole of it. */
  readonly store: 'atomic' | 'weak';
  /** `none`: the election alone, under faults that last longer and are harder. */
  readonly queue: 'durable' | 'memory' | 'none';
  readonly faults: readonly FaultKind[];
  /** How long faults happen, in ms. */
  readonly faultTime: number;
  readonly plant: Plant | null;
}

export interface Overrides {
  readonly members?: number | undefined;
  readonly without?: readonly FaultKind[] | undefined;
  readonly faultTime?: number | undefined;
  readonly plant?: Plant | undefined;
  /** Without a queue. */
  readonly elections?: boolean | undefined;
}

/** Numbers that are drawn for different things, so leaving one out changes the others as little as can be. */
export function stream(seed: number, purpose: number): () => number {
  return randomFrom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(purpose, 0x85ebca6b));
}

export function drawSetting(seed: number, overrides: Overrides = {}): Setting {
  const drawn = overrides.elections ? drawElections(seed) : drawQueues(seed);
  return {
    ...drawn,
    members: overrides.members ?? drawn.members,
    faults: drawn.faults.filter((kind) => !overrides.without?.includes(kind)),
    faultTime: overrides.faultTime ?? drawn.faultTime,
    plant: overrides.plant ?? null,
  };
}

/** Of a stream of its own, so seeds without them are what they were before there were any. */
function drawOperations(seed: number): FaultKind[] {
  const random = stream(seed, 14);
  if (random() < 0.5) return [];
  // Hand-overs alone are what the rest after them can be checked in.
  const others = random() < 0.5 ? 0 : 0.5;
  return operations.filter((kind) => random() < (kind === 'hand-over' ? 0.8 : others));
}

function drawRanks(seed: number): FaultKind[] {
  return stream(seed, 15)() < 0.4 ? ['ranks'] : [];
}

function drawUsages(seed: number): FaultKind[] {
  const random = stream(seed, 42);
  return usages.filter((kind) => random() < (kind === 'outbox' ? 0.6 : 0.25));
}

/** A world without a queue. */
function drawElections(seed: number): Setting {
  const random = stream(seed, 0);
  const members = 2 + Math.floor(random() * 3);
  const store = random() < 0.5 ? 'weak' : 'atomic';
  const liking = random() < 0.4 ? 1 : 0.2 + random() * 0.6;
  const mayLose = random() < 0.5;
  const faults = faultKinds.filter((kind) => {
    if (operations.includes(kind) || usages.includes(kind) || kind === 'ranks') return false;
    const isLiked = random() < liking;
    if (ofQueues.has(kind) || (kind === 'split' && store === 'weak')) return false;
    return kind === 'drift' || (isLiked && (mayLose || !losses.includes(kind)));
  });
  faults.push(...drawOperations(seed), ...drawRanks(seed));
  return { seed, members, store, queue: 'none', faults, faultTime: 45_000, plant: null };
}

function drawQueues(seed: number): Setting {
  const random = stream(seed, 0);
  const members = 2 + Math.floor(random() * 3);
  const store = random() < 0.35 ? 'weak' : 'atomic';
  const queue = random() < 0.6 ? 'durable' : 'memory';
  // Runs that do a few things go further than runs that do all at once.
  const liking = random() < 0.3 ? 1 : 0.2 + random() * 0.6;
  const liked = faultKinds.filter((kind) => !apart.has(kind) && random() < liking);
  // Of a stream of its own, so seeds without them are what they were before there were any.
  const fate = stream(seed, 9);
  if (fate() < 0.3) liked.push(...losses.filter((kind) => fate() < 0.7 && (kind === 'wiped' || store === 'atomic')));
  if (stream(seed, 10)() < 0.3) liked.push('unfit');
  if (stream(seed, 11)() < 0.4) liked.push('exit');
  if (stream(seed, 12)() < 0.6) liked.push('hints');
  liked.push(...drawOperations(seed), ...drawRanks(seed));
  if (queue === 'durable') liked.push(...drawUsages(seed));
  // No server both writes leases without atomicity and takes back what it has shown.
  const faults = liked.filter((kind) => store === 'atomic' || kind !== 'split');
  const faultTime = 4000 + Math.floor(random() * 7000);
  return { seed, members, store, queue, faults, faultTime, plant: null };
}

/** One line that runs it again. */
export function replayLine({ seed, members, queue, faults, faultTime, plant }: Setting): string {
  const elections = queue === 'none';
  const own = drawSetting(seed, { elections });
  const flags: string[] = elections ? ['--elections'] : [];
  if (members !== own.members) flags.push(`--members ${members}`);
  const without = own.faults.filter((kind) => !faults.includes(kind));
  if (without.length > 0) flags.push(`--without ${without.join()}`);
  if (faultTime !== own.faultTime) flags.push(`--fault-time ${faultTime}`);
  if (plant !== null) flags.push(`--plant ${plant}`);
  return ['npm run simulate -- --seed', seed, ...flags, '--trace'].join(' ');
}

/** Settings that are smaller by one thing, the most telling first. */
export function* smaller(setting: Setting): Generator<Setting> {
  for (const kind of setting.faults) yield { ...setting, faults: setting.faults.filter((other) => other !== kind) };
  if (setting.members > 1) yield { ...setting, members: setting.members - 1 };
  if (setting.faultTime > 1000) {
    yield { ...setting, faultTime: Math.ceil(setting.faultTime / 2) };
    yield { ...setting, faultTime: Math.ceil(setting.faultTime * 0.85) };
  }
}
