/** A store with many subsystems: one MemoryStore for each, the lines of the processes, and the way of one process to it. */
import { StoreError } from '../../../src/errors.ts';
import type { OrdersAsked, OrdersChange, SeenOrders } from '../../../src/store/orders.ts';
import type { Presence } from '../../../src/store/presence.ts';
import { presenceId } from '../../../src/store/presenceDocuments.ts';
import type { Lease, Member, Store } from '../../../src/store/store.ts';
import { type Fate, type MemoryConnection, MemoryStore } from '../../support/memoryStore.ts';
import type { HeapClock } from './heapClock.ts';

const TIME_LIMIT_MS = 900;

/** What the world wants to hear of. */
export interface StoreWatch {
  claimed(name: string): void;
  /** A request of a process that gives. */
  given(name: string, change: NonNullable<OrdersChange['handOver']>): void;
}

export class ManyStore {
  readonly lines = new Map<string, Presence>();
  private readonly stores = new Map<string, MemoryStore>();

  constructor(
    readonly clock: HeapClock,
    readonly watch: StoreWatch,
  ) {}

  of(name: string): MemoryStore {
    const store = this.stores.get(name) ?? new MemoryStore(this.clock).settleForGood();
    this.stores.set(name, store);
    return store;
  }
}

interface Way {
  /** Whether calls arrive, and answers come back. */
  isOpen(): boolean;
  fate(): Fate;
}

/** What one process sees, of one subsystem: all but the lines of processes is of that. */
export function connect(many: ManyStore, name: string, way: Way): MemoryConnection {
  const store = many.of(name).connect({ fate: () => way.fate(), timeLimit: TIME_LIMIT_MS });
  const through = async <T>(call: () => Promise<T>): Promise<T> => {
    if (!way.isOpen()) throw new StoreError('ERR_STORE_UNAVAILABLE', 'lost');
    return call();
  };
  const { compareAndSetLease, writeOrders, readOrders, putMember, listMembers } = store;
  store.compareAndSetLease = (asked: string, expected: Lease | null, next: Lease) => {
    if (expected?.claim !== next.claim) many.watch.claimed(name);
    return compareAndSetLease.call(store, asked, expected, next);
  };
  store.readOrders = (asked: readonly OrdersAsked[]): Promise<SeenOrders[]> =>
    through(() => readOrders.call(store, asked));
  store.writeOrders = (asked, expected, change) =>
    through(async () => {
      const written = await writeOrders.call(store, asked, expected, change);
      if (written && change.handOver) many.watch.given(name, change.handOver);
      return written;
    });
  store.putMember = (member: Member) => through(() => putMember.call(store, member));
  store.listMembers = () => through(() => listMembers.call(store));
  return store;
}

/** The calls of a process that are of no subsystem. */
export function processStore(
  many: ManyStore,
  way: Way,
): Pick<Store, 'putPresence' | 'readPresences' | 'removeMember' | 'listMembers'> {
  const through = async <T>(call: () => T): Promise<T> => {
    if (!way.isOpen()) throw new StoreError('ERR_STORE_UNAVAILABLE', 'lost');
    return call();
  };
  return {
    putPresence: (line) => through(() => void many.lines.set(presenceId(line.key), line)),
    readPresences: () => through(() => [...many.lines.values()]),
    removeMember: (id) => through(() => void many.lines.delete(id)),
    listMembers: (name) => through(() => [...many.of(name).members.values()]),
  };
}
