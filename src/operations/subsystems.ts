/**
 * Reads what there is to see of all subsystems of a store, or of one. What it costs does not grow with the number of tasks:
 * queues are measured by their numbers, and dead letters counted up to a limit.
 */

import { noOrders } from '../store/orders.js';
import type { LeaseEntry, StoreReader } from '../store/reader.js';
import type { Member } from '../store/store.js';
import type { Clock } from '../time/clock.js';
import { inTurns } from '../values/chunks.js';
import { type Look, lookAt } from './look.js';
import { noOrdersView, type OrdersView, viewOfOrders } from './seenOrders.js';
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

interface Asked {
  readonly name: string;
  readonly lease: LeaseEntry | null;
}

/** Returns all subsystems that have, or had, a member, in the order of their names. */
export async function listSubsystems(
  reader: StoreReader,
  clock: Pick<Clock, 'now' | 'wall'>,
): Promise<SubsystemView[]> {
  return viewsOf(reader, await lookAt(reader, [], clock), clock);
}

/** What measures a queue. */
export type QueueReader = Pick<StoreReader, 'highestTask' | 'tasks' | 'countLetters'>;

/** Measures the queues of the subsystems that a look has found. */
export function viewsOf(reader: QueueReader, look: Look, clock: Wall): Promise<SubsystemView[]> {
  const { names, leases, members, orders } = look;
  const entries = new Map(leases.map((lease) => [lease.name, lease]));
  const crews = bySubsystem(members);
  return inTurns(names, AT_ONCE_MAX, (name) => {
    const asked = { name, lease: entries.get(name) ?? null };
    return viewOf(reader, asked, crews.get(name) ?? [], orders.get(name) ?? noOrdersView, clock);
  });
}

/** Returns all of one subsystem; null if the store knows nothing of it. */
export async function readSubsystem(reader: StoreReader, name: string, clock: Wall): Promise<SubsystemDetails | null> {
  const [[lease = null], members, terms, [orders = noOrders]] = await Promise.all([
    reader.leasesOf([name]),
    reader.members(name),
    reader.terms(name, TERMS_SHOWN),
    reader.orders([name]),
  ]);
  const view = await viewOf(reader, { name, lease }, members, viewOfOrders(orders), clock);
  const isThere = lease !== null || members.length > 0 || terms.length > 0 || view.queue?.queued || view.dead > 0;
  if (!isThere) return null;
  return {
    ...view,
    settings: lease?.lease?.configuration?.settings ?? {},
    memberList: members.map(memberView).sort((a, b) => (a.id < b.id ? -1 : 1)),
    terms: terms.map(({ term, holder, at }) => ({ term, holder, at })),
  };
}

/** Returns the members of each subsystem. */
function bySubsystem(members: readonly Member[]): Map<string, Member[]> {
  const found = new Map<string, Member[]>();
  for (const member of members) {
    const crew = found.get(member.name);
    if (crew === undefined) found.set(member.name, [member]);
    else crew.push(member);
  }
  return found;
}

function memberView({ id, name, host, pid, state, at, drained, version }: Member): MemberView {
  return { id, name, host, pid, state, at, drained: drained ?? null, version: version ?? null };
}

/** Returns whether a subsystem has, or had, a member. */
export async function isKnown(reader: StoreReader, name: string): Promise<boolean> {
  const [leases, members] = await Promise.all([reader.leasesOf([name]), reader.members(name)]);
  return leases.length > 0 || members.length > 0;
}

async function viewOf(
  reader: QueueReader,
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
  reader: QueueReader,
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
