/** What a user sees of the calls that change tasks which wait, or failed: a part of `ManagedCluster`. */
import type { CancelOptions, RequeueAllOptions, UpdateOptions } from '../options/options.js';
import type { TaskId } from '../task/task.js';
import type { RequeuedAll } from '../wire/messages.js';

/** Says what became of a task that was to be cancelled. */
export type CancelOutcome = 'removed' | 'requested' | 'done' | 'unknown';

/** Says what became of a task that was to have another payload. */
export type UpdateOutcome = 'updated' | 'requested' | 'done' | 'unknown';

/** Changes tasks of a durable cluster that wait, or that are dead letters. */
export interface TaskChanger<Task extends object = object> {
  /**
   * Puts dead letters of a stored queue back at its end, the oldest first, each as `requeue` does, until the queue is full. If
   * several members do so at once, each letter is put back once.
   *
   * @example
   * ```ts
   * import { failover } from 'mongo-failover';
   *
   * const { managed: Managed } = failover({ nodb: true });
   * const cluster = new Managed<{ id: number }>('billing', 'id', new URL('./billing.js', import.meta.url), { durable: true });
   * const { requeued, full } = await cluster.requeueAll({ error: /ECONNRESET/, limit: 1000 });
   * console.log(`${requeued} tasks are queued again${full ? ', and the queue is full' : ''}`);
   * ```
   *
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an option is wrong.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`. `ERR_NOT_DURABLE`: the queue is in memory.
   * @throws {@link StoreError} The store did not answer or refused. Those before are queued.
   * @throws {@link FailoverError} `ERR_COORDINATOR_LOST`: the coordinator thread died.
   */
  requeueAll(options?: RequeueAllOptions): Promise<RequeuedAll>;

  /**
   * Cancels a stored task. The master decides, whichever member asks:
   *
   * - `removed`: it does not begin any more, under any master. Its id is free again. The master emits `cancelled`.
   * - `requested`: no master has decided within `timeout`. The request stays good for an hour.
   * - `done`: it was done, or became a dead letter, before.
   * - `unknown`: no task with this id is queued. One that was done long ago is unknown, too.
   *
   * @example
   * ```ts
   * import { failover } from 'mongo-failover';
   *
   * const { managed: Managed } = failover({ nodb: true });
   * const cluster = new Managed<{ id: number }>('billing', 'id', new URL('./billing.js', import.meta.url), { durable: true });
   * await cluster.submitWork({ id: 7 });
   * const outcome = await cluster.cancel(7, { running: true });
   * if (outcome !== 'removed') console.log(`task 7: ${outcome}`);
   * ```
   *
   * @throws {@link TaskError} `ERR_INVALID_KEY`: this is no id.
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an option is wrong.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`. `ERR_NOT_DURABLE`: the queue is in memory.
   * @throws {@link StoreError} The store did not answer or refused: the request may be there or not. Ask again.
   * @throws {@link FailoverError} `ERR_CHANGES_FULL`: too many requests wait, and this one was not written: try again.
   * `ERR_COORDINATOR_LOST`: the coordinator thread died.
   */
  cancel(id: TaskId, options?: CancelOptions): Promise<CancelOutcome>;

  /**
   * Gives a stored task another payload, with the same id and at its place in the queue. The master decides, whichever member
   * asks: `updated`, or the others of `cancel`. Work that runs keeps the payload with which it began; if it fails, the next
   * attempt has the new one, and the checkpoint of the old one.
   *
   * @example
   * ```ts
   * import { failover } from 'mongo-failover';
   *
   * const { managed: Managed } = failover({ nodb: true });
   * const work = new URL('./billing.js', import.meta.url);
   * const cluster = new Managed<{ id: number; cents: number }>('billing', 'id', work, { durable: true });
   * const outcome = await cluster.update(7, { id: 7, cents: 1200 });
   * if (outcome === 'done') console.log('too late: task 7 is done');
   * ```
   *
   * @throws {@link TaskError} `ERR_INVALID_KEY`: this is no id, or the task has another one. `ERR_TASK_NOT_CLONEABLE`,
   * `ERR_TASK_TOO_LARGE`: the task cannot be stored.
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an option is wrong.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`. `ERR_NOT_DURABLE`: the queue is in memory.
   * @throws {@link StoreError} The store did not answer or refused: the request may be there or not. Ask again.
   * @throws {@link FailoverError} `ERR_CHANGES_FULL`: too many requests wait, and this one was not written: try again.
   * `ERR_COORDINATOR_LOST`: the coordinator thread died.
   */
  update(id: TaskId, task: Task, options?: UpdateOptions): Promise<UpdateOutcome>;
}
