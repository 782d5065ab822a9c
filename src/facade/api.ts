/**
 * What a user sees of a cluster: interfaces alone, so the published types name no class of ours with its private
 * parts. `cluster.ts`, `managedCluster.ts` and `unmanagedCluster.ts` implement them.
 */
import type { EventEmitter } from 'node:events';
import type { HandOverOptions, PauseOptions } from '../options/options.js';
import type { TaskId } from '../task/task.js';
import type { HandedOver } from '../wire/messages.js';
import type { MemberStatus } from '../wire/status.js';
import type { ClusterEvents, ClusterState } from './events.js';
import type { Schedules } from './schedulesApi.js';
import type {
  Outcome,
  PendingSubmission,
  PendingSubmissions,
  Submission,
  Submissions,
  SubmitOptions,
  TransactionOptions,
} from './submissionsApi.js';
import type { TaskChanger } from './taskChanger.js';

/**
 * Is a member of one subsystem: what managed and unmanaged clusters have in common.
 *
 * @example
 * ```ts
 * import { failover } from 'mongo-failover';
 *
 * const service = failover({ nodb: true });
 * const cluster = new service.unmanaged('poller');
 * cluster.on('statechange', (from, to) => console.log(`${from} -> ${to}`));
 * cluster.on('error', ({ code, message }) => console.error(code, message)); // it goes on: the store may come back
 * cluster.on('panic', ({ code, message }) => console.error(code, message)); // must not happen: tell people
 * await cluster.run();
 * ```
 */
export interface Cluster extends EventEmitter<ClusterEvents> {
  /** Names the subsystem; all instances share it. */
  readonly name: string;

  /** Holds the state as an event told it last. To act, ask `isMaster`. */
  readonly state: ClusterState;

  /** Says whether this member holds the lease at this very moment, whatever events are still queued. */
  readonly isMaster: boolean;

  /** Numbers the mastership of this member; null while it has none. It only rises, so it fences the program's own writes. */
  readonly term: number | null;

  /** Returns how long the lease of this member still lasts, in ms; 0 while it has none. */
  leaseRemaining(): number;

  /**
   * Joins the election. Resolves once it has begun; events tell the rest, also that the store cannot be reached. The first
   * member in a new store waits SLAVE + TICKING before it is master.
   *
   * @throws {@link StateError} `ERR_ALREADY_RUNNING`: it was called before. `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link FailoverError} `ERR_PERMISSION`: the permission model of Node.js forbids threads.
   */
  run(): Promise<void>;

  /**
   * Lets the running task end (within `stopTimeout`), releases the lease and leaves: another member takes over within one
   * POLL. Resolves when that is done. Tasks still queued in memory are dropped here; the other members were fed them, too.
   * It may be called again. A stopped cluster stays so: make another one to run again.
   */
  stop(): Promise<void>;

  /**
   * Hands the mastership of this subsystem over, whichever member has it: no new task begins, and when the running one has
   * ended, the lease is released. Resolves with the mastership that follows. The old master does not claim again for
   * 2 × (SLAVE + TICKING), or for half of that if no other member does.
   *
   * @example
   * ```ts
   * import { failover } from 'mongo-failover';
   *
   * const { unmanaged: Unmanaged } = failover({ nodb: true });
   * const cluster = new Unmanaged('poller');
   * await cluster.run();
   * const { members } = await cluster.status();
   * const other = members.find(({ host }) => host === 'spare');
   * const { term, holder } = await cluster.handOver({ to: other?.id, reason: 'new kernel' });
   * console.log(`${holder} is master under term ${term}`);
   * ```
   *
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an option is wrong.
   * @throws {@link FailoverError} `ERR_HAND_OVER_REFUSED`: there is no master, or it is of another term; the member that is
   * named is unknown, drained, or never master; a request of this term is open already; the subsystem is paused to standby; no other
   * member could follow; or the running task did not end within `stopTimeout`. `ERR_HAND_OVER_TIMEOUT`:
   * it took longer than `timeout`, and was taken back. `ERR_COORDINATOR_LOST`: the coordinator thread died.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link StoreError} The store did not answer or refused.
   */
  handOver(options?: HandOverOptions): Promise<HandedOver>;

  /**
   * Pauses this subsystem, on all members and through failovers and restarts, until `resume()`: no new task begins, and tasks
   * that are submitted are kept. The mastership stays, unless `standby` is true. Resolves when the store has it; the master
   * obeys within MASTER. A pause that is there is replaced.
   *
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an option is wrong.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link StoreError} The store did not answer or refused.
   * @throws {@link FailoverError} `ERR_COORDINATOR_LOST`: the coordinator thread died.
   */
  pause(options?: PauseOptions): Promise<void>;

  /**
   * Ends a pause of this subsystem. Does nothing if there is none.
   *
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link StoreError} The store did not answer or refused.
   * @throws {@link FailoverError} `ERR_COORDINATOR_LOST`: the coordinator thread died.
   */
  resume(): Promise<void>;

  /**
   * Returns what this member is and knows. It asks the store, too, but answers without it.
   *
   * @example
   * ```ts
   * import { failover } from 'mongo-failover';
   *
   * const { managed: Managed } = failover({ nodb: true });
   * const cluster = new Managed<{ id: number }>('billing', 'id', new URL('./billing.js', import.meta.url));
   * await cluster.run();
   * const { state, queued, headAge, unfit, heartbeat, members } = await cluster.status();
   * console.log(`${state}: ${queued} tasks wait, the head for ${headAge ?? 0} ms, among ${members.length} members`);
   * console.log(`p99 of the beats: ${heartbeat.lateness.p99} ms late`);
   * if (unfit !== null) console.error(`claims nothing since ${unfit.since.toISOString()}: ${unfit.message}`);
   * ```
   *
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link FailoverError} `ERR_COORDINATOR_LOST`: the coordinator thread is being replaced.
   */
  status(): Promise<MemberStatus>;
}

/** Owns a queue that one member at a time works off; what was done leaves the queues of all. */
export interface ManagedCluster<Task extends object = object> extends Cluster, Schedules<Task>, TaskChanger<Task> {
  /**
   * Queues a task, before or after `run()`. It is copied: what happens to the object later does not matter.
   *
   * In memory it resolves when the coordinator has it: feed every member the same tasks, and a standby drops what the
   * master has done. Durable, it resolves when the store has it, by majority: any one member may store it, once. If it
   * rejects with `ERR_STORE_UNAVAILABLE` or `ERR_COORDINATOR_LOST`, the task may be stored or not. Submit it again: one
   * that is still queued is not stored twice.
   *
   * @example
   * ```ts
   * import { failover, StoreError } from 'mongo-failover';
   *
   * const { managed: Managed } = failover({ mongodb: { connectString: 'mongodb://localhost:27017/test' } });
   * const work = new URL('./billing.js', import.meta.url);
   * const cluster = new Managed<{ id: number }>('billing', 'id', work, { durable: true });
   * async function submit(task: { id: number }): Promise<void> {
   *   for (;;) {
   *     try {
   *       return void (await cluster.submitWork(task, { wait: true })); // waits for room if the queue is full
   *     } catch (error) {
   *       if (!(error instanceof StoreError && error.code === 'ERR_STORE_UNAVAILABLE')) throw error;
   *       await new Promise((resolve) => setTimeout(resolve, 1000));
   *     }
   *   }
   * }
   * await submit({ id: 1 });
   * ```
   *
   * @param task A plain object of what BSON can hold, with its id under the key.
   * @throws {@link TaskError} `ERR_INVALID_KEY`, `ERR_TASK_NOT_CLONEABLE`, `ERR_TASK_TOO_LARGE`, `ERR_QUEUE_FULL`: the task
   * was not queued, and what was queued before is untouched.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: `wait` is no boolean, or another option is there.
   * @throws {@link StoreError} The store did not answer or refused, if the queue is durable.
   * @throws {@link FailoverError} `ERR_COORDINATOR_LOST`: the coordinator thread died, if the queue is durable.
   */
  submitWork(task: Task, options?: SubmitOptions): Promise<Submission>;
  /**
   * Writes a task in a transaction of yours, through your own client: it is queued if and only if that commits.
   *
   * @throws {@link TaskError} `ERR_NO_TRANSACTION`: the session has no open transaction. `ERR_OTHER_DEPLOYMENT`: its client is
   * connected elsewhere. And what your driver throws, with its labels, so `withTransaction` tries again.
   */
  submitWork(task: Task, options: TransactionOptions): Promise<PendingSubmission>;

  /**
   * Queues many tasks by one call, in their order. The result is that of `submitWork` for one after another, and calls before
   * and after keep their place. All tasks are copied at the call. If one of them is bad, none is queued.
   *
   * Durable, a write carries up to 1,024 tasks or 1 MiB, with consecutive numbers. If the store fails or the queue gets full
   * midway, a beginning of the tasks is stored. Then the error says in `stored` how many certainly are, and in `index` from
   * which task on to submit again: one that is still queued is not stored twice.
   *
   * @example
   * ```ts
   * import { FailoverError, failover } from 'mongo-failover';
   *
   * const { managed: Managed } = failover({ mongodb: { connectString: 'mongodb://localhost:27017/test' } });
   * const work = new URL('./billing.js', import.meta.url);
   * const cluster = new Managed<{ id: number }>('billing', 'id', work, { durable: true });
   * const tasks = Array.from({ length: 5000 }, (_, id) => ({ id }));
   * try {
   *   const { stored, duplicates } = await cluster.submitMany(tasks, { wait: true });
   *   console.log(`${stored} tasks stored, ${duplicates} were queued already`);
   * } catch (error) {
   *   if (!(error instanceof FailoverError)) throw error;
   *   console.error(`${error.code}: go on with tasks.slice(${error.index ?? 0})`);
   * }
   * ```
   *
   * @param tasks What `submitWork` takes, in an array.
   * @throws {@link TaskError} `ERR_INVALID_KEY`, `ERR_TASK_NOT_CLONEABLE`, `ERR_TASK_TOO_LARGE`: none was queued, and `index`
   * is that of the bad one. `ERR_QUEUE_FULL`: there was no room for the task at `index`.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`, or waited for room when that came.
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: this is no array, `wait` is no boolean, or another option is there.
   * @throws {@link StoreError} The store did not answer or refused, if the queue is durable.
   * @throws {@link FailoverError} `ERR_COORDINATOR_LOST`: the coordinator thread died, if the queue is durable.
   */
  submitMany(tasks: readonly Task[], options?: SubmitOptions & { readonly session?: undefined }): Promise<Submissions>;
  /** Writes tasks in a transaction of yours, through your own client: all are queued if and only if that commits. */
  submitMany(tasks: readonly Task[], options: TransactionOptions): Promise<PendingSubmissions>;

  /**
   * Puts a dead letter back at the end of the queue, with all its attempts; or lets a queue that is blocked
   * (`retry.exhausted: 'block'`) try its head again. While a task with this id is queued, its dead letter stays, because the
   * two may differ. Resolves to false if there is nothing to put back and no such task blocks the queue. A queue in memory
   * is that of this member alone, so call it on the master.
   *
   * @example
   * ```ts
   * import { failover } from 'mongo-failover';
   *
   * const { managed: Managed } = failover({ nodb: true });
   * const cluster = new Managed<{ id: number }>('billing', 'id', new URL('./billing.js', import.meta.url), {
   *   durable: true,
   *   retry: { attempts: 3, exhausted: 'dead-letter' },
   * });
   * cluster.on('deadletter', (id, error) => console.error(`task ${id} was given up: ${error.message}`));
   * await cluster.run();
   * // Later, when what made task 1 fail has been mended:
   * if (!(await cluster.requeue(1))) console.log('there is no dead letter of task 1');
   * ```
   *
   * @throws {@link TaskError} `ERR_INVALID_KEY`: this is no id. `ERR_QUEUE_FULL`: there is no room for it.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link StoreError} The store did not answer or refused.
   * @throws {@link FailoverError} `ERR_COORDINATOR_LOST`: the coordinator thread died.
   */
  requeue(id: TaskId): Promise<boolean>;

  /**
   * Looks once how the last task with this id that has ended did so, on whichever member. Resolves to null if none has ended yet,
   * or if the outcome was deleted when the time of `keepOutcomes` was over.
   *
   * @example
   * ```ts
   * import { failover } from 'mongo-failover';
   *
   * const { managed: Managed } = failover({ nodb: true });
   * const cluster = new Managed<{ id: number }>('reports', 'id', new URL('./reports.js', import.meta.url), {
   *   ...{ durable: true, keepOutcomes: 24 * 60 * 60 * 1000, results: true },
   *   retry: { attempts: 3, exhausted: 'dead-letter' },
   * });
   * const submission = await cluster.submitWork({ id: 1 });
   * const { result } = await submission.done<{ url: string }>({ timeout: 30_000 });
   * console.log(result.url);
   * // In another request, or another process:
   * const outcome = await cluster.outcome(1);
   * if (outcome?.state === 'failed') console.error(outcome.error?.message);
   * ```
   *
   * @throws {@link TaskError} `ERR_INVALID_KEY`: this is no id.
   * @throws {@link FailoverError} `ERR_OUTCOMES_OFF`: `keepOutcomes` is not set. `ERR_COORDINATOR_LOST`: the coordinator thread died.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link StoreError} The store did not answer or refused.
   */
  outcome<Result = unknown>(id: TaskId): Promise<Outcome<Result> | null>;
}

/** Only elects and synchronizes: the program does its work while `isMaster` is true. */
export interface UnmanagedCluster extends Cluster {
  /**
   * Tells the standbys how far the work has come: they hear of it by their `synchronize` event, within SYNC + POLL.
   * Resolves to false if this member is not master: then nothing is told.
   *
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: the identifier is neither a text nor a finite number.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   */
  synchronize(identifier: TaskId): Promise<boolean>;
}
