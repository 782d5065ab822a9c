/** What `submitWork` and `submitMany` are given, and what they resolve to. */
import type { CodedError } from '../errors.js';

/** Tells whether a submitted task was queued. */
export interface Submission {
  /** Is false if a task with this id is queued already, or, in memory, if a member has done it. */
  readonly stored: boolean;
  /**
   * Waits until the task has ended, on whichever member, and says how. Needs `keepOutcomes`. The store is asked, so nothing that
   * gets lost leaves it waiting. While a queue is blocked by a task, it goes on waiting for that one.
   *
   * If `stored` is false, the task is the one that is queued under this id, or waits there for its time, or else the last one that
   * was done. A task that was submitted with `at` may be dropped when it is due, because its id is taken then: `ERR_OUTCOME_UNKNOWN`.
   *
   * @throws The error of the task, with its name, message and code, if it became a dead letter. It has `permanent: true` if it said
   * so, and is of no class of the work's: it comes from the store.
   * @throws {@link FailoverError} `ERR_TIMEOUT`: it has not ended in time, and may yet be done. `ERR_CANCELLED`: it was cancelled.
   * `ERR_OUTCOME_UNKNOWN`: it has ended, and no outcome of it is kept. `ERR_OUTCOMES_OFF`: `keepOutcomes` is not set.
   * @throws {@link StateError} `ERR_STOPPED`: this cluster has stopped.
   * @throws {@link StoreError} The store refused. Where it does not answer, it is asked again.
   * @throws The reason of the signal.
   */
  done<Result = unknown>(options?: DoneOptions): Promise<DoneOutcome<Result>>;
}

/** Says for how long `done` waits. */
export interface DoneOptions {
  /** Sets after how many ms it fails with `ERR_TIMEOUT`. Default: without end. */
  readonly timeout?: number | undefined;
  /** Ends the wait when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** Tells how a task was done. */
export interface DoneOutcome<Result = unknown> {
  /** Holds what the work returned as `{ result }`; undefined if it returned true. */
  readonly result: Result;
  /** Counts the tries that it took. */
  readonly attempts: number;
  /** Numbers the mastership under which it ended. */
  readonly term: number;
  /** Tells when, by the clock of the master. */
  readonly at: Date;
}

/** Tells how a task ended. */
export interface Outcome<Result = unknown> extends DoneOutcome<Result> {
  /** Says which end it was: `failed` is that of a dead letter. */
  readonly state: 'done' | 'failed' | 'cancelled';
  /** Holds the error of a task that failed, with its name, message and code. */
  readonly error: CodedError | undefined;
}

/** Tells how many tasks of one `submitMany` were queued. */
export interface Submissions {
  /** Counts the tasks that were queued. */
  readonly stored: number;
  /** Counts those whose id is queued already, or comes again in the same call, or, in memory, that a member has done. */
  readonly duplicates: number;
  /**
   * Holds what `submitWork` would have resolved to, for each of the tasks, in their order. It is made when it is read first, and not
   * enumerable, so the counts alone are printed, copied and compared.
   */
  readonly submissions: readonly Submission[];
}

/** Says what `submitWork` and `submitMany` do if the queue is full. */
export interface SubmitOptions {
  /** Waits for room if the queue is full, instead of failing with `ERR_QUEUE_FULL`. Default false. */
  readonly wait?: boolean | undefined;
  /**
   * Names when the task is due: a `Date`, or ms since 1970. It is in line only from then on, at the end. Durable clusters only.
   * It needs no room in the queue. `stored` is false if a task with this id waits for its time already.
   */
  readonly at?: Date | number | undefined;
  /**
   * Says how long the id stays taken after the task was stored, in ms, 1 to a year: until then `stored` is false for a task of the
   * same id, though this one may be done. Durable clusters only, and neither with `at` nor with `session`.
   */
  readonly uniqueFor?: number | undefined;
}

/** Says in which transaction `submitWork` and `submitMany` write. */
export interface TransactionOptions {
  /** Names when the task is due, as in `SubmitOptions`. */
  readonly at?: Date | number | undefined;
  /**
   * Is a session of your own MongoDB client, or of mongoose, in a transaction: the task is queued if and only if that commits.
   * Durable clusters on MongoDB only, on a client of the same deployment.
   */
  readonly session: TransactionSession;
}

/** Is a `ClientSession` of the driver, of any version, or of mongoose. Its client writes the task. */
export interface TransactionSession {
  /** Returns whether a transaction is open. */
  inTransaction(): boolean;
}

/** Tells that a task was written in a transaction. */
export interface PendingSubmission {
  /** Says that the task is stored as soon as the transaction commits, and never if it does not. */
  readonly stored: 'pending';
  /**
   * Waits until the transaction has committed and the task has ended, as the `done` of a {@link Submission}. If it never commits, the
   * wait has no end, so give a `timeout`: `ERR_TIMEOUT` then says no more than that nothing was seen. Await it after the commit.
   *
   * A task that was done before the first look, and whose outcome is not kept, cannot be told from one that was not committed. Nor can
   * one that was dropped before it, because its id was taken.
   *
   * @throws As the `done` of a {@link Submission}. {@link FailoverError} `ERR_OUTCOME_UNKNOWN` also if your client makes
   * no ObjectIds, because of its options `pkFactory` or `forceServerObjectId`.
   */
  done<Result = unknown>(options?: DoneOptions): Promise<DoneOutcome<Result>>;
}

/** Tells that tasks were written in a transaction. */
export interface PendingSubmissions {
  /** Says that the tasks are stored as soon as the transaction commits, and never if it does not. */
  readonly stored: 'pending';
  /** Counts them. */
  readonly count: number;
  /** Holds what `submitWork` would have resolved to, for each of the tasks, in their order. Not enumerable. */
  readonly submissions: readonly PendingSubmission[];
}
