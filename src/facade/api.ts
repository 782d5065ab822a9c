/**
 * What a user sees of a cluster: interfaces alone, so the published types name no class of ours with its private
 * parts. `cluster.ts`, `managedCluster.ts` and `unmanagedCluster.ts` implement them.
 */
import type { EventEmitter } from 'node:events';
import type { TaskId } from '../task/task.js';
import type { MemberStatus } from '../wire/status.js';
import type { ClusterEvents, ClusterState } from './events.js';

/** What managed and unmanaged clusters have in common. */
export interface Cluster extends EventEmitter<ClusterEvents> {
  /** The subsystem's name, shared between all instances. */
  readonly name: string;

  /** The state as last told by an event. `isMaster` is the one to act on. */
  readonly state: ClusterState;

  /** Whether this member holds the lease at this very moment, whatever events are still queued. */
  readonly isMaster: boolean;

  /** The term of the lease that is held; null when none is. It only rises, so it fences the client's own writes. */
  readonly term: number | null;

  /** Returns how long the lease still lasts, in ms; 0 when it is not held. */
  leaseRemaining(): number;

  /**
   * Joins the election. Resolves once it has begun; what comes of it, be it that the store cannot be reached, is told by
   * events.
   *
   * @throws StateError `ERR_ALREADY_RUNNING` when called twice, `ERR_STOPPED` after `stop()`.
   */
  run(): Promise<void>;

  /**
   * Lets the running task end, releases the lease and leaves: another member takes over within one POLL. Resolves when
   * that is done. Tasks still queued in memory are dropped here; the other members were fed them, too. May be called again.
   */
  stop(): Promise<void>;

  /**
   * Returns what this member is and knows.
   *
   * @throws StateError `ERR_STOPPED` after `stop()`; FailoverError `ERR_COORDINATOR_LOST` while the coordinator thread is being replaced.
   */
  status(): Promise<MemberStatus>;
}

/** What becomes of a submitted task. */
export interface Submission {
  /** False: a task with this id is queued already, or another member has done it. */
  readonly stored: boolean;
}

export interface SubmitOptions {
  /** Wait for room when the queue is full, instead of failing with `ERR_QUEUE_FULL`. Default false. */
  readonly wait?: boolean | undefined;
}

/** A queue that is worked off by one member at a time; what was done leaves the queues of all. */
export interface ManagedCluster<Task extends object = object> extends Cluster {
  /**
   * Queues a task, before or after `run()`. It is copied: what happens to the object later does not matter.
   *
   * In memory it resolves when the coordinator has it: feed every member the same tasks, and a standby drops what the
   * master has done. Durable, it resolves when the store has it, by majority: any one member may store it, once. When it
   * rejects with `ERR_STORE_UNAVAILABLE` or `ERR_COORDINATOR_LOST` the task may be stored or not; submit it again, for
   * one that is queued is not stored twice.
   *
   * @throws TaskError `ERR_INVALID_KEY`, `ERR_TASK_NOT_CLONEABLE`, `ERR_TASK_TOO_LARGE`, `ERR_QUEUE_FULL`: the task was
   * not queued, and what was queued before is untouched. StateError `ERR_STOPPED` after `stop()`. InvalidOptionError
   * `ERR_INVALID_OPTION`. Durable: StoreError, and FailoverError `ERR_COORDINATOR_LOST`.
   */
  submitWork(task: Task, options?: SubmitOptions): Promise<Submission>;

  /**
   * Puts a dead letter back at the end of the queue, with all its attempts; or lets a queue that is blocked
   * (`retry.exhausted: 'block'`) try its head again. When a task with this id is queued, its dead letter stays, as the two
   * may differ. Resolves to false when there is nothing to put back and no such task blocks the queue. A
   * queue in memory is that of this member alone.
   *
   * @throws StateError `ERR_STOPPED`; StoreError; TaskError `ERR_QUEUE_FULL`, or `ERR_INVALID_KEY` for what is no id.
   */
  requeue(id: TaskId): Promise<boolean>;
}

/** Only elects and synchronizes: the client does its work while `isMaster` is true. */
export interface UnmanagedCluster extends Cluster {
  /**
   * Says how far the work has come; the standbys hear of it, by their `synchronize` event, within SYNC and POLL.
   * Resolves with false when this member is not master: then nothing is told.
   *
   * @throws InvalidOptionError `ERR_INVALID_OPTION` for an identifier that is neither a text nor a finite number;
   * StateError `ERR_STOPPED` after `stop()`.
   */
  synchronize(identifier: TaskId): Promise<boolean>;
}
