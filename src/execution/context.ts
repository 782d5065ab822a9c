/** What the user's work is given beside its task. The same on both kinds of threads that work runs on. */

import { StateError } from '../errors.js';
import type { TaskId } from '../task/task.js';
import type { SharedLease } from '../wire/sharedLease.js';

/** The second argument of the work. */
export interface TaskContext {
  /** The value of the task's key. */
  readonly id: TaskId;
  /** The term of the mastership that runs the task: it only rises, so it fences the work's own writes. */
  readonly term: number;
  /** 1 for the first try, then counted up: of this member; durable, of all members. */
  readonly attempt: number;
  /** Aborts when the work must end: shortly before the lease does, or when `stop()` has waited long enough. A loop that never yields sees it too. */
  readonly signal: AbortSignal;
  /** How long the lease of this term still lasts, in ms; 0 when it has ended. True at every moment, even in a loop that never yields. */
  leaseRemaining(): number;
}

/**
 * The user's work. True: the task is done. False, a throw or a rejection: it stays at the head of the queue and is tried
 * again.
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
    this.controller.abort(new StateError('ERR_LEASE_LOST', `the work must end now: ${reason}`));
  }

  leaseRemaining(): number {
    // The deadline first: a deadline of a later term is never read beside this term (see SharedLease.hold).
    const left = this.lease.remaining();
    return this.lease.term === this.term ? left : 0;
  }
}
