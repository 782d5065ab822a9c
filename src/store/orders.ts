/**
 * What operators ask for, as the store keeps it: hand a mastership over, pause a subsystem, drain a host or a process, and
 * which standby is to go first. None of it is in the lease, and no rule of safety reads it: it makes a member claim later, or
 * release as it may at any time. An older version knows nothing of it.
 */
import type { WireError } from '../errors.js';

/** Says how far a request to hand over is: `refused` and `done` end it. */
export type HandOverState = 'asked' | 'accepted' | 'refused' | 'done';

/** Asks the master of one term to hand over. It means nothing in any other term. */
export interface HandOver {
  /** Unique per request. */
  readonly id: string;
  readonly term: number;
  /** The id of the member that is to be the next master. Missing: any. */
  readonly to?: string;
  /** Who asked. */
  readonly by: string;
  readonly reason?: string;
  /** For people only. */
  readonly at: Date;
  readonly state: HandOverState;
  /** Why it was refused. */
  readonly why?: string;
}

/** The reason of a hand-over that a master asks for by itself, because its process has more than its share. */
export const REBALANCE = 'rebalance';

/** Returns whether the request is not answered yet. */
export function isOpen({ state }: HandOver): boolean {
  return state === 'asked' || state === 'accepted';
}

/** Lets no new task begin, on any member. */
export interface Pause {
  readonly by: string;
  readonly reason?: string;
  /** For people only. */
  readonly at: Date;
  /** When it ends by itself, by the wall clock of a member that may end it: ms since 1970. Missing: it does not. */
  readonly until?: number;
  /** Whether no member is to be master, either. */
  readonly standby: boolean;
}

/** Says that there are requests to change tasks: the master looks for them when it finds another mark than before. */
export interface Changes {
  /** Of the last request. */
  readonly id: string;
}

/** The document of one subsystem. */
export interface Orders {
  readonly name: string;
  /** Counts up with each write, from 1 on. */
  readonly version: number;
  readonly handOver?: HandOver;
  readonly pause?: Pause;
  readonly changes?: Changes;
}

/** What a write of orders changes: null takes it away, and what is missing stays as it is. */
export interface OrdersChange {
  readonly handOver?: HandOver | null;
  readonly pause?: Pause | null;
  readonly changes?: Changes;
}

/** Keeps the members of a host or a process from claiming, and has them hand over what they hold. */
export interface Drain {
  /** Of `hostDrain` or `processDrain`. */
  readonly key: string;
  readonly by: string;
  readonly reason?: string;
  /** For people only. */
  readonly at: Date;
}

/**
 * The standby of the highest priority says that it lives. No clock of another machine is read: a member that sees `count`
 * change knows.
 */
export interface Preferred {
  readonly name: string;
  readonly holder: string;
  readonly priority: number;
  /** Counts up with each time that the member writes it. */
  readonly count: number;
}

/** One subsystem whose orders are asked for. */
export interface OrdersAsked {
  readonly name: string;
  /** The keys of the drains that concern the member. Default: none. */
  readonly drains?: readonly string[];
}

/** The orders of one subsystem, as one read found them. */
export interface SeenOrders {
  readonly orders: Orders | null;
  /** Whether one of the drains that were asked about is there. */
  readonly drained: boolean;
  readonly preferred: Preferred | null;
  /** Why orders that are there could not be read. They are missing here, and no look fails because of them. */
  readonly unreadable?: WireError;
}

/** What a look finds where there are no orders. */
export const noOrders: SeenOrders = { orders: null, drained: false, preferred: null };

/** Returns the key of the drain of all members on a host. */
export function hostDrain(host: string): string {
  return `host/${host}`;
}

/** Returns the key of the drain of one process. `start`: when it started, or any text that no other process of this id has. */
export function processDrain(host: string, pid: number, start: string): string {
  return `process/${host}/${pid}/${start}`;
}
