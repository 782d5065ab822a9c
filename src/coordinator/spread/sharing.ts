/**
 * Which mastership a process gives to which other one: each is to have its share. Pure: who lives, and time, are handed in.
 *
 * Only the holder decides, and gives what it has above the share of all that stand by for the same subsystems. So no two can
 * ask for one lease, the moves are no more than evenness needs, and where views differ the difference still only shrinks: a
 * mastership goes only where at least two fewer are.
 */
import type { Neighbour } from './living.js';
import { type Candidate, hashOfBoth } from './rank.js';

/** One mastership of this process. */
export interface Holding {
  readonly name: string;
  /** The hash of the name. */
  readonly hash: number;
  readonly priority: number;
  /** Whether it may be given away now. */
  readonly isMovable: boolean;
}

export interface SharingRules {
  /** How long another process must have lived before it is given anything, in ms. */
  readonly settle: number;
  /** The share of the fair share by which the most and the fewest may differ. */
  readonly threshold: number;
}

export interface Move {
  readonly name: string;
  readonly to: Neighbour;
  /** How many this process has above its share. */
  readonly surplus: number;
}

/** By so many the most and the fewest must differ. A move changes that by two, so the same two never change places. */
const DIFFERENCE_MIN = 2;

/** Returns the next move of this process; null if it has its share, or nothing that another could take. */
export function nextMove(
  me: Pick<Candidate, 'key' | 'hash'>,
  holdings: readonly Holding[],
  neighbours: readonly Neighbour[],
  now: number,
  { settle, threshold }: SharingRules,
): Move | null {
  const held = holdings.length;
  const peers = neighbours.filter((one) => now - one.since >= settle && holdings.some((each) => takes(one, each)));
  if (peers.length === 0) return null;
  const all = [held, ...peers.map((one) => one.held)];
  const share = all.reduce((sum, count) => sum + count, 0) / all.length;
  const most = Math.max(...all);
  const difference = most - Math.min(...all);
  if (difference < DIFFERENCE_MIN || difference <= threshold * share) return null;
  const surplus = held - Math.ceil(share);
  if (surplus <= 0 && !(held === most && isFirst(me, peers, most))) return null;
  return chooseMove(me, holdings, fewer(peers, held, share), Math.max(1, surplus));
}

function takes(one: Neighbour, { hash, priority }: Holding): boolean {
  const its = one.priorityFor(hash);
  return its !== null && its >= priority && its > 0;
}

/** Where all that have the most have no more than their share, rounded up, one of them gives. */
function isFirst(me: Pick<Candidate, 'key' | 'hash'>, peers: readonly Neighbour[], most: number): boolean {
  return peers.every((one) => one.held < most || me.hash < one.hash || (me.hash === one.hash && me.key < one.key));
}

interface Taker {
  readonly to: Neighbour;
  readonly lacks: number;
}

/** Returns those below their share, or if there are none those that have at least two fewer than this process. */
function fewer(peers: readonly Neighbour[], held: number, share: number): Taker[] {
  const takers = peers
    .filter((one) => one.held <= held - DIFFERENCE_MIN)
    .map((to) => ({ to, lacks: Math.floor(share) - to.held }));
  const below = takers.filter(({ lacks }) => lacks > 0);
  return below.length > 0 ? below : takers.map(({ to }) => ({ to, lacks: 1 }));
}

function chooseMove(
  { hash: mine }: Pick<Candidate, 'hash'>,
  holdings: readonly Holding[],
  takers: readonly Taker[],
  surplus: number,
): Move | null {
  for (const holding of holdings) {
    if (!holding.isMovable) continue;
    const able = takers.filter(({ to }) => takes(to, holding));
    if (able.length === 0) continue;
    // In the proportion of what they lack, so those that give at the same time do not all give to one.
    const drawn = able.map((taker) => ({
      ...taker,
      at: weighted(hashOfBoth(holding.hash ^ mine, taker.to.hash), taker.lacks),
    }));
    const best = drawn.reduce((a, b) => (b.at > a.at ? b : a));
    return { name: holding.name, to: best.to, surplus };
  }
  return null;
}

/** Weighted rendezvous hashing. */
function weighted(hash: number, weight: number): number {
  return -weight / Math.log((hash + 0.5) / 2 ** 32);
}
