/** Writes what is asked of a subsystem, over nothing that others have written since it was read. */
import { fromWire, StoreError } from '../errors.js';
import type { OrdersChange, SeenOrders } from '../store/orders.js';
import type { Desk } from './desk.js';

/** How often a write is tried whose version another asker, or a member, has changed. */
const ATTEMPTS_MAX = 20;

/** A request that was written, or why it was not, as a sentence about the subsystem. */
export type Asked<T> =
  | { readonly type: 'asked'; readonly request: T }
  | { readonly type: 'refused'; readonly why: string };

export interface Refused {
  readonly type: 'refused';
  readonly why: string;
}

export function refused(why: string): Refused {
  return { type: 'refused', why };
}

/** What is to be written, and what the caller is told once it is. Null: nothing is. */
export interface Wanted<T> {
  readonly change: OrdersChange | null;
  readonly request: T;
}

/**
 * Writes what `decide` makes of what there is. If another one writes first, it decides again.
 *
 * @throws StoreError if the orders cannot be read, which are never overwritten, or others do not stop writing
 */
export async function change<S extends SeenOrders, T>(
  desk: Pick<Desk, 'writeOrders'>,
  name: string,
  read: (name: string) => Promise<S>,
  decide: (seen: S) => Wanted<T> | Refused | Promise<Wanted<T> | Refused>,
): Promise<Asked<T>> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const seen = await read(name);
    if (seen.unreadable !== undefined) throw fromWire(seen.unreadable);
    const wanted = await decide(seen);
    if ('why' in wanted) return wanted;
    const { change: next, request } = wanted;
    const version = seen.orders?.version ?? null;
    if (next === null || (await desk.writeOrders(name, version, next))) return { type: 'asked', request };
  }
  throw new StoreError('ERR_STORE', `others kept on changing what is asked of '${name}': try again`);
}
