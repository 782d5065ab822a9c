/**
 * What operators ask of members, by documents alone: hand over, pause, resume, drain. Each is a conditional write, which is
 * tried again if another one came first, and then it is looked what became of it.
 */
import { randomUUID } from 'node:crypto';
import { fromWire } from '../errors.js';
import { type HandOver, isOpen, type Pause } from '../store/orders.js';
import type { StoreReader } from '../store/reader.js';
import type { Lease, Member, Store } from '../store/store.js';
import type { Clock } from '../time/clock.js';
import { pause as wait } from '../time/pause.js';

/** How often a write is tried that others came before. */
const ATTEMPTS_MAX = 10;
/** Between two looks at what became of a request, in ms. */
const LOOK_MS = 200;

/** A lease without a beat for so many times to live is that of a dead member. */
const TIMES_TTL = 3;

export interface Requester {
  readonly by: string;
  readonly reason: string | undefined;
}

type Desk = Pick<Store, 'writeOrders'>;
type Wall = Pick<Clock, 'wall'>;

/** A request that was written, or why it was not. */
export type Asked<T> =
  | { readonly type: 'asked'; readonly request: T }
  | { readonly type: 'refused'; readonly why: string };

export interface HandOverAsked extends Requester {
  readonly name: string;
  /** The id of a member. */
  readonly to: string | undefined;
  readonly ifTerm: number | undefined;
}

/** Asks the master of the present term to hand over. */
export async function askHandOver(
  reader: StoreReader,
  store: Desk,
  { name, to, ifTerm, by, reason }: HandOverAsked,
  clock: Wall,
): Promise<Asked<HandOver>> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const lease = await leaseOf(reader, name);
    if (lease === null || lease.holder === null) return refused('it has no master');
    if (ifTerm !== undefined && lease.term !== ifTerm) return refused(`its term is ${lease.term}, not ${ifTerm}`);
    if (to === lease.holder) return refused(`${to} is the master already`);
    const request: HandOver = {
      ...{ id: randomUUID(), term: lease.term, by, at: new Date(clock.wall()), state: 'asked' },
      ...(to === undefined ? {} : { to }),
      ...(reason === undefined ? {} : { reason }),
    };
    const orders = await ordersOf(reader, name);
    const before = orders?.handOver;
    const isUnderWay = before?.term === lease.term && isOpen(before);
    if (isUnderWay) return refused(`${before.by} has asked for a hand-over already, at ${before.at.toISOString()}`);
    if (await store.writeOrders(name, orders?.version ?? null, { handOver: request }))
      return { type: 'asked', request };
  }
  return refused('others change its orders all the time');
}

/** `done`: `holder` is master of `term`. `late`: it was not done in time, and is not asked for any more. */
export type HandOverOutcome =
  | { readonly type: 'done'; readonly term: number; readonly holder: string }
  | { readonly type: 'refused'; readonly why: string }
  | { readonly type: 'late'; readonly wasAccepted: boolean };

/** Waits until another mastership has begun, or the request was refused. After `timeout` ms it is taken back. */
export async function followHandOver(
  reader: StoreReader,
  store: Desk,
  name: string,
  request: HandOver,
  { timeout, clock }: { readonly timeout: number; readonly clock: Clock },
): Promise<HandOverOutcome> {
  for (const until = clock.now() + timeout; ; ) {
    const [lease, orders] = await Promise.all([leaseOf(reader, name), ordersOf(reader, name)]);
    if (lease !== null && lease.term > request.term && lease.holder !== null) {
      return { type: 'done', term: lease.term, holder: lease.holder };
    }
    const present = orders?.handOver;
    if (present?.id !== request.id && lease?.term === request.term && lease.holder !== null) {
      return { type: 'refused', why: present === undefined ? 'it was taken back' : `${present.by} has asked again` };
    }
    if (present?.id === request.id && present.state === 'refused') {
      return { type: 'refused', why: present.why ?? 'the master gave no reason' };
    }
    if (clock.now() >= until) {
      const wasAccepted = present?.state === 'accepted' || present?.state === 'done';
      await takeBack(reader, store, name, request.id);
      return { type: 'late', wasAccepted };
    }
    await wait(clock, LOOK_MS);
  }
}

/** Removes the request, if it is still there and open. */
async function takeBack(reader: StoreReader, store: Desk, name: string, id: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const orders = await ordersOf(reader, name);
    const present = orders?.handOver;
    if (orders === null || present?.id !== id || present.state === 'done') return;
    if (await store.writeOrders(name, orders.version, { handOver: null })) return;
  }
}

export interface PauseAsked extends Requester {
  readonly name: string;
  /** In ms; undefined: until it is resumed. */
  readonly duration: number | undefined;
  readonly standby: boolean;
}

/** Pauses a subsystem that is not paused. */
export async function askPause(
  reader: StoreReader,
  store: Desk,
  { name, by, reason, duration, standby }: PauseAsked,
  clock: Wall,
): Promise<Asked<Pause>> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const orders = await ordersOf(reader, name);
    const before = orders?.pause;
    const now = clock.wall();
    const isOver = before?.until !== undefined && before.until <= now;
    if (before !== undefined && !isOver) {
      return refused(`it is paused already, by ${before.by} since ${before.at.toISOString()}`);
    }
    const request: Pause = {
      ...{ by, at: new Date(now), standby },
      ...(reason === undefined ? {} : { reason }),
      ...(duration === undefined ? {} : { until: now + duration }),
    };
    if (await store.writeOrders(name, orders?.version ?? null, { pause: request })) return { type: 'asked', request };
  }
  return refused('others change its orders all the time');
}

/** Ends the pause of a subsystem. Returns the pause that it had. */
export async function askResume(reader: StoreReader, store: Desk, name: string): Promise<Asked<Pause>> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const orders = await ordersOf(reader, name);
    if (orders?.pause === undefined) return refused('it is not paused');
    const { pause: request, version } = orders;
    if (await store.writeOrders(name, version, { pause: null })) return { type: 'asked', request };
  }
  return refused('others change its orders all the time');
}

function refused(why: string): { readonly type: 'refused'; readonly why: string } {
  return { type: 'refused', why };
}

async function leaseOf(reader: StoreReader, name: string): Promise<Lease | null> {
  const [entry] = await reader.leasesOf([name]);
  return entry?.lease ?? null;
}

async function ordersOf(reader: StoreReader, name: string) {
  const [seen] = await reader.orders([name]);
  // Nothing could be written over them either.
  if (seen?.unreadable !== undefined) throw fromWire(seen.unreadable);
  return seen?.orders ?? null;
}

/** Returns the members whose id begins with the text; the one with exactly this id goes before all. */
export function membersBy(prefix: string, members: readonly Member[]): Member[] {
  const exact = members.filter(({ id }) => id === prefix);
  return exact.length > 0 ? exact : members.filter(({ id }) => id.startsWith(prefix));
}

/** Returns the subsystems that members whom a drain concerns still hold. What a dead one left behind is not waited for. */
export async function heldUnder(
  reader: StoreReader,
  isDrained: (member: Member) => boolean,
  clock: Wall,
): Promise<{ readonly name: string; readonly holder: string }[]> {
  const members = (await reader.members(null)).filter(isDrained);
  const names = [...new Set(members.map(({ name }) => name))];
  const ids = new Set(members.map(({ id }) => id));
  const leases = names.length === 0 ? [] : await reader.leasesOf(names);
  return leases.flatMap(({ name, lease, at }) => {
    const holder = lease?.holder ?? null;
    if (lease === null || holder === null || !ids.has(holder)) return [];
    const isDead = at !== null && clock.wall() - at.getTime() > TIMES_TTL * lease.ttl;
    return isDead ? [] : [{ name, holder }];
  });
}
