/** What the runner and its members say to each other. */
import type { FailoverOptions, ManagedOptions } from 'mongo-failover';
import type { ScheduleRule } from './load/timetable.ts';

export interface MemberSettings {
  /** Unique in this run: the number of its place, and of the process at that place. */
  readonly member: string;
  readonly options: FailoverOptions;
  readonly managed: Omit<ManagedOptions, 'durable'>;
  /** The file for its history. */
  readonly history: string;
  readonly seed: number;
  /** How many tasks it submits at once, and how often, in ms. */
  readonly load: { readonly size: number; readonly every: number };
  /** How often it submits one of another kind, and for how long it waits for tasks, in ms. */
  readonly extras: number;
  readonly waits: readonly number[];
  readonly schedules: readonly ScheduleRule[];
  /** Whether it has a cluster with a least time between two tasks, too. */
  readonly isPaced: boolean;
  /** Of the wall clock of the machine from the monotonic one, in ms. */
  readonly wallOffset: number;
  /** Of the run, which has the timetable. */
  readonly folder: string;
}

export type MemberMessage =
  | { readonly type: 'state'; readonly to: string }
  | { readonly type: 'quiet' }
  | { readonly type: 'stopped' };

export type Order =
  | { readonly type: 'block'; readonly ms: number }
  | { readonly type: 'fillPool'; readonly ms: number }
  /** `process.exit()`, and an exception that nothing catches. */
  | { readonly type: 'exit' }
  | { readonly type: 'throw' }
  | { readonly type: 'quiet' }
  | { readonly type: 'stop' };
