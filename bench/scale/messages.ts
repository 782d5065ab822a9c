/** What the processes of this question are given, and what each of them reports. All times in ms. */
import type { FailoverOptions } from 'mongo-failover';
import type { SampleSpread } from '../support/spread.js';

export interface ScaleSettings {
  readonly options: FailoverOptions;
  readonly clusters: number;
  /** `managed`: with a stored queue each, and a task a minute. */
  readonly kind: 'unmanaged' | 'managed';
  /** Whether its members are to be master before it is measured, or standby. */
  readonly role: 'master' | 'slave';
  /** Threads that do nothing but slices. */
  readonly busyThreads: number;
  /** How long a start may take until all have their state. */
  readonly patience: number;
}

/** What the runner asks for. */
export type ScaleOrder = { readonly type: 'measure'; readonly duration: number } | { readonly type: 'end' };

export interface Joined {
  readonly type: 'joined';
  /** Until the last member was master, or standby. */
  readonly took: number;
  readonly masters: number;
  readonly standbys: number;
  /** `error` events until then. */
  readonly errors: number;
}

export interface Measured {
  readonly type: 'measured';
  /** Of all beats of all subsystems, while it was measured. */
  readonly lateness: SampleSpread;
  /** Of all beats of some subsystems since the start, the worst of them in each column. */
  readonly roundTrip: SampleSpread;
  /** How often a member left the state master, while it was measured. */
  readonly leasesLost: number;
  readonly errors: number;
  /** What the errors were, the most frequent first. */
  readonly codes: readonly string[];
  /** The share of one core. */
  readonly cpu: number;
  /** In bytes. */
  readonly rss: number;
  /** Tasks that were submitted, and those that were done. */
  readonly submitted: number;
  readonly tasks: number;
  /** How long subsystems waited for a task thread on the average since the start, in ms. */
  readonly threadWait: number;
  /** The share of all cores that other processes took. */
  readonly othersCpu: number;
  /** Warnings of Node.js, such as of too many listeners. */
  readonly warnings: number;
}

export interface Ended {
  readonly type: 'ended';
  /** Until all members had stopped. */
  readonly took: number;
}

export type ScaleMessage = Joined | Measured | Ended;

/** Of several processes with the same unmanaged subsystems. */
export interface CrewSettings {
  readonly options: FailoverOptions;
  readonly clusters: number;
}

export type CrewOrder = { readonly type: 'report' } | { readonly type: 'end' };

export type CrewMessage =
  | {
      readonly type: 'holds';
      /** By their numbers, with the time of `process.hrtime` at which each mastership began. */
      readonly held: readonly (readonly [number, number])[];
      /** How many masterships have begun. */
      readonly begun: number;
      readonly errors: number;
      readonly standbys: number;
    }
  | { readonly type: 'left' };
