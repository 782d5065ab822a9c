/**
 * The options, what they mean and their defaults: as a user writes them, and as the code uses them once
 * `resolveOptions` and `resolveManagedOptions` have checked them.
 */
import type { MongoClientOptions } from 'mongodb';

/** The named intervals, in ms; names are taken in upper or lower case. */
export interface Intervals {
  /** Before the first look at the lease. Default 0. */
  readonly INIT: number;
  /** Between two beats of the master. Default 2000. */
  readonly MASTER: number;
  /** Without a new beat, a standby becomes `ticking`. Default 2500. */
  readonly SLAVE: number;
  /** Without a new beat for this much longer, it claims. SLAVE + TICKING is the time to live of a lease. Default 2000. */
  readonly TICKING: number;
  /** Between two tries while the store fails. Default 5000. */
  readonly ERROR: number;
  /** Between two looks of a standby, and before a failed beat is tried again. Default SLAVE / 5, at most 500 and at most TICKING. */
  readonly POLL: number;
  /** Least time between two beats that carry progress to the standbys early. Default MASTER / 8, at most 250. */
  readonly SYNC: number;
}
export type IntervalName = keyof Intervals;

/** What `failover(options)` takes; everything is optional. */
export interface FailoverOptions {
  mongodb?: {
    /** Default `mongodb://localhost:27017/test`. */
    connectString?: string | undefined;
    /** Handed to the MongoDB driver. Options of the original that it no longer has (`db`, `server`) are ignored, with an `info` event. */
    connectOptions?: (MongoClientOptions & Record<string, unknown>) | undefined;
    /** Log every command on stderr, credentials redacted. Default false. */
    debug?: boolean | undefined;
  };
  /** Use the embedded store (LMDB): no server, for the processes of one machine. `true` keeps it below the system's temporary folder. Default false. */
  nodb?: boolean | { path?: string | undefined } | undefined;
  intervals?: { [name in IntervalName | Lowercase<IntervalName>]?: number | undefined };
}

/** What a managed cluster takes beside its work; everything is optional. */
export interface ManagedOptions {
  /** Delay before a failed task is tried again, in ms: `minDelay`, doubled each time up to `maxDelay`. Defaults 100 and `minDelay`. */
  retry?: { minDelay?: number; maxDelay?: number };
  /** Most tasks that may wait in the queue. Default 1,000,000. */
  maxQueue?: number | undefined;
  /** Most bytes that one task may have, encoded. Default 1 MiB, at most 16 MiB. */
  maxTaskBytes?: number | undefined;
  /** Limits of the task thread, as of `worker_threads`. */
  resourceLimits?: {
    maxOldGenerationSizeMb?: number;
    maxYoungGenerationSizeMb?: number;
    codeRangeSizeMb?: number;
    stackSizeMb?: number;
  };
  /** How long `stop()` lets the running task go on before it is ended, in ms. Default 20,000, which leaves time to release before Kubernetes kills. */
  stopTimeout?: number | undefined;
  /** How long before the lease ends work is stopped, in ms. Default 10 % of SLAVE + TICKING, at most 500. */
  grace?: number | undefined;
}

export type StoreOptions =
  | {
      readonly kind: 'mongodb';
      readonly connectString: string;
      readonly connectOptions: MongoClientOptions;
      readonly debug: boolean;
    }
  | { readonly kind: 'embedded'; readonly path: string };

export interface ResolvedOptions {
  readonly store: StoreOptions;
  readonly intervals: Intervals;
  /** Names of connect options that were accepted and ignored, each said in an `info` event. */
  readonly ignored: readonly string[];
}

export interface ResolvedManagedOptions {
  readonly retry: { readonly minDelay: number; readonly maxDelay: number };
  readonly maxQueue: number;
  readonly maxTaskBytes: number;
  readonly resourceLimits: NonNullable<ManagedOptions['resourceLimits']>;
  readonly stopTimeout: number;
  readonly grace: number;
}
