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
  mongodb?:
    | {
        /** Default `mongodb://localhost:27017/test`. */
        connectString?: string | undefined;
        /** Handed to the MongoDB driver: its `MongoClientOptions`, as far as they are plain values. Options of the original that it no longer has (`db`, `server`) and `compressors` are ignored, with an `info` event. */
        connectOptions?: object | undefined;
        /** Log every command on stderr, credentials redacted. Default false. */
        debug?: boolean | undefined;
      }
    | undefined;
  /** Use the embedded store (LMDB): no server, for the processes of one machine. `true` keeps it in the user's state folder. Default false. */
  nodb?: boolean | { path?: string | undefined } | undefined;
  intervals?: { [name in IntervalName | Lowercase<IntervalName>]?: number | undefined } | undefined;
  /**
   * How long the exit of the process may wait for its leases to be released, in ms: after an uncaught exception, after
   * `process.exit()`, or when nothing is left to do. The next member then takes over at once. 0: they are left to expire.
   * Default 500.
   */
  exitTimeout?: number | undefined;
}

/** What a managed cluster takes beside its work; everything is optional. */
export interface ManagedOptions {
  /**
   * Keep the tasks in the store, so they survive every crash. They are submitted to any one member, once; without
   * it each member keeps a queue of its own in memory, and is fed every task. Default false.
   */
  durable?: boolean | undefined;
  /** How a failed task is tried again. */
  retry?:
    | {
        /** Least delay before the next try, in ms. Default 100. */
        minDelay?: number | undefined;
        /** Most, in ms: it doubles with each failure, and is drawn at random up to that. Default `minDelay`: always the same. */
        maxDelay?: number | undefined;
        /**
         * How often a task is tried. Default `Infinity`; even so a stored task that was running whenever a process died is
         * given up after the third death.
         */
        attempts?: number | undefined;
        /**
         * What becomes of a task whose attempts are used up. `block`: it stays at the head, and the queue is blocked until
         * `requeue(id)`. `dead-letter`: it leaves the queue and is kept apart in the store until `requeue(id)`. Default `block`.
         */
        exhausted?: 'block' | 'dead-letter' | undefined;
      }
    | undefined;
  /** Most tasks that may wait in the queue. Default 1,000,000. */
  maxQueue?: number | undefined;
  /** Most bytes that one task may have, encoded. Default 1 MiB, at most 16 MiB less 64 KiB. */
  maxTaskBytes?: number | undefined;
  /** Limits of the task thread, as of `worker_threads`. */
  resourceLimits?:
    | {
        maxOldGenerationSizeMb?: number | undefined;
        maxYoungGenerationSizeMb?: number | undefined;
        codeRangeSizeMb?: number | undefined;
        stackSizeMb?: number | undefined;
      }
    | undefined;
  /**
   * How long the task thread stays without a task, in ms. The next task then starts a new thread, which loads the module
   * again; `Infinity` keeps the thread for as long as this member is master. Default 10,000.
   */
  idleThreadTimeout?: number | undefined;
  /** How long the work module may take to load, in ms. After that this member gives the mastership up. Default 60,000. */
  loadTimeout?: number | undefined;
  /** How long `stop()` lets the running task go on before it is ended, in ms. Default 20,000, which leaves time to release before Kubernetes kills. */
  stopTimeout?: number | undefined;
  /** How long before the lease ends work is stopped, in ms. Default 10 % of SLAVE + TICKING, at most 500. */
  grace?: number | undefined;
  /**
   * How long one task may take, in ms. In a thread it is then ended and has failed; a function on the main thread cannot
   * be ended, so its member gives the mastership up. Default: without end.
   */
  taskTimeout?: number | undefined;
  /** For work that is a function: the member gives the mastership up when its main thread was blocked for so long, in ms. Default: never. */
  mainTimeout?: number | undefined;
  /**
   * What happens when work has not stopped by the end of the lease, because a native call holds its thread. `thread`: a
   * `panic` says so. `process`: this process is killed (SIGKILL, or by a fault where it is PID 1), so the next master's
   * work never overlaps it; refused where nothing could end the process. Default `thread`.
   */
  fencing?: 'thread' | 'process' | undefined;
}

export type StoreOptions =
  | {
      readonly kind: 'mongodb';
      readonly connectString: string;
      readonly connectOptions: MongoClientOptions;
      readonly debug: boolean;
    }
  | {
      readonly kind: 'embedded';
      readonly path: string;
      /** Where earlier versions kept it by default: used for as long as there is a store there and none in `path`. */
      readonly earlierPath?: string | undefined;
      /** The user who must own the folder, where no path was given. */
      readonly owner?: number | undefined;
    };

export interface ResolvedOptions {
  readonly store: StoreOptions;
  readonly intervals: Intervals;
  readonly exitTimeout: number;
  /** Names of connect options that were accepted and ignored, each said in an `info` event. */
  readonly ignored: readonly string[];
}

export interface ResolvedManagedOptions {
  readonly durable: boolean;
  readonly retry: ResolvedRetry;
  readonly maxQueue: number;
  readonly maxTaskBytes: number;
  readonly resourceLimits: { [name in keyof NonNullable<ManagedOptions['resourceLimits']>]?: number };
  /** May be `Infinity`. */
  readonly idleThreadTimeout: number;
  readonly loadTimeout: number;
  readonly stopTimeout: number;
  readonly grace: number;
  /** `Infinity` when there is none, as for the next. */
  readonly taskTimeout: number;
  readonly mainTimeout: number;
  readonly fencing: 'thread' | 'process';
}

export interface ResolvedRetry {
  readonly minDelay: number;
  readonly maxDelay: number;
  /** `Infinity`: for ever. */
  readonly attempts: number;
  readonly exhausted: 'block' | 'dead-letter';
}
