/** What the user's work is given beside its task. The same on both kinds of threads that work runs on. */

import { StateError } from '../errors.js';
import { checkNumber } from '../options/checks.js';
import { attemptEnded, checkpointLost } from '../queue/checkpointErrors.js';
import { type SlotDetails, slotOf } from '../schedules/slots.js';
import type { TaskDetails, TaskId } from '../task/task.js';
import type { SharedLease } from '../wire/sharedLease.js';
import { CANCELLED } from './abortMessage.js';
import { decodeAnswer, encodeAnswer } from './answerBytes.js';

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
  /** Tells for which slot of which schedule the task is; undefined if it is for none. */
  readonly schedule?: SlotDetails | undefined;
  /** Returns how long the lease of this term still lasts, in ms; 0 when it has ended. It is exact even in a loop that never yields. */
  leaseRemaining(): number;
  /**
   * Puts down how far the task has come, for its next attempt: 64 KiB at most when encoded, and each takes the place of the one
   * before. Resolves when it is stored, under the term. Only if the cluster is durable.
   *
   * @throws {@link TaskError} `ERR_TASK_NOT_CLONEABLE`, `ERR_TASK_TOO_LARGE`: it was not put down.
   * @throws {@link WorkError} `ERR_CHECKPOINT`: the cluster is not durable, or the attempt has ended.
   * @throws {@link StateError} `ERR_LEASE_LOST`: the mastership ended before it was certainly stored.
   */
  checkpoint(value: unknown): Promise<void>;
  /** Holds what the last `checkpoint` of this task put down, in an earlier attempt or this one, by any member; undefined if there was none. */
  readonly lastCheckpoint: unknown;
  /**
   * Asks for another attempt after so many ms, from 1 to a day, and at least `retry.minDelay`. The work then returns false, and
   * that counts as no attempt. The whole queue waits, and not beyond the mastership: the next master begins at once. Returns
   * false, so `return context.retryIn(60_000)` does all of it.
   *
   * @throws {@link InvalidOptionError} `ERR_INVALID_OPTION`: this is no such time.
   */
  retryIn(ms: number): false;
}

/**
 * Does one task. True: the task is done; with `results: true` so is `{ result }`. False, a throw or a rejection: it stays at the head of the queue and is tried
 * again. Any other result is a failure, too (`ERR_WORK_RESULT`). A task may come twice, because work is at least once.
 */
export type Work<Task = unknown> = (task: Task, context: TaskContext) => WorkResult | Promise<WorkResult>;

/** Is what work returns: whether the task is done, or with `results: true` its result. */
export type WorkResult =
  | boolean
  | {
      /** Is kept for `done()`, at most 64 KiB when encoded. */
      readonly result: unknown;
    };

/** Stores the checkpoint of the task that runs. Rejects as `checkpoint` does. */
export type PutCheckpoint = (context: WorkContext, bytes: Uint8Array) => Promise<void>;

/** The longest time for which a task is postponed, in ms. */
const RETRY_IN_MAX_MS = 24 * 60 * 60 * 1000;

const LEASE_ENDS = 'the lease is about to end';

export class WorkContext implements TaskContext {
  private controller: AbortController | undefined;
  /** Why the work was told to end, if it was. */
  private why: string | undefined;
  private over = false;
  /** For how long the work has asked to postpone its task, in ms. */
  retryDelay: number | null = null;
  /** The checkpoints that were asked for: one is under way at a time, so a loop that asks for them fills no other thread. */
  private puts: Promise<void> | undefined;

  constructor(
    readonly id: TaskId,
    readonly term: number,
    readonly attempt: number,
    private readonly lease: SharedLease,
    /** What the master that queued the task told of it. */
    protected readonly details?: TaskDetails,
    /** Missing: nothing is put down. */
    private readonly put?: PutCheckpoint,
    private last?: Uint8Array,
  ) {}

  get schedule(): SlotDetails | undefined {
    return slotOf(this.details);
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    // The order to end arrives as a message too, but not in a thread that computes without a pause; and none arrives
    // from a coordinator that died.
    if (this.why !== undefined) this.abort(this.why);
    else if (this.leaseRemaining() === 0) this.abort(LEASE_ENDS);
    else if (this.lease.aborted) this.abort(this.lease.cancelled ? CANCELLED : LEASE_ENDS);
    return this.controller.signal;
  }

  abort(reason: string): void {
    this.why ??= reason;
    if (this.controller === undefined || this.controller.signal.aborted) return;
    const code = reason === CANCELLED ? 'ERR_CANCELLED' : 'ERR_LEASE_LOST';
    this.controller.abort(new StateError(code, `the work must end now: ${reason}`));
  }

  leaseRemaining(): number {
    // The deadline first: a deadline of a later term is never read beside this term (see SharedLease.hold).
    const left = this.lease.remaining();
    return this.lease.term === this.term ? left : 0;
  }

  get lastCheckpoint(): unknown {
    return this.last === undefined ? undefined : decodeAnswer(this.last);
  }

  async checkpoint(value: unknown): Promise<void> {
    const bytes = encodeAnswer(value, 'the checkpoint');
    const put = (this.puts ?? Promise.resolve()).then(() => this.putDown(bytes));
    this.puts = put.catch(() => {});
    await put;
  }

  private async putDown(bytes: Uint8Array): Promise<void> {
    if (this.over || this.put === undefined) throw attemptEnded();
    await this.put(this, bytes);
    // The lease was held when the store answered, or no one may rely on it.
    if (this.leaseRemaining() === 0) throw checkpointLost();
    this.last = bytes;
  }

  retryIn(ms: number): false {
    this.retryDelay = checkNumber(ms, 'the time of retryIn', { min: 1, max: RETRY_IN_MAX_MS });
    return false;
  }

  /** The work has returned. */
  end(): void {
    this.over = true;
  }
}
