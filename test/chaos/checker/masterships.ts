/**
 * When each member held the lease, by what it saw of it and by what its tasks were told. What `leaseRemaining` promised
 * counts as held, whether or not the member looked again: a task relies on it.
 */
import type { Epochs } from './epochs.ts';
import type { Happened, LeaseSight, LedgerLine, Said } from './records.ts';

/** A kill is noted just before it is sent, and the process may write another line until it comes, in ms. */
const SENDING = 50;

export interface Mastership {
  readonly member: string;
  readonly term: number;
  /** Of the store: terms begin again in each. */
  readonly epoch: number;
  /** The first moment at which it is known to have held the lease. */
  start: number;
  /** The last one. */
  last: number;
  /** The latest end that it was promised. */
  promise: number;
  /** At the promise, or when it saw before that that it had none, as after a jump of the wall clock. */
  lost: number;
  /** When its process ended, if it did. */
  died: number;
  /** When it held it no longer: when it was lost, or when the member died before that. */
  end: number;
  /** Whether it gave the lease up itself. */
  released: boolean;
}

interface Seen {
  readonly sights: readonly LeaseSight[];
  readonly ledger: readonly LedgerLine[];
  readonly happened: readonly Happened[];
  readonly said: readonly Said[];
}

/** In the order in which they began. */
export function mastershipsOf({ sights, ledger, happened, said }: Seen, epochs: Epochs): Mastership[] {
  const found = new Map<string, Mastership>();
  const see = (member: string, term: number | null, left: number, at: number, seen: number): void => {
    if (term === null || left <= 0) return;
    const epoch = epochs.at(seen);
    const key = `${member}/${term}/${epoch}`;
    const one = found.get(key) ?? {
      member,
      term,
      epoch,
      start: seen,
      last: seen,
      promise: 0,
      lost: 0,
      died: Number.POSITIVE_INFINITY,
      end: 0,
      released: false,
    };
    one.start = Math.min(one.start, seen);
    one.last = Math.max(one.last, at);
    one.promise = Math.max(one.promise, at + left);
    found.set(key, one);
  };
  for (const { member, term, left, at, seen } of sights) see(member, term, left, at, seen);
  for (const { member, term, left, at } of ledger) see(member, term, left, at, at);
  const none = byMember(sights.filter(({ left }) => left <= 0).map(({ member, seen }) => ({ member, at: seen })));
  const deaths = byMember(happened.filter(({ what }) => what === 'killed' || what === 'ended'));
  const whenSaid = (wanted: Said['what']) =>
    new Map(said.filter(({ what }) => what === wanted).map(({ member, at }) => [member, at]));
  const [stopping, ending] = [whenSaid('stopping'), whenSaid('ending')];
  for (const one of found.values()) {
    const first = (moments: ReadonlyMap<string, number[]>, from: number): number =>
      moments.get(one.member)?.find((at) => at >= from) ?? Number.POSITIVE_INFINITY;
    one.lost = Math.min(one.promise, first(none, one.last));
    one.died = Math.max(one.last, first(deaths, one.last - SENDING));
    one.end = Math.min(one.lost, one.died);
    const asked = stopping.get(one.member);
    // It is released at some moment after it was last seen: from then on others may follow at once.
    one.released = asked !== undefined && asked < one.promise;
    // A process that ends by itself gives it up, too, and that still counts as a failover.
    const given = one.released ? asked : ending.get(one.member);
    if (given !== undefined) one.end = Math.min(one.end, Math.max(one.last, given));
  }
  return [...found.values()].toSorted((a, b) => a.start - b.start);
}

/** Each member's moments, in their order. */
function byMember(moments: readonly { readonly member: string; readonly at: number }[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { member, at } of moments) {
    const mine = found.get(member) ?? [];
    mine.push(at);
    found.set(member, mine);
  }
  for (const mine of found.values()) mine.sort((a, b) => a - b);
  return found;
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
