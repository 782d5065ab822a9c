/**
 * The options, what they mean and their defaults: as a user writes them, and as the code uses them once
 * `resolveOptions` and `resolveManagedOptions` have checked them.
 */
import type { MongoClientOptions } from 'mongodb';
import type { ResolvedObserve } from './observe.js';
import type { PageAction } from './pageActions.js';
import type { ResolvedRebalance } from './rebalance.js';

/** Holds the intervals, in ms. A failover takes at most SLAVE + TICKING + POLL and a few round trips: 5.0 s by default. */
export interface Intervals {
  /** Sets the time before the first look at the lease. Default 0. */
  readonly INIT: number;
  /** Sets the time between two beats of the master. Default 2000. */
  readonly MASTER: number;
  /** Sets the time without a new beat after which a standby becomes `ticking`. Default 2500. */
  readonly SLAVE: number;
  /** Sets how much longer it then waits before it claims. SLAVE + TICKING is the time to live of a lease. Default 2000. */
  readonly TICKING: number;
  /** Sets the time between two tries while the store fails. Default 5000. */
  readonly ERROR: number;
  /** Sets the time between two looks of a standby, and before a failed beat is tried again. Default SLAVE / 5, at most 500 and at most TICKING. */
  readonly POLL: number;
  /** Sets the least time between two beats that carry progress to the standbys early. Default MASTER / 8, at most 250. */
  readonly SYNC: number;
}
/** Names an interval. */
export type IntervalName = keyof Intervals;

/** Sets where the members of all clusters meet, and at which intervals. Everything is optional. */
export interface FailoverOptions {
  /** Names the MongoDB that elects. Ignored with `nodb`. */
  mongodb?:
    | {
        /** Names the server and the database that has the collections. Default `mongodb://localhost:27017/test`. */
        connectString?: string | undefined;
        /**
         * Goes to the MongoDB driver: its `MongoClientOptions`, as far as they are plain values. Options of the original that
         * the driver no longer has (`db`, `server`) and `compressors` are ignored, with an `info` event. Default `{}`.
         */
        connectOptions?: object | undefined;
        /** Logs every command on stderr, credentials redacted. Default false. */
        debug?: boolean | undefined;
        /**
         * Says whether members hear of changes at once, by change streams. `auto`: where the server has them; if not, they look
         * every POLL, and an `info` event says so. `false`: they look every POLL. Default `auto`.
         */
        wakeUps?: 'auto' | false | undefined;
      }
    | undefined;
  /**
   * Uses the embedded store (LMDB) instead: no server, for the processes of one machine. `true` keeps it in the user's state
   * folder, and `path` in a folder of your choice. Default false.
   */
  nodb?:
    | boolean
    | {
        /** Names the folder; a relative path is resolved when `failover()` is called. Default: as for `true`. */
        path?: string | undefined;
      }
    | undefined;
  /** Sets the intervals, in ms; names are taken in upper or lower case. They must fit together, or the call is refused. */
  intervals?:
    | ({ -readonly [name in keyof Intervals]?: number | undefined } & {
        [name in Lowercase<IntervalName>]?: number | undefined;
      })
    | undefined;
  /**
   * Sets how long the exit of the process may wait for its leases to be released, in ms: after an uncaught exception, after
   * `process.exit()`, or when nothing is left to do. The next member then takes over at once. 0: they are left to expire.
   * Default 500.
   */
  exitTimeout?: number | undefined;
  /**
   * Starts a guard: a small process beside this one, which releases the leases once this process has died, be it by SIGKILL. The
   * next member then takes over at once. For machines with one process; several look after each other. Default false.
   */
  guard?: boolean | undefined;
  /**
   * Serves probes (`/livez`, `/readyz`, `/leader/NAME`) and metrics (`/metrics`) over HTTP, from a thread of its own, so they
   * answer while the main thread is blocked. Default: nothing is served, and no thread is started.
   */
  observe?:
    | {
        /** Sets the port to listen on; 0: a free one, which `observed()` tells. */
        port: number;
        /** Names the host or address to listen on. Default `127.0.0.1`: this machine alone. */
        host?: string | undefined;
        /**
         * Must be sent as `Authorization: Bearer …`: 16 to 512 letters, digits and `-._~+/`. Needed if others than this machine
         * can reach the host. Without it `/livez` and `/readyz` answer the status alone.
         */
        token?: string | undefined;
        /** Serves the live page, too, under `/page/`. It reads the store while someone looks. Default: false. */
        page?: boolean | undefined;
        /** Says which actions the page has, which needs `token`. Default: none. */
        actions?: boolean | readonly PageAction[] | undefined;
      }
    | undefined;
  /** Limits the task threads, in which work that is a module runs. */
  taskThreads?:
    | {
        /**
         * Sets how many task threads may live at once, for all managed clusters made from this. Who needs one more waits in
         * line. Default `Infinity`: each cluster has one while it has tasks.
         */
        most?: number | undefined;
      }
    | undefined;
  /**
   * Sets which standby goes first when a lease is free, from 0 to 100: one of a higher priority claims before those of a lower
   * one, who wait up to 3 POLL more. 0: its members are never master. Default 50.
   */
  priority?: number | undefined;
  /**
   * Has this process give masterships away where it has more than its share, one after another, to processes that stand by for
   * the same subsystems. `true`: by the defaults. Default false.
   */
  rebalance?:
    | boolean
    | {
        /** Sets how long another process must have lived before it is given anything, in ms. Default 60,000. */
        settle?: number | undefined;
        /**
         * Sets by which part of the fair share the most and the fewest masterships must differ, from 0 to 1. They must also
         * differ by 2. Default 0.1.
         */
        threshold?: number | undefined;
        /** Sets the pause after a move, in ms; it is shorter while a process has more than 10 above its share. Default 10,000. */
        every?: number | undefined;
        /** Sets how long the running task may take to end, in ms; after that the mastership stays. Default 300,000. */
        patience?: number | undefined;
        /** Sets how long a mastership that was handed over stays, in ms; one that was lost twice in this time stays, too. Default 600,000. */
        rest?: number | undefined;
      }
    | undefined;
}

/** Sets what an unmanaged cluster takes beside its name. Everything is optional. */
export interface UnmanagedOptions {
  /** Sets the priority of this member, from 0 to 100. Default: that of `failover()`. */
  priority?: number | undefined;
}

/** Says to whom, and when, a mastership is handed over. Everything is optional. */
export interface HandOverOptions {
  /** Names the member that is to be the next master: its `id`, or a beginning of it that no other has. Default: any. */
  to?: string | undefined;
  /** Hands over only if this is the term of the present mastership. */
  ifTerm?: number | undefined;
  /** Says why, for people. */
  reason?: string | undefined;
  /** Sets after how many ms the request is taken back. Default 30,000. */
  timeout?: number | undefined;
}

/** Says how a subsystem is paused. Everything is optional. */
export interface PauseOptions {
  /** Says why, for people. */
  reason?: string | undefined;
  /** Ends the pause by itself after so many ms. Default: only `resume()` ends it. */
  for?: number | undefined;
  /** Has no member be master, either. Default false. */
  standby?: boolean | undefined;
}

/** Says why a process is drained. */
export interface DrainOptions {
  /** Says why, for people. */
  reason?: string | undefined;
}

/**
 * Sets where the tasks of a managed cluster are kept, how failures are tried again, and limits. Everything is optional.
 * Members of one name should agree on `durable`, `retry`, `maxQueue` and `maxTaskBytes`.
 *
 * @example
 * ```ts
 * import { failover, type ManagedOptions } from 'mongo-failover';
 *
 * const options: ManagedOptions = {
 *   durable: true, // the tasks survive every crash; submit each once, to any one member
 *   retry: { minDelay: 100, maxDelay: 60_000, attempts: 10, exhausted: 'dead-letter' },
 *   taskTimeout: 30_000, // ms
 * };
 * const { managed: Managed } = failover({ mongodb: { connectString: 'mongodb://localhost:27017/test' } });
 * const cluster = new Managed<{ id: number }>('billing', 'id', new URL('./billing.js', import.meta.url), options);
 * cluster.on('deadletter', (id, error) => console.error(`task ${id} was given up: ${error.message}`));
 * await cluster.run();
 * await cluster.submitWork({ id: 1 }); // resolves when the database has it
 * ```
 */
export interface ManagedOptions {
  /** Sets the priority of this member, from 0 to 100. Default: that of `failover()`. */
  priority?: number | undefined;
  /**
   * Keeps the tasks in the store, so they survive every crash. Each is submitted to any one member, once. Without
   * it each member keeps a queue of its own in memory, and is fed every task. Default false.
   */
  durable?: boolean | undefined;
  /** Sets how a failed task is tried again. */
  retry?:
    | {
        /** Sets the least delay before the next try, in ms. Default 100. */
        minDelay?: number | undefined;
        /** Sets the most delay, in ms: it doubles with each failure, and is drawn at random up to that. Default `minDelay`: always the same. */
        maxDelay?: number | undefined;
        /**
         * Sets how often a task is tried. Default `Infinity`; even so a stored task that was running whenever a process died
         * is given up after the third death.
         */
        attempts?: number | undefined;
        /**
         * Says what becomes of a task whose attempts are used up. `block`: it stays at the head, and the queue is blocked until
         * `requeue(id)`. `dead-letter`: it leaves the queue and is kept apart in the store until `requeue(id)`. Default `block`.
         */
        exhausted?: 'block' | 'dead-letter' | undefined;
      }
    | undefined;
  /**
   * Sets how many tasks may wait in the queue; durable: those of all members together. Default 1,000,000. Callers are refused beyond
   * it. Tasks of transactions, of schedules, and those that are due by their `at` get in line nevertheless, and count.
   */
  maxQueue?: number | undefined;
  /** Sets how many bytes one task may have, encoded. Default 1 MiB, at most 16 MiB less 64 KiB. */
  maxTaskBytes?: number | undefined;
  /**
   * Keeps how each task ended, and its result, for so many ms: so `submitWork` resolves to a handle whose `done()` waits for the
   * end, and `outcome(id)` tells it. Needs `durable: true`. At least 60,000. Default: not kept.
   */
  keepOutcomes?: number | undefined;
  /**
   * Lets the work return `{ result }` in the place of true: the task is done, and `done()` gives the result, 64 KiB at most when
   * encoded. Needs `keepOutcomes`. Default false.
   */
  results?: boolean | undefined;
  /** Limits the task thread, as in `worker_threads`. Default: as Node.js limits a thread. */
  resourceLimits?:
    | {
        /** Limits the heap, in MiB; at least 4. */
        maxOldGenerationSizeMb?: number | undefined;
        /** Limits the part of the heap for young objects, in MiB. */
        maxYoungGenerationSizeMb?: number | undefined;
        /** Limits the memory for generated code, in MiB. */
        codeRangeSizeMb?: number | undefined;
        /** Limits the stack, in MiB; from 0.5 to 64. */
        stackSizeMb?: number | undefined;
      }
    | undefined;
  /**
   * Sets how long the task thread stays without a task, in ms. The next task then starts a new thread, which loads the module
   * again; `Infinity` keeps the thread for as long as this member is master. Default 10,000.
   */
  idleThreadTimeout?: number | undefined;
  /** Sets how long the work module may take to load, in ms. After that this member gives the mastership up. Default 60,000. */
  loadTimeout?: number | undefined;
  /**
   * Sets how long `stop()` lets the running task go on before it is ended, in ms. Default 20,000, which leaves time to release
   * the lease before Kubernetes kills.
   */
  stopTimeout?: number | undefined;
  /**
   * Sets how long the work on a running task that is cancelled may go on after its signal, in ms. Then its thread is ended; a
   * function on the main thread cannot be. Default 5,000.
   */
  cancelTimeout?: number | undefined;
  /**
   * Sets the least time between the starts of two stored tasks, attempts included, in ms. It holds over hand-overs and crashes: a
   * new master waits the whole of it first. Only for durable clusters. Default 0: none.
   */
  minInterval?: number | undefined;
  /** Sets how long before the end of the lease work is stopped, in ms. Default 10 % of SLAVE + TICKING, at most 500. */
  grace?: number | undefined;
  /**
   * Sets how long one task may take, in ms. In a thread it is then ended and has failed (`ERR_TASK_TIMEOUT`). A function on
   * the main thread cannot be ended, so its member gives the mastership up. Default: without end.
   */
  taskTimeout?: number | undefined;
  /**
   * Sets, for work that is a function, how long the main thread may be blocked, in ms. After that the member gives the
   * mastership up (`ERR_MAIN_BLOCKED`). Default: without end.
   */
  mainTimeout?: number | undefined;
  /**
   * Says what happens if work has not stopped by the end of the lease, because a native call holds its thread. `thread`: a
   * `panic` says so. `process`: this process is killed (SIGKILL, or by a fault where it is PID 1), so the next master's
   * work never overlaps it; refused where nothing could end the process. Default `thread`.
   */
  fencing?: 'thread' | 'process' | undefined;
}

/** Sets how `cancel` goes about it. Everything is optional. */
export interface CancelOptions {
  /**
   * Cancels the task even if its work runs: `context.signal` aborts, and after `cancelTimeout` its thread ends. Default false:
   * work that runs comes to its end, and if it fails, it is not tried again.
   */
  running?: boolean | undefined;
  /** Sets how long to wait for the master, in ms. Default 10,000, with `running` and `cancelTimeout` more. */
  timeout?: number | undefined;
}

/** Sets how `update` goes about it. Everything is optional. */
export interface UpdateOptions {
  /** Sets how long to wait for the master, in ms. Default 10,000. */
  timeout?: number | undefined;
}

/** Sets which dead letters `requeueAll` puts back. Everything is optional. */
export interface RequeueAllOptions {
  /** Puts back at most so many, the oldest first. Default: all. */
  limit?: number | undefined;
  /** Puts back only those whose error matches, such as `TypeError ERR_X: it failed`. Default: all. */
  error?: RegExp | undefined;
}

export type StoreOptions =
  | {
      readonly kind: 'mongodb';
      readonly connectString: string;
      readonly connectOptions: MongoClientOptions;
      readonly debug: boolean;
      /** `auto` if missing. */
      readonly wakeUps?: 'auto' | false;
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
  readonly guard: boolean;
  readonly observe: ResolvedObserve | null;
  /** `most` may be `Infinity`. */
  readonly taskThreads: { readonly most: number };
  readonly priority: number;
  readonly rebalance: ResolvedRebalance | null;
  /** Names of connect options that were accepted and ignored, each said in an `info` event. */
  readonly ignored: readonly string[];
}

export interface ResolvedManagedOptions {
  /** Null: that of `failover()`. */
  readonly priority: number | null;
  readonly durable: boolean;
  readonly retry: ResolvedRetry;
  readonly maxQueue: number;
  readonly maxTaskBytes: number;
  /** Null: outcomes are not kept. */
  readonly keepOutcomes: number | null;
  readonly results: boolean;
  readonly resourceLimits: { [name in keyof NonNullable<ManagedOptions['resourceLimits']>]?: number };
  /** May be `Infinity`. */
  readonly idleThreadTimeout: number;
  readonly loadTimeout: number;
  readonly stopTimeout: number;
  readonly cancelTimeout: number;
  /** 0: none. */
  readonly minInterval: number;
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
