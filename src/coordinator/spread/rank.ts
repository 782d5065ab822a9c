/**
 * Who claims first among the standbys of one lease, without a message between them: each ranks the processes that it takes for
 * alive, by the hash of the subsystem's name and the process. Pure. Two that see the same processes agree. If they do not,
 * a lease is claimed later, or by two at once, of whom the store lets one through.
 */

/** A process that could be master of a subsystem. */
export interface Candidate {
  /** The hash of its key. */
  readonly hash: number;
  /** The other key of the order, should two hashes be equal. */
  readonly key: string;
  readonly priority: number;
}

/** How many POLL a member waits for those before it, at most. */
const WAIT_POLLS_MAX = 3;
/** In POLL: so the look that comes after so many of them shows whether another one has claimed. */
const LOOK_FIRST_POLLS = 0.25;

/** Returns a 32-bit hash. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return mixed(hash);
}

/** Every bit of the hash depends on every bit of the two. */
export function hashOfBoth(name: number, other: number): number {
  return mixed(mixed(name ^ Math.imul(other, 0x9e3779b1)) + other);
}

function mixed(hash: number): number {
  let mix = hash ^ (hash >>> 16);
  mix = Math.imul(mix, 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return (mix ^ (mix >>> 16)) >>> 0;
}

/** Returns how many of the others go before `me`: those of a higher priority, and of the same those of a higher hash with the name. */
export function rankOf(name: number, me: Candidate, others: Iterable<Candidate>): number {
  const mine = hashOfBoth(name, me.hash);
  let rank = 0;
  for (const other of others) if (goesBefore(name, other, me, mine)) rank += 1;
  return rank;
}

function goesBefore(name: number, other: Candidate, me: Candidate, mine: number): boolean {
  if (other.priority !== me.priority) return other.priority > me.priority;
  const its = hashOfBoth(name, other.hash);
  return its === mine ? other.key < me.key : its > mine;
}

/** Returns how much longer than the first the member of this rank waits, in POLL. */
export function pollsOfRank(rank: number): number {
  return rank === 0 ? 0 : Math.min(WAIT_POLLS_MAX, rank + LOOK_FIRST_POLLS);
}
