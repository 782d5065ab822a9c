/** Where requests are made: what is read and written of a store, be it by a member or by a command without one. */
import { StoreError } from '../errors.js';
import { noOrders, type SeenOrders } from '../store/orders.js';
import type { StoreReader } from '../store/reader.js';
import type { Lease, Member, Store } from '../store/store.js';

/** What one look sees. The lease is not older than the orders. */
export interface Seen extends SeenOrders {
  readonly lease: Lease | null;
}

export interface Desk extends Pick<Store, 'writeOrders'> {
  look(name: string): Promise<Seen>;
  /** Reads the orders alone. */
  orders(name: string): Promise<SeenOrders>;
  /** Returns the claim of the newest term record; null if there is none. */
  lastWonClaim(name: string): Promise<string | null>;
  members(name: string): Promise<Member[]>;
}

type MemberStore = Pick<Store, 'highestTerm' | 'observe' | 'readOrders' | 'writeOrders' | 'listMembers'>;

/** Returns the desk of a member, with the store that it uses anyway. */
export function deskOfStore(store: MemberStore): Desk {
  return {
    writeOrders: (name, expected, change) => store.writeOrders(name, expected, change),
    look: async (name) => {
      const [seen] = await store.observe([{ name, tip: 0 }]);
      return seen ?? { ...noOrders, lease: null };
    },
    orders: async (name) => (await store.readOrders([{ name }]))[0] ?? noOrders,
    lastWonClaim: async (name) => (await store.highestTerm(name)).claim ?? null,
    members: (name) => store.listMembers(name),
  };
}

/** Returns the desk of a program without a member. */
export function deskOfReader(reader: StoreReader, writer: Pick<Store, 'writeOrders'>): Desk {
  const ordersOf = async (name: string): Promise<SeenOrders> => (await reader.orders([name]))[0] ?? noOrders;
  return {
    orders: ordersOf,
    writeOrders: (name, expected, change) => writer.writeOrders(name, expected, change),
    look: async (name) => {
      const orders = await ordersOf(name);
      // Afterwards: orders that are newer than the lease would be those of a mastership that it does not show.
      const [entry] = await reader.leasesOf([name]);
      const problem = entry?.problem ?? null;
      if (problem !== null) throw new StoreError('ERR_STORE_DATA', problem);
      return { ...orders, lease: entry?.lease ?? null };
    },
    lastWonClaim: async (name) => (await reader.terms(name, 1))[0]?.claim ?? null,
    members: (name) => reader.members(name),
  };
}
