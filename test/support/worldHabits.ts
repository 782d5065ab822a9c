/** What one world of electionWorld.ts likes to do to its members and their calls. */
import type { CallName } from './memoryStore.ts';

/** No call lands, and no member is held up, longer than this, in ms. */
export const LATEST = 9000;

const mischiefs = [
  'pause',
  'sleep',
  'wallSet',
  'cutOff',
  'available',
  'progress',
  'trim',
  'resign',
  'stop',
  'kill',
] as const;
export type Mischief = (typeof mischiefs)[number];

/** What this world likes to do: worlds that each do a few things often go further than worlds that do all alike. */
export interface Habits {
  /** Chances of one call. */
  readonly late: number;
  readonly lost: number;
  readonly fails: number;
  /** That the store takes long between reading and writing. */
  readonly gap: Readonly<Record<CallName, number>>;
  /** Mean ms between two mischiefs. */
  readonly pause: number;
  /** The more often one stands here, the more often it is done. */
  readonly mischiefs: readonly Mischief[];
  readonly masterFirst: number;
}

export function habitsFrom(random: () => number): Habits {
  const chance = (most: number): number => (random() < 0.4 ? 0 : random() * most);
  const [late, lost, fails] = [chance(0.3), chance(0.15), chance(0.15)];
  const [highestTerm, observe, insertTerm] = [chance(0.1), chance(0.1), chance(0.3)];
  const [compareAndSetLease, beat, release] = [chance(0.6), chance(0.6), chance(0.8)];
  const gap = { highestTerm, observe, insertTerm, compareAndSetLease, beat, release };
  const liked = Array.from({ length: 3 }, () => mischiefs[Math.floor(random() * mischiefs.length)] ?? 'pause');
  return {
    late,
    lost,
    fails,
    gap,
    pause: 500 + random() * 4000,
    mischiefs: [...mischiefs, ...liked, ...liked, ...liked],
    masterFirst: random(),
  };
}
