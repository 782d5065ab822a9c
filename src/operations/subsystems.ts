/**
 * Reads what there is to see of all subsystems of a store, or of one. What it costs does not grow with the number of tasks:
 * queues are measured by their numbers, and dead letters counted up to a limit.
 */
import { noOrders } from '../store/orders.js';
import type { LeaseEntry, StoreReader } from '../store/reader.js';
import { PAGE_MAX } from '../store/reader.js';
import type { Member } from '../store/store.js';
import type { Clock } from '../time/clock.js';
import { type Asked, type OrdersView, viewOfOrders } from './seenOrders.js';
import {
  DEAD_COUNTED_MAX,
  type LeaseState,
  type MasterView,
  type MemberView,
  type QueueView,
  type SubsystemDetails,
  type SubsystemView,
} from './views.js';

/** So many subsystems are measured at once: a command line must not take a store from the members. */
const AT_ONCE_MAX = 8;
const TERMS_SHOWN = 10;

type Wall = Pick<Clock, 'wall'>;

/** Returns all subsystems that have, or had, a member, in the order of their names. */
export async function listSubsystems(reader: StoreReader, clock: Wall): Promise<SubsystemView[]> {
  const [leases, members] = await Promise.all([allLeases(reader), reader.members(null)]);
  const known = new Set(leases.map(({ name }) => name));
  const without = [...new Set(members.map(({ name }) => name))].filter((name) => !known.has(name));
  const asked: Asked[] = [
    ...leases.map((lease) => ({ name: lease.name, lease })),
    ...without.map((name) => ({ name, lease: null })),
  ];
  const orders = await seenOrders(
    reader,
    asked.map(({ name }) => name),
  );
  const views = await inTurns(asked, (each) => viewOf(reader, each, members, orders(each.name), clock));
  return views.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Returns all of one subsystem; null if the store knows nothing of it. */
export async function readSubsystem(reader: StoreReader, name: string, clock: Wall): Promise<SubsystemDetails | null> {
  const [[lease = null], members, terms, orders] = await Promise.all([
    reader.leasesOf([name]),
    reader.members(name),
    reader.terms(name, TERMS_SHOWN),
    seenOrders(reader, [name]),
  ]);
  const view = await viewOf(reader, { name, lease }, members, orders(name), clock);
  const isKnown = lease !== null || members.length > 0 || terms.length > 0 || view.queue?.queued || view.dead > 0;
  if (!isKnown) return null;
  return {
    ...view,
    settings: lease?.lease?.configuration?.settings ?? {},
    memberList: members.map(memberView).sort((a, b) => (a.id < b.id ? -1 : 1)),
    terms: terms.map(({ term, holder, at }) => ({ term, holder, at })),
  };
}

function memberView({ id, name, host, pid, state, at, drained }: Member): MemberView {
  return { id, name, host, pid, state, at, drained: drained ?? null };
}

/** Returns whether a subsystem has, or had, a member. */
export async function isKnown(reader: StoreReader, name: string): Promise<boolean> {
  const [leases, members] = await Promise.all([reader.leasesOf([name]), reader.members(name)]);
  return leases.length > 0 || members.length > 0;
}

/** Returns the leases of all subsystems, page by page. */
export async function allLeases(reader: StoreReader): Promise<LeaseEntry[]> {
  const found: LeaseEntry[] = [];
  for (let after = ''; ; ) {
    const page = await reader.leases({ after, limit: PAGE_MAX });
    found.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_MAX) return found;
    after = last.name;
  }
}

async function seenOrders(reader: StoreReader, names: readonly string[]): Promise<(name: string) => OrdersView> {
  const found = names.length === 0 ? [] : await reader.orders(names);
  return (name) => viewOfOrders(found[names.indexOf(name)] ?? noOrders);
}

async function viewOf(
  reader: StoreReader,
  { name, lease: entry }: Asked,
  members: readonly Member[],
  { pause, handOver, problem }: OrdersView,
  clock: Wall,
): Promise<SubsystemView> {
  const now = clock.wall();
  const lease = entry?.lease ?? null;
  const age = entry === null || entry.at === null ? null : Math.max(0, now - entry.at.getTime());
  const kind = lease?.configuration?.kind ?? null;
  const [queue, dead] = await Promise.all([
    queueOf(reader, name, entry, now),
    kind === 'unmanaged' ? 0 : reader.countLetters(name, DEAD_COUNTED_MAX),
  ]);
  return {
    ...{ name, kind, queue, dead, age, pause, handOver },
    state: stateOf(entry, age),
    master: masterOf(lease?.holder ?? null, members),
    term: lease?.term ?? 0,
    beat: lease?.beat ?? 0,
    ttl: lease?.ttl ?? null,
    at: entry?.at ?? null,
    count: lease?.count ?? 0,
    identifier: lease?.identifier ?? null,
    died: lease?.died === true,
    members: members.filter((member) => member.name === name).length,
    problem: entry?.problem ?? problem,
  };
}

function stateOf(entry: LeaseEntry | null, age: number | null): LeaseState {
  if (entry === null) return 'none';
  if (entry.lease === null) return 'unreadable';
  if (entry.lease.holder === null) return 'released';
  return age !== null && age > entry.lease.ttl ? 'overdue' : 'held';
}

function masterOf(id: string | null, members: readonly Member[]): MasterView | null {
  if (id === null) return null;
  const member = members.find((each) => each.id === id);
  return { id, host: member?.host ?? null, pid: member?.pid ?? null };
}

async function queueOf(
  reader: StoreReader,
  name: string,
  entry: LeaseEntry | null,
  now: number,
): Promise<QueueView | null> {
  const kind = entry?.lease?.configuration?.kind;
  if (kind === 'unmanaged') return null;
  if (kind === 'memory') return { where: 'memory', queued: null, done: null, headAt: null, headAge: null };
  const done = entry?.state.done ?? 0;
  const highest = await reader.highestTask(name);
  // No master has said which kind it is, and there are no tasks.
  if (kind === undefined && highest === 0 && done === 0) return null;
  // The numbers have no gaps.
  const queued = Math.max(0, highest - done);
  const [head] = queued === 0 ? [] : await reader.tasks(name, { after: done, limit: 1 }, false);
  const headAt = head?.at ?? null;
  return {
    where: 'store',
    queued,
    done,
    headAt,
    headAge: headAt === null ? null : Math.max(0, now - headAt.getTime()),
  };
}

async function inTurns<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE_MAX) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE_MAX).map(run))));
  }
  return results;
}
