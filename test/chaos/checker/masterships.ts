/**
 * When each member held the lease, by what it saw of it and by what its tasks were told. What `leaseRemaining` promised
 * counts as held, whether or not somebody looked again: a task relies on it.
 */
import type { Happened, LeaseSight, LedgerLine, Said } from './records.ts';

export interface Mastership {
  readonly member: string;
  readonly term: number;
  /** The first moment at which it is known to have held the lease. */
  start: number;
  /** The last one. */
  last: number;
  /** The latest end that it was promised. */
  promise: number;
  /** When it held it no longer: at the promise, or when it died or saw before that that it had none. */
  end: number;
  /** Whether it gave the lease up itself. */
  released: boolean;
}

export interface Seen {
  readonly sights: readonly LeaseSight[];
  readonly ledger: readonly LedgerLine[];
  readonly happened: readonly Happened[];
  readonly said: readonly Said[];
}

/** In the order in which they began. */
export function mastershipsOf({ sights, ledger, happened, said }: Seen): Mastership[] {
  const found = new Map<string, Mastership>();
  const see = (member: string, term: number | null, left: number, at: number, seen: number): void => {
    if (term === null || left <= 0) return;
    const key = `${member}/${term}`;
    const one = found.get(key) ?? { member, term, start: seen, last: seen, promise: 0, end: 0, released: false };
    one.start = Math.min(one.start, seen);
    one.last = Math.max(one.last, at);
    one.promise = Math.max(one.promise, at + left);
    found.set(key, one);
  };
  for (const { member, term, left, at, seen } of sights) see(member, term, left, at, seen);
  for (const { member, term, left, at } of ledger) see(member, term, left, at, at);
  const cuts = cutsOf(sights, happened);
  const stopping = new Map(said.filter(({ what }) => what === 'stopping').map(({ member, at }) => [member, at]));
  for (const one of found.values()) {
    const cut = cuts.get(one.member)?.find((at) => at >= one.last) ?? Number.POSITIVE_INFINITY;
    one.end = Math.min(one.promise, cut);
    const asked = stopping.get(one.member);
    // It is released at some moment after it was last seen: from then on others may follow at once.
    one.released = asked !== undefined && asked < one.promise;
    if (one.released) one.end = Math.min(one.end, Math.max(one.last, asked ?? 0));
  }
  return [...found.values()].toSorted((a, b) => a.start - b.start);
}

/** The moments at which a member is known to hold no lease, each in their order. */
function cutsOf(sights: readonly LeaseSight[], happened: readonly Happened[]): Map<string, number[]> {
  const cuts = new Map<string, number[]>();
  const add = (member: string, at: number): void => {
    const mine = cuts.get(member) ?? [];
    mine.push(at);
    cuts.set(member, mine);
  };
  for (const { member, left, seen } of sights) if (left <= 0) add(member, seen);
  for (const { what, member, at } of happened) if (what === 'killed' || what === 'ended') add(member, at);
  for (const mine of cuts.values()) mine.sort((a, b) => a - b);
  return cuts;
}

/** Two members that held the lease at one moment. */
export function atOnce(masterships: readonly Mastership[]): [Mastership, Mastership][] {
  const pairs: [Mastership, Mastership][] = [];
  let open: Mastership[] = [];
  for (const one of masterships) {
    open = open.filter(({ end }) => end > one.start);
    for (const other of open) if (other.member !== one.member) pairs.push([other, one]);
    open.push(one);
  }
  return pairs;
}
