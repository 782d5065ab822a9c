/** What a user sees of schedules: see `api.ts`. */
import type { ScheduleInfo } from '../requests/scheduleInfo.js';
import type { PreviewOptions, ScheduleOptions } from '../schedules/options.js';

/** Is the task that a schedule queues, without its id, or makes it for a slot: on the main thread of the master. */
export type ScheduledTask<Task extends object> = Partial<Task> | ((slot: Date) => Partial<Task>);

/** Says why a schedule is paused. */
export interface SchedulePauseOptions {
  /** Is for people who look. At most 500 characters. */
  readonly reason?: string | undefined;
}

/** Tells what became of the slots of one `backfill`. */
export interface Backfilled {
  /** Counts the tasks that were queued. */
  readonly stored: number;
  /** Counts the slots whose task is queued already. */
  readonly duplicates: number;
}

/** Owns the schedules of a durable cluster. */
export interface Schedules<Task extends object> {
  /**
   * Queues a task for each slot of a cron pattern, on the master alone: no slot gets two, and none is lost when the master dies.
   * Each program declares its schedules at each start, before or after `run()`; what the program of the master says counts. The
   * id of the task is `<id>@<slot>`, and the property of its key holds it; `context.schedule` tells the slot. A new schedule
   * begins now. Durable clusters only.
   *
   * @example
   * ```ts
   * import { failover } from 'mongo-failover';
   *
   * const { managed: Managed } = failover({ nodb: true });
   * const work = new URL('./billing.js', import.meta.url);
   * const cluster = new Managed<{ id: string; region: string }>('billing', 'id', work, { durable: true });
   * await cluster.schedule('nightly', '0 2 * * *', { region: 'eu' }, { timeZone: 'Europe/Berlin' });
   * await cluster.run();
   * ```
   *
   * @param id Names the schedule for as long as it exists, whatever its pattern: up to 200 bytes.
   * @param pattern Five fields (minute, hour, day, month, weekday), six with the second first, seven with the year last, or a
   * nickname such as `@daily`.
   * @param task The task without its id, or a function that returns it for a slot.
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an argument or option is wrong, or the cluster is not durable.
   * @throws {@link TaskError} `ERR_TASK_NOT_CLONEABLE`, `ERR_TASK_TOO_LARGE`: the task cannot be stored.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link FailoverError} `ERR_COORDINATOR_LOST`: the coordinator thread is being replaced; the next one is told.
   */
  schedule(id: string, pattern: string, task: ScheduledTask<Task>, options?: ScheduleOptions): Promise<void>;

  /**
   * Returns the schedules of this subsystem as the store has them, whichever member declared them, in the order of their ids.
   *
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: the cluster is not durable.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link StoreError} The store did not answer or refused.
   */
  schedules(): Promise<ScheduleInfo[]>;

  /**
   * Returns the next slots of a pattern. Nothing is stored, and no schedule is needed.
   *
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: the pattern or an option is wrong.
   */
  preview(pattern: string, options?: PreviewOptions): Date[];

  /**
   * Queues a task of a schedule now, beside its slots. Resolves to false if one of this very moment is queued.
   *
   * @throws {@link FailoverError} `ERR_SCHEDULE_UNKNOWN`: neither this program nor the store has such a schedule. `ERR_SCHEDULE_TASK`:
   * its task is made by a function, which threw or is not in this program.
   * @throws {@link TaskError} `ERR_QUEUE_FULL`: there is no room for it.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link StoreError} The store did not answer or refused.
   */
  trigger(id: string): Promise<boolean>;

  /**
   * Queues the tasks of the slots from `from` through `to` again, in their order: at most 1,000, and none that the master
   * has still to settle. One that is queued is left alone. Where the schedule has a `from` or `until`, there are no slots beyond.
   *
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: an instant is wrong, or there are too many slots.
   * @throws {@link FailoverError} `ERR_SCHEDULE_UNKNOWN`: the store has no such schedule yet. `ERR_SCHEDULE_TASK`: as of `trigger`.
   * @throws {@link TaskError} `ERR_QUEUE_FULL`: there is no room for all of them.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link StoreError} The store did not answer or refused.
   */
  backfill(id: string, from: Date | number, to: Date | number): Promise<Backfilled>;

  /**
   * Pauses one schedule, on all members and through restarts, until `resumeSchedule`. Its slots pass without a task.
   *
   * @throws {@link FailoverError} `ERR_SCHEDULE_UNKNOWN`: the store has no such schedule yet.
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: the id or an option is wrong.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link StoreError} The store did not answer or refused.
   */
  pauseSchedule(id: string, options?: SchedulePauseOptions): Promise<void>;

  /**
   * Ends a pause of one schedule. Slots that have passed stay without a task.
   *
   * @throws {@link FailoverError} `ERR_SCHEDULE_UNKNOWN`: the store has no such schedule yet.
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: the id is wrong.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link StoreError} The store did not answer or refused.
   */
  resumeSchedule(id: string): Promise<void>;

  /**
   * Deletes one schedule from the store, with its pause and what it has missed. It must be in no program: one that a member has
   * had within the last two hours is refused, as its master would make it again. Tasks of its slots that are queued stay.
   *
   * @throws {@link FailoverError} `ERR_SCHEDULE_UNKNOWN`: the store has no such schedule. `ERR_SCHEDULE_DECLARED`: this program has
   * it, or a member had it within the last two hours.
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: the id is wrong.
   * @throws {@link StateError} `ERR_STOPPED`: it was called after `stop()`.
   * @throws {@link StoreError} The store did not answer or refused.
   */
  deleteSchedule(id: string): Promise<void>;
}
