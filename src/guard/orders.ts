/**
 * What a guard is told by its ward, and what it knows from that. A guard is the process that looks after another one, which
 * is its ward. Orders cross by the channel between the two, because what is on a command line or in the environment can be read by others.
 */
import type { StoreOptions } from '../options/options.js';
import type { StoreLimits } from '../store/limits.js';
import type { ProcessIdentity } from '../surroundings/processIdentity.js';

/** What does not change while the ward lives. */
export interface Charter {
  readonly ward: ProcessIdentity;
  readonly store: StoreOptions;
  readonly limits: StoreLimits;
  /** How long the guard may outlive its ward, in ms: then the leases have expired, and nothing is left to do. */
  readonly ttl: number;
}

/** A group of processes that the ward has started. */
export interface ProcessGroup {
  /** The number of the group, and of the process that leads it. */
  readonly number: number;
  /** When that process started, as `ProcessIdentity` has it; empty where the system does not say. */
  readonly start: string;
  /**
   * Until when the group may go on, by the monotonic clock of the machine. The guard kills it then, whether the ward lives or
   * not: one that is stopped cannot. Missing: the group ends with the ward.
   */
  readonly until?: number;
  /** Is in the environment of the processes of the group. Those that have left it are killed as well. */
  readonly marker?: string;
}

/** What a guard says to its ward: it knows the group of this number, and until when it may go on. */
export interface GuardReply {
  readonly knows: number;
}

export type GuardOrder =
  | { readonly type: 'begin'; readonly charter: Charter }
  /** A member of the ward; it may hold the lease of this name at any time from now on. */
  | { readonly type: 'addMember'; readonly holder: string; readonly name: string }
  /** One that holds no lease any more, and never will again. */
  | { readonly type: 'removeMember'; readonly holder: string }
  | { readonly type: 'addGroup'; readonly group: ProcessGroup }
  | { readonly type: 'removeGroup'; readonly number: number };

/** What the orders have come to. */
export class Duties {
  charter: Charter | null = null;
  /** Names of subsystems, by the member that may hold the lease. */
  readonly members = new Map<string, string>();
  readonly groups = new Map<number, ProcessGroup>();

  take(order: GuardOrder): void {
    switch (order.type) {
      case 'begin':
        this.charter = order.charter;
        return;
      case 'addMember':
        this.members.set(order.holder, order.name);
        return;
      case 'removeMember':
        this.members.delete(order.holder);
        return;
      case 'addGroup':
        this.groups.set(order.group.number, order.group);
        return;
      case 'removeGroup':
        this.groups.delete(order.number);
    }
  }

  /** Returns the orders that give another guard the same duties. */
  *orders(): Generator<GuardOrder> {
    if (this.charter !== null) yield { type: 'begin', charter: this.charter };
    for (const [holder, name] of this.members) yield { type: 'addMember', holder, name };
    for (const group of this.groups.values()) yield { type: 'addGroup', group };
  }

  get isEmpty(): boolean {
    return this.members.size === 0 && this.groups.size === 0;
  }
}
