/**
 * Asks for what members obey (ordersWatch.ts): a hand-over, a pause and its end. All of it is documents of the store, so it
 * works for any process that reaches the store, and the members need not know of the asker.
 */
import { FailoverError, fromWire, StateError, StoreError } from '../../errors.js';
import type { HandOver, Orders, OrdersChange } from '../../store/orders.js';
import type { Lease, Member, Store } from '../../store/store.js';
import type { Clock } from '../../time/clock.js';
import type { HandedOver, HandOverRequest, PauseRequest } from '../../wire/messages.js';

/** How often a write is tried whose version another asker, or a member, has changed. */
const ATTEMPTS_MAX = 20;

export interface Asker {
  /** Names the subsystem. */
  readonly name: string;
  /** Says who asks. */
  readonly by: string;
  readonly store: Pick<Store, 'highestTerm' | 'observe' | 'readOrders' | 'writeOrders' | 'listMembers'>;
  readonly clock: Clock;
  /** Resolves when it is time to look again: after POLL, or at a hint. */
  nextLook(): Promise<void>;
  /** Returns whether there is no use in an answer any more. */
  hasStopped(): boolean;
}

/**
 * Asks the master to hand over, and resolves with the mastership that follows. `id` is unique.
 *
 * @throws FailoverError `ERR_HAND_OVER_REFUSED`, `ERR_HAND_OVER_TIMEOUT`; StoreError; StateError `ERR_STOPPED`
 */
export async function requestHandOver(asker: Asker, id: string, request: HandOverRequest): Promise<HandedOver> {
  const deadline = asker.clock.now() + request.timeout;
  const lease = await heldLease(asker, request.ifTerm);
  const { term } = lease;
  const to = await successorOf(asker, lease.holder, request.to);
  const { by } = asker;
  const reason = request.reason === null ? {} : { reason: request.reason };
  const at = new Date(asker.clock.wall());
  const order: HandOver = { id, term, ...(to === null ? {} : { to }), by, ...reason, at, state: 'asked' };
  await change(asker, (orders) => {
    const other = orders?.handOver;
    if (other?.term === term && other.state === 'accepted') {
      throw refused(`'${asker.name}' is being handed over already, as ${other.by} has asked`);
    }
    return { handOver: order };
  });
  return new Awaiting(asker, order, lease.holder, deadline).end(request.timeout);
}

/** Pauses the subsystem, or changes the pause that there is. */
export async function requestPause(asker: Asker, request: PauseRequest): Promise<void> {
  const wall = asker.clock.wall();
  const { reason, standby } = request;
  const until = request.for === null ? {} : { until: wall + request.for };
  const given = reason === null ? {} : { reason };
  await change(asker, () => ({ pause: { by: asker.by, ...given, at: new Date(wall), ...until, standby } }));
}

/** Ends a pause. Resolves to false if there is none. */
export async function requestResume(asker: Asker): Promise<boolean> {
  return change(asker, (orders) => (orders?.pause === undefined ? null : { pause: null }));
}

async function heldLease(asker: Asker, ifTerm: number | null): Promise<Lease & { readonly holder: string }> {
  const { name, store } = asker;
  const [seen] = await store.observe([{ name, tip: 0 }]);
  if (seen?.orders?.pause?.standby) throw refused(`'${name}' is paused to standby, so no member is to be master`);
  const lease = seen?.lease ?? null;
  const holder = lease?.holder ?? null;
  if (lease === null || holder === null) throw refused(`'${name}' has no master that could hand over`);
  if (ifTerm !== null && lease.term !== ifTerm) {
    throw refused(`the term of '${name}' is ${lease.term}, and not ${ifTerm}`);
  }
  return { ...lease, holder };
}

/** Returns the id of the member that is asked for. */
async function successorOf({ name, store }: Asker, master: string, to: string | null): Promise<string | null> {
  const members = await store.listMembers(name);
  if (to === null) {
    if (members.some((member) => member.id !== master && barred(member) === null)) return null;
    throw refused(`'${name}' has no other member that could be master`);
  }
  const [found, ...more] = members.filter(({ id }) => id === to).concat(members.filter(({ id }) => id.startsWith(to)));
  if (found === undefined) throw refused(`'${name}' has no member ${to}`);
  const other = more.find(({ id }) => id !== found.id);
  if (found.id !== to && other !== undefined) throw refused(`${to} may be ${found.id} or ${other.id}: name one`);
  if (found.id === master) throw refused(`the member ${found.id} is the master of '${name}'`);
  const why = barred(found);
  if (why !== null) throw refused(`the member ${found.id} cannot be master: ${why}`);
  return found.id;
}

function barred({ priority, drained }: Member): string | null {
  if (priority === 0) return 'its priority is 0';
  return drained === true ? 'it is drained' : null;
}

/** Reads the orders, and writes what `next` makes of them. Resolves to false if that is nothing. */
async function change(
  { name, store }: Pick<Asker, 'name' | 'store'>,
  next: (orders: Orders | null) => OrdersChange | null,
): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const [seen] = await store.readOrders([{ name }]);
    // What cannot be read must not be overwritten.
    if (seen?.unreadable !== undefined) throw fromWire(seen.unreadable);
    const orders = seen?.orders ?? null;
    const wanted = next(orders);
    if (wanted === null) return false;
    if (await store.writeOrders(name, orders?.version ?? null, wanted)) return true;
  }
  throw new StoreError('ERR_STORE', `others kept on changing what is asked of '${name}': try again`);
}

function refused(why: string): FailoverError {
  return new FailoverError('ERR_HAND_OVER_REFUSED', `the hand-over is refused: ${why}`);
}

/** Waits for what becomes of a request. */
class Awaiting {
  constructor(
    private readonly asker: Asker,
    private readonly order: HandOver,
    private readonly master: string,
    private readonly deadline: number,
  ) {}

  async end(timeout: number): Promise<HandedOver> {
    const { asker } = this;
    let trouble = '';
    while (asker.clock.now() < this.deadline) {
      try {
        const next = await this.look();
        if (next !== null) return next;
        trouble = '';
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        trouble = `; the store failed: ${error.message}`;
      }
      await asker.nextLook();
      if (asker.hasStopped()) throw new StateError('ERR_STOPPED', `the cluster '${asker.name}' has been stopped`);
    }
    const state = await this.takeBack();
    const text = `the hand-over of '${asker.name}' did not end within ${timeout} ms, so the request was taken back`;
    throw new FailoverError('ERR_HAND_OVER_TIMEOUT', `${text} (it was ${state}${trouble})`);
  }

  /** Returns the mastership that followed; null: none has yet. */
  private async look(): Promise<HandedOver | null> {
    const { asker, order, master } = this;
    const { name, store } = asker;
    const [seen] = await store.observe([{ name, tip: order.term }]);
    if (seen === undefined) return null;
    const { lease, orders } = seen;
    if (lease !== null && lease.holder !== null && lease.term > order.term) {
      // A claim is won with its record, not before.
      const tip = await store.highestTerm(name);
      if (tip.claim !== lease.claim) return null;
      if (lease.holder !== master) return { term: lease.term, holder: lease.holder };
      throw refused(`no other member took over, so ${master} is master again, under term ${lease.term}`);
    }
    if (lease?.holder === null && orders?.pause?.standby) throw refused(`'${name}' was paused to standby`);
    const current = orders?.handOver;
    if (current?.id !== order.id) throw refused(`another request has taken its place${by(current)}`);
    if (current.state === 'refused') throw refused(current.why ?? 'the master gave no reason');
    return null;
  }

  /** Returns how far the request was. */
  private async takeBack(): Promise<string> {
    const { asker, order } = this;
    let state = 'gone';
    await change(asker, (orders) => {
      if (orders?.handOver?.id !== order.id) return null;
      state = orders.handOver.state === 'asked' ? 'not seen by the master' : orders.handOver.state;
      return { handOver: null };
    }).catch(() => {
      state = 'not taken back, because the store failed';
    });
    return state;
  }
}

function by(order: HandOver | undefined): string {
  return order === undefined ? '' : `, of ${order.by}`;
}
