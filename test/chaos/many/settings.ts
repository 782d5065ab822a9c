/** What the processes of a run with many subsystems have in common. */
import type { FailoverOptions } from 'mongo-failover';

/** A lease that two busy cores keep with hundreds of subsystems, and that a fault outlasts within seconds. In ms. */
export const intervals = { INIT: 0, MASTER: 1000, SLAVE: 3600, TICKING: 1200, POLL: 200, SYNC: 125, ERROR: 500 };
/** After so long without a new beat others claim. */
export const LEASE = intervals.SLAVE + intervals.TICKING;
/** Between two looks of a member at what it holds, in ms. */
export const LOOK = 25;
/** Task threads of a member: fewer than managed subsystems, so they take turns. */
export const THREADS_MOST = 2;

export interface ManySettings {
  /** Unique in this run: the number of its place, and of the process at that place. */
  readonly member: string;
  readonly options: FailoverOptions;
  readonly unmanaged: readonly string[];
  readonly managed: readonly string[];
  /** The files for what it holds, and for what its work does. */
  readonly history: string;
  readonly ledger: string;
}

export interface Task {
  readonly id: string;
  readonly name: string;
  readonly ms: number;
}

export type ManyMessage = { readonly type: 'holds'; readonly count: number } | { readonly type: 'stopped' };
