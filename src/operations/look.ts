/** One look at a store: who holds which lease, who is a member, and what operators have asked. */
import { type LeaseEntry, PAGE_MAX, type StoreReader } from '../store/reader.js';
import type { Member } from '../store/store.js';
import type { Clock } from '../time/clock.js';
import { type OrdersView, viewOfOrders } from './seenOrders.js';

export interface Look {
  /** By a monotonic clock, in ms. */
  readonly now: number;
  /** All subsystems that were looked at, in order: those with a lease, and those that have members alone. */
  readonly names: readonly string[];
  readonly leases: readonly LeaseEntry[];
  readonly members: readonly Member[];
  readonly orders: ReadonlyMap<string, OrdersView>;
}

/**
 * Looks once, at all subsystems if none is named: three commands, and one more for each further hundred. `max`: it looks at no
 * more than so many.
 */
export async function lookAt(
  reader: StoreReader,
  asked: readonly string[],
  clock: Pick<Clock, 'now'>,
  max = Number.POSITIVE_INFINITY,
): Promise<Look> {
  const isAll = asked.length === 0;
  const [leases, found] = await Promise.all([
    isAll ? allLeases(reader, max) : reader.leasesOf(asked),
    reader.members(asked.length === 1 ? (asked[0] ?? null) : null),
  ]);
  const members = isAll ? found : found.filter(({ name }) => asked.includes(name));
  const names = [...new Set([...leases, ...members].map(({ name }) => name))].sort().slice(0, max);
  const orders = names.length === 0 ? [] : await reader.orders(names);
  const views = orders.map((seen, index) => [names[index] ?? '', viewOfOrders(seen)] as const);
  return { now: clock.now(), names, leases, members, orders: new Map(views) };
}

/** Returns the leases of all subsystems, page by page, until there are `max`. */
async function allLeases(reader: StoreReader, max: number): Promise<LeaseEntry[]> {
  const found: LeaseEntry[] = [];
  for (let after = ''; ; ) {
    const page = await reader.leases({ after, limit: PAGE_MAX });
    found.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_MAX || found.length >= max) return found;
    after = last.name;
  }
}
