/** A store of one subsystem, whose master a test plays, as a member sees it and as a program without one does. */
import { type Desk, deskOfReader, deskOfStore } from '../../../src/requests/desk.ts';
import type { HandOver, Orders, OrdersChange, SeenOrders } from '../../../src/store/orders.ts';
import type { LeaseEntry, StoreReader } from '../../../src/store/reader.ts';
import type { Lease, Member, Observation, TermRecord } from '../../../src/store/store.ts';

const base = { beat: 1, ack: 0, ttl: 1000, identifier: null, count: 0, recent: [] };

export class PlayedStore {
  lease: Lease | null = null;
  record: TermRecord | null = null;
  orders: Orders | null = null;
  unreadable: SeenOrders['unreadable'];
  members: Member[] = [];
  writes = 0;
  /** Why each read fails now. */
  failing: Error | null = null;
  /** Is run before a write, as another operator might. */
  before: () => void = () => {};

  constructor(readonly wall: number) {
    this.won(3, 'a');
    for (const id of ['a', 'b']) this.joins(id);
  }

  joins(id: string, fields: Partial<Member> = {}): void {
    const at = new Date(this.wall);
    this.members.push({ ...{ id, name: 'x', host: 'h', pid: 1, state: 'slave', at, priority: 50 }, ...fields });
  }

  claims(term: number, holder: string): void {
    this.lease = { ...base, term, holder, claim: `${holder}/${term}` };
  }

  /** A claim, and its record. */
  won(term: number, holder: string): void {
    this.claims(term, holder);
    this.record = { name: 'x', term, holder, claim: `${holder}/${term}`, ttl: 1000 };
  }

  releases(): void {
    if (this.lease !== null) this.lease = { ...this.lease, holder: null };
  }

  forgets(): void {
    this.lease = null;
  }

  answers(state: HandOver['state'], why?: string): void {
    const { orders } = this;
    if (orders?.handOver === undefined) throw new Error('nothing was asked');
    const handOver = { ...orders.handOver, state, ...(why === undefined ? {} : { why }) };
    this.orders = { ...orders, version: orders.version + 1, handOver };
  }

  private get seen(): SeenOrders {
    const { orders, unreadable } = this;
    return { orders, drained: false, preferred: null, ...(unreadable === undefined ? {} : { unreadable }) };
  }

  private async read<T>(answer: () => T): Promise<T> {
    if (this.failing !== null) throw this.failing;
    return answer();
  }

  readonly reader = {
    leasesOf: () =>
      this.read((): LeaseEntry[] => {
        const { lease } = this;
        const state = { done: 0, burial: null };
        return lease === null ? [] : [{ name: 'x', lease, state, at: new Date(0), problem: null }];
      }),
    orders: () => this.read(() => [this.seen]),
    members: () => this.read(() => this.members),
    terms: () => this.read(() => (this.record === null ? [] : [{ ...this.record, at: null }])),
  } as unknown as StoreReader;

  readonly writeOrders = async (name: string, expected: number | null, change: OrdersChange): Promise<boolean> => {
    this.before();
    if (this.failing !== null) throw this.failing;
    if ((this.orders?.version ?? null) !== expected) return false;
    this.writes += 1;
    const { handOver = this.orders?.handOver, pause = this.orders?.pause } = change;
    this.orders = {
      ...{ name, version: (expected ?? 0) + 1 },
      ...(handOver == null ? {} : { handOver }),
      ...(pause == null ? {} : { pause }),
    };
    return true;
  };

  /** Both that may ask. */
  readonly desks: Readonly<Record<string, Desk>> = {
    'a member': deskOfStore({
      highestTerm: () =>
        this.read(() => {
          const { record } = this;
          return { epoch: '1', term: record?.term ?? 0, ttl: 0, ...(record === null ? {} : { claim: record.claim }) };
        }),
      observe: () =>
        this.read(() => {
          const observation: Observation = { lease: this.lease, newer: false, settled: true, epoch: '1' };
          return [{ ...observation, ...this.seen }];
        }),
      readOrders: () => this.read(() => [this.seen]),
      writeOrders: this.writeOrders,
      listMembers: () => this.read(() => this.members),
    }),
    'a program without one': deskOfReader(this.reader, this),
  };
}
