/** What the user's work is given beside its task. The same on both kinds of threads that work runs on. */

import { StateError } from '../errors.js';
import type { TaskDetails, TaskId } from '../task/task.js';
import type { SharedLease } from '../wire/sharedLease.js';
import { CANCELLED } from './abortMessage.js';

/**
 * Tells the work about its task and its lease; the second argument of the work.
 *
 * @example
 * ```ts
 * import type { TaskContext } from 'mongo-failover';
 *
 * export default function work(task: { id: number; rows: number[] }, context: TaskContext): boolean {
 *   for (const row of task.rows) {
 *     if (context.signal.aborted) return false; // the lease is about to end: tried again, by the next master
 *     console.log(`row ${row} under term ${context.term}`); // hand the term to your database: it refuses lower ones
 *   }
 *   return true;
 * }
 * ```
 */
export interface TaskContext {
  /** Holds the value of the task's key. */
  readonly id: TaskId;
  /** Numbers the mastership that runs the task. It only rises, so it fences the work's own writes. */
  readonly term: number;
  /** Counts the tries of the task from 1: those of this member, or of all members if the task is durable. */
  readonly attempt: number;
  /** Aborts when the work must end: shortly before the lease does, or when `stop()` has waited long enough. A loop that never yields sees it too. */
  readonly signal: AbortSignal;
  /** Returns how long the lease of this term still lasts, in ms; 0 when it has ended. It is exact even in a loop that never yields. */
  leaseRemaining(): number;
}

/**
 * Does one task. True: the task is done. False, a throw or a rejection: it stays at the head of the queue and is tried
 * again. Any other result is a failure, too (`ERR_WORK_RESULT`). A task may come twice, because work is at least once.
 */
export type Work<Task = unknown> = (task: Task, context: TaskContext) => boolean | Promise<boolean>;

export class WorkContext implements TaskContext {
  private controller: AbortController | undefined;
  private ended = false;

  constructor(
    readonly id: TaskId,
    readonly term: number,
    readonly attempt: number,
    private readonly lease: SharedLease,
    /** What the master that queued the task told of it. */
    protected readonly details?: TaskDetails,
  ) {}

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    // The order to end arrives as a message too, but not in a thread that computes without a pause; and none arrives
    // from a coordinator that died.
    if (this.ended || this.lease.aborted || this.leaseRemaining() === 0) this.abort();
    return this.controller.signal;
  }

  abort(reason = 'the lease is about to end'): void {
    this.ended = true;
    if (this.controller === undefined || this.controller.signal.aborted) return;
    const code = reason === CANCELLED ? 'ERR_CANCELLED' : 'ERR_LEASE_LOST';
    this.controller.abort(new StateError(code, `the work must end now: ${reason}`));
  }

  leaseRemaining(): number {
    // The deadline first: a deadline of a later term is never read beside this term (see SharedLease.hold).
    const left = this.lease.remaining();
    return this.lease.term === this.term ? left : 0;
  }
}
