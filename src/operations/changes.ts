/** What has changed between two looks at a store. Pure: the looks and the time are handed in. */
import type { LeaseEntry } from '../store/reader.js';
import type { Member } from '../store/store.js';
import type { Look } from './look.js';
import type { OrdersView } from './seenOrders.js';

export type Change =
  | { readonly type: 'master'; readonly name: string; readonly term: number; readonly holder: string }
  | { readonly type: 'released'; readonly name: string; readonly term: number; readonly died: boolean }
  | { readonly type: 'overdue'; readonly name: string; readonly term: number; readonly silent: number }
  | { readonly type: 'beating'; readonly name: string; readonly term: number }
  | { readonly type: 'gone'; readonly name: string }
  | { readonly type: 'joined'; readonly name: string; readonly member: string; readonly state: string }
  | { readonly type: 'left'; readonly name: string; readonly member: string }
  | {
      readonly type: 'state';
      readonly name: string;
      readonly member: string;
      readonly from: string;
      readonly to: string;
    }
  | { readonly type: 'paused'; readonly name: string; readonly by: string; readonly reason: string | null }
  | { readonly type: 'resumed'; readonly name: string }
  | {
      readonly type: 'handOver';
      readonly name: string;
      readonly state: string;
      readonly to: string | null;
      readonly why: string | null;
    };

/** A lease as it has been watched. */
interface Watched {
  readonly entry: LeaseEntry;
  /** When its beat was seen to change, by the clock of the looks. */
  readonly beatAt: number;
  readonly isOverdue: boolean;
}

export class ChangeWatch {
  private leases = new Map<string, Watched>();
  private members = new Map<string, Member>();
  private orders: ReadonlyMap<string, OrdersView> = new Map();
  private isFirst = true;

  /** Returns what has changed since the last look; of the first one, who is master and what is paused. */
  see(look: Look): Change[] {
    const changes = [...this.seeLeases(look), ...this.seeMembers(look), ...this.seeOrders(look)];
    this.isFirst = false;
    return changes;
  }

  private seeLeases({ leases, now }: Look): Change[] {
    const changes: Change[] = [];
    const next = new Map<string, Watched>();
    for (const entry of leases) {
      const before = this.leases.get(entry.name);
      const seen = watched(entry, before, now);
      next.set(entry.name, seen);
      changes.push(...leaseChanges(seen, before, now));
    }
    for (const name of this.leases.keys()) if (!next.has(name)) changes.push({ type: 'gone', name });
    this.leases = next;
    return changes;
  }

  private seeMembers({ members }: Look): Change[] {
    const changes: Change[] = [];
    const next = new Map(members.map((member) => [member.id, member]));
    for (const { id, name, state } of next.values()) {
      const before = this.members.get(id);
      if (before === undefined && !this.isFirst) changes.push({ type: 'joined', name, member: id, state });
      if (before !== undefined && before.state !== state) {
        changes.push({ type: 'state', name, member: id, from: before.state, to: state });
      }
    }
    for (const { id, name } of this.members.values()) {
      if (!next.has(id)) changes.push({ type: 'left', name, member: id });
    }
    this.members = next;
    return changes;
  }

  private seeOrders({ orders }: Look): Change[] {
    const changes: Change[] = [];
    for (const [name, { pause, handOver }] of orders) {
      const before = this.orders.get(name);
      if (pause !== null && before?.pause?.at.getTime() !== pause.at.getTime()) {
        changes.push({ type: 'paused', name, by: pause.by, reason: pause.reason });
      }
      if (pause === null && before?.pause != null) changes.push({ type: 'resumed', name });
      const isSame = before?.handOver?.id === handOver?.id && before?.handOver?.state === handOver?.state;
      if (handOver !== null && !isSame && !this.isFirst) {
        changes.push({ type: 'handOver', name, state: handOver.state, to: handOver.to, why: handOver.why });
      }
    }
    this.orders = orders;
    return changes;
  }
}

function watched(entry: LeaseEntry, before: Watched | undefined, now: number): Watched {
  const isSame = before !== undefined && beatOf(before.entry) === beatOf(entry);
  const beatAt = isSame ? before.beatAt : now;
  const isHeld = entry.lease !== null && entry.lease.holder !== null;
  return { entry, beatAt, isOverdue: isHeld && now - beatAt > (entry.lease?.ttl ?? 0) };
}

function beatOf({ lease }: LeaseEntry): string {
  return lease === null ? '' : `${lease.term} ${lease.claim} ${lease.beat} ${lease.holder}`;
}

function leaseChanges({ entry, beatAt, isOverdue }: Watched, before: Watched | undefined, now: number): Change[] {
  const { name, lease } = entry;
  if (lease === null) return [];
  const { term, holder, died } = lease;
  const old = before?.entry.lease ?? null;
  if (holder !== null && (old?.holder !== holder || old.term !== term)) return [{ type: 'master', name, term, holder }];
  if (holder === null && (old === null || old.holder !== null)) {
    return [{ type: 'released', name, term, died: died === true }];
  }
  if (isOverdue && before?.isOverdue === false) return [{ type: 'overdue', name, term, silent: now - beatAt }];
  if (!isOverdue && before?.isOverdue === true && holder !== null) return [{ type: 'beating', name, term }];
  return [];
}
