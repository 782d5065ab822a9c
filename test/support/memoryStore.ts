/**
 * The store's interface in memory, under a clock that is handed in: what the election is tested against. Each call has
 * a fate that the test decides: how long it is under way, whether it or its answer is lost, whether it lands after the
 * caller was told that it failed. With a `gap` a write is not atomic: it reads the document, and writes the whole of it
 * back later over whatever is there by then, as FerretDB 1.x does. This takes the place of no server; how the real
 * stores behave is what test/contract is for.
 */
import assert from 'node:assert/strict';
import { StoreError } from '../../src/errors.ts';
import type { Drain, OrdersAsked, OrdersChange, Preferred, SeenOrders } from '../../src/store/orders.ts';
import type { Lease, Look, Member, Notice, Observation, Store, Tip } from '../../src/store/store.ts';
import type { TakenSlot } from '../../src/store/takenSlots.ts';
import type { Clock } from '../../src/time/clock.ts';

export type CallName =
  | 'highestTerm'
  | 'observe'
  | 'settle'
  | 'compareAndSetLease'
  | 'insertTerm'
  | 'beat'
  | 'release'
  | 'releaseDead';

/** All in ms. */
export interface Fate {
  /** Until the call reaches the store; null: it never does. */
  readonly arrives: number | null;
  /** Between its reading and its writing, or between the two things that it reads. 0 is atomic. */
  readonly gap: number;
  /** Until its answer is back; null: it never is. */
  readonly returns: number | null;
  /** When the caller is told that it failed, whatever becomes of it; null: not before the time limit. */
  readonly fails: number | null;
}

export const swift: Fate = { arrives: 1, gap: 0, returns: 1, fails: null };

interface Connection {
  /** Asked once per call. */
  readonly fate: (call: CallName) => Fate;
  /** After this many ms every call that is not answered has failed. */
  readonly timeLimit: number;
}

type Change = (lease: Lease | null) => Lease | null;

/** One subsystem. Members connect to it; tests look into it, and change it, by the fields. */
export class MemoryStore {
  lease: Lease | null = null;
  /** Term → claim. */
  terms = new Map<number, string>();
  /** Term → time to live. */
  ttls = new Map<number, number>();
  /** It rises with each loss. */
  epoch = 1;
  /** The longest wait that the store was settled for in this epoch, in ms. */
  settledFor = 0;
  /** Kind, and whether it wants the lease → notice. */
  readonly notices = new Map<string, Notice>();
  readonly members = new Map<string, Member>();
  /** What operators ask for, and who goes first. */
  orders: SeenOrders['orders'] = null;
  preferred: Preferred | null = null;
  readonly drains = new Map<string, Drain>();
  /** Every call that was carried out, in order. */
  readonly log: CallName[] = [];

  /** `time` is the store's own, not a member's. */
  constructor(private readonly time: Pick<Clock, 'now' | 'at'>) {}

  get tip(): number {
    return Math.max(0, ...this.terms.keys());
  }

  /** For times to live of any length. */
  settleForGood(): this {
    this.settledFor = Number.POSITIVE_INFINITY;
    return this;
  }

  ordersFor({ drains = [] }: OrdersAsked): SeenOrders {
    const { orders, preferred } = this;
    return { orders, preferred, drained: drains.some((key) => this.drains.has(key)) };
  }

  connect(connection: Connection): MemoryConnection {
    return new MemoryConnection(this, this.time, connection);
  }
}

/** What one member sees. */
export class MemoryConnection implements Store {
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly store: MemoryStore,
    private readonly time: Pick<Clock, 'now' | 'at'>,
    private readonly connection: Connection,
  ) {}

  /** Tells the listeners that the store is back. */
  available(): void {
    for (const listener of this.listeners) listener();
  }

  onAvailable(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  onHint(): () => void {
    return () => {};
  }

  wantHints(): void {}

  highestTerm(): Promise<Tip> {
    const { store } = this;
    return this.call<Tip>('highestTerm', (answer) =>
      answer({
        term: store.tip,
        ttl: store.ttls.get(store.tip) ?? 0,
        ...(store.tip === 0 ? {} : { claim: store.terms.get(store.tip) ?? '' }),
        epoch: `${store.epoch}`,
      }),
    );
  }

  observe([asked]: readonly Look[]): Promise<(Observation & SeenOrders)[]> {
    assert.ok(asked !== undefined);
    const { tip, wait = 0 } = asked;
    // Two documents are not one snapshot: with a gap, the record is read first and the lease later.
    return this.call<(Observation & SeenOrders)[]>('observe', (answer, gap) => {
      const newer = this.store.terms.has(tip + 1);
      this.after(gap, () => {
        const { lease, settledFor, epoch } = this.store;
        const settled = settledFor > 0 && settledFor >= wait;
        answer([{ lease, newer, settled, epoch: `${epoch}`, ...this.store.ordersFor(asked) }]);
      });
    });
  }

  /** Always atomic, as the insert of a record is. */
  settle(epoch: string, wait: number): Promise<void> {
    return this.call('settle', (answer) => {
      const { store } = this;
      if (epoch === `${store.epoch}`) store.settledFor = Math.max(store.settledFor, wait);
      answer();
    });
  }

  compareAndSetLease(_name: string, expected: Lease | null, next: Lease): Promise<boolean> {
    return this.write('compareAndSetLease', (lease) => (sameVersion(lease, expected) ? next : null));
  }

  beat(tenure: Parameters<Store['beat']>[0], beat: number, progress: Parameters<Store['beat']>[2]): Promise<boolean> {
    return this.write('beat', (lease) =>
      lease?.term === tenure.term && lease.holder === tenure.holder ? { ...lease, beat, ...progress } : null,
    );
  }

  release(
    tenure: Parameters<Store['beat']>[0],
    beat: number,
    progress: Parameters<Store['beat']>[2],
    died?: string,
  ): Promise<boolean> {
    return this.write('release', (lease) =>
      lease?.term === tenure.term && lease.holder === tenure.holder
        ? { ...lease, beat, ...progress, holder: null, ...(died === lease.claim ? { died: true } : {}) }
        : null,
    );
  }

  releaseDead({ term, holder, claim }: Parameters<Store['releaseDead']>[0]): Promise<boolean> {
    return this.write('releaseDead', (lease) =>
      lease?.term === term && lease.holder === holder && lease.claim === claim
        ? { ...lease, holder: null, died: true }
        : null,
    );
  }

  /** Always atomic: a unique key is what even the weakest server has. */
  insertTerm(record: Parameters<Store['insertTerm']>[0]): ReturnType<Store['insertTerm']> {
    return this.call('insertTerm', (answer) => {
      const claim = this.store.terms.get(record.term);
      if (claim === undefined) {
        this.store.terms.set(record.term, record.claim);
        this.store.ttls.set(record.term, record.ttl);
      }
      answer(claim === undefined ? { inserted: true } : { inserted: false, claim });
    });
  }

  async trimTerms(_name: string, below: number): Promise<void> {
    const { tip } = this.store;
    for (const term of this.store.terms.keys()) if (term < below && term !== tip) this.store.terms.delete(term);
  }

  async open(): Promise<void> {}
  async close(): Promise<void> {}
  async putNotice(notice: Notice): Promise<void> {
    this.store.notices.set(`${notice.configuration.kind} ${notice.wants}`, notice);
  }
  async readNotices(): Promise<Notice[]> {
    // As the embedded store does: of one kind, first the one that wants the lease.
    return [...this.store.notices.values()].sort((a, b) => Number(b.wants) - Number(a.wants));
  }
  async putMember(member: Member): Promise<void> {
    this.store.members.set(member.id, member);
  }
  async removeMember(id: string): Promise<void> {
    this.store.members.delete(id);
  }
  async listMembers(): Promise<Member[]> {
    return [...this.store.members.values()];
  }

  async readOrders(asked: readonly OrdersAsked[]): Promise<SeenOrders[]> {
    return asked.map((each) => this.store.ordersFor(each));
  }
  async writeOrders(name: string, expected: number | null, change: OrdersChange): Promise<boolean> {
    const { store } = this;
    if ((store.orders?.version ?? null) !== expected) return false;
    const { handOver = store.orders?.handOver, pause = store.orders?.pause } = change;
    const parts = { ...(handOver ? { handOver } : {}), ...(pause ? { pause } : {}) };
    store.orders = { name, version: (expected ?? 0) + 1, ...parts };
    return true;
  }
  async putDrain(drain: Drain): Promise<void> {
    this.store.drains.set(drain.key, drain);
  }
  async removeDrain(key: string): Promise<void> {
    this.store.drains.delete(key);
  }
  async listDrains(): Promise<Drain[]> {
    return [...this.store.drains.values()];
  }
  async putSuccess(): Promise<void> {}
  async findSuccess(): Promise<null> {
    return null;
  }
  async clockAhead(): Promise<'none'> {
    return 'none';
  }
  async takeSlot(): Promise<TakenSlot> {
    return { taken: true };
  }
  async putPreferred(preferred: Preferred): Promise<void> {
    this.store.preferred = preferred;
  }
  async putPresence(): Promise<void> {}
  async readPresences(): Promise<[]> {
    return [];
  }

  private write(name: CallName, change: Change): Promise<boolean> {
    return this.call(name, (answer, gap) => {
      const next = change(this.store.lease);
      if (next === null) return answer(false);
      const { epoch } = this.store;
      this.after(gap, () => {
        // An update that read before a loss writes to a collection that is gone.
        if (epoch === this.store.epoch) this.store.lease = next;
        answer(true);
      });
    });
  }

  private call<T>(name: CallName, carryOut: (answer: (value: T) => void, gap: number) => void): Promise<T> {
    const { fate, timeLimit } = this.connection;
    const { arrives, gap, returns, fails } = fate(name);
    return new Promise((resolve, reject) => {
      let settled = false;
      const settle = (by: () => void): void => {
        if (settled) return;
        settled = true;
        by();
      };
      const limit = fails ?? timeLimit;
      const cancel = this.time.at(this.time.now() + limit, () =>
        settle(() => reject(new StoreError('ERR_STORE_UNAVAILABLE', `${name} was not answered in ${limit} ms`))),
      );
      if (arrives === null) return;
      this.after(arrives, () => {
        this.store.log.push(name);
        carryOut((value) => {
          if (returns === null) return;
          this.after(returns, () => {
            cancel();
            settle(() => resolve(value));
          });
        }, gap);
      });
    });
  }

  private after(ms: number, then: () => void): void {
    if (ms === 0) then();
    else this.time.at(this.time.now() + ms, then);
  }
}

export function sameVersion(a: Lease | null, b: Lease | null): boolean {
  if (a === null || b === null) return a === b;
  return a.term === b.term && a.claim === b.claim && a.beat === b.beat && a.ack === b.ack && a.holder === b.holder;
}

/** A lease as another member would have written it. */
export function leaseOf(holder: string | null, fields: Partial<Lease> = {}): Lease {
  const term = fields.term ?? 1;
  assert.ok(term > 0);
  const claim = `${holder ?? 'gone'}/${term}`;
  return { term, beat: 0, ack: 0, holder, claim, ttl: 4500, identifier: null, count: 0, recent: [], ...fields };
}
