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
  'wiped',
  'backup',
  'restored',
  'resign',
  'stop',
  'kill',
] as const;
export type Mischief = (typeof mischiefs)[number];

/** Of the whole store: half of the worlds have them. */
const losses: ReadonlySet<Mischief> = new Set<Mischief>(['wiped', 'backup', 'restored']);

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
  const settle = 0;
  const [highestTerm, observe, insertTerm] = [chance(0.1), chance(0.1), chance(0.3)];
  const [compareAndSetLease, beat, release] = [chance(0.6), chance(0.6), chance(0.8)];
  const gap = { highestTerm, observe, settle, insertTerm, compareAndSetLease, beat, release, releaseDead: release };
  const possible = random() < 0.5 ? mischiefs : mischiefs.filter((kind) => !losses.has(kind));
  const liked = Array.from({ length: 3 }, () => possible[Math.floor(random() * possible.length)] ?? 'pause');
  return {
    late,
    lost,
    fails,
    gap,
    pause: 500 + random() * 4000,
    mischiefs: [...possible, ...liked, ...liked, ...liked],
    masterFirst: random(),
  };
}
