/**
 * Every error that this library makes. Callers branch on `code`, which is stable; the class and the message may
 * say more. Errors cross threads as plain data (`toWire`), because structured cloning loses class and code.
 */

import { isError } from './values/realms.js';

/**
 * Names each error of this library. Codes are stable; messages are not. `docs/reference/errors.md` says what each means.
 */
export type FailoverErrorCode =
  | 'ERR_ALREADY_RUNNING'
  | 'ERR_ATTEMPTS_EXHAUSTED'
  | 'ERR_BUNDLED'
  | 'ERR_CLOCK_JUMPED'
  | 'ERR_CANCELLED'
  | 'ERR_CHANGES_FULL'
  | 'ERR_CHECKPOINT'
  | 'ERR_CONFIGURATION_DIFFERS'
  | 'ERR_COORDINATOR_LOST'
  | 'ERR_GUARD_LOST'
  | 'ERR_HAND_OVER_REFUSED'
  | 'ERR_HAND_OVER_TIMEOUT'
  | 'ERR_INTERVALS_TOO_SHORT'
  | 'ERR_INVALID_KEY'
  | 'ERR_INVALID_OPTION'
  | 'ERR_LEASE_LOST'
  | 'ERR_LISTENER'
  | 'ERR_MAIN_BLOCKED'
  | 'ERR_NEWER_FORMAT'
  | 'ERR_OBSERVE'
  | 'ERR_OUTCOMES_OFF'
  | 'ERR_OUTCOME_UNKNOWN'
  | 'ERR_PERMISSION'
  | 'ERR_POOL_BUSY'
  | 'ERR_NOT_DURABLE'
  | 'ERR_NOT_KILLED'
  | 'ERR_NO_TRANSACTION'
  | 'ERR_OTHER_DEPLOYMENT'
  | 'ERR_OUTBOX_ENTRY'
  | 'ERR_PRELOAD'
  | 'ERR_QUEUE_BLOCKED'
  | 'ERR_QUEUE_FULL'
  | 'ERR_RUNTIME'
  | 'ERR_SCHEDULE_MISSED'
  | 'ERR_SCHEDULE_REFUSED'
  | 'ERR_SCHEDULE_TASK'
  | 'ERR_SCHEDULE_UNKNOWN'
  | 'ERR_SCHEDULE_DECLARED'
  | 'ERR_SERVER_TOO_OLD'
  | 'ERR_STOPPED'
  | 'ERR_STORE'
  | 'ERR_STORE_DATA'
  | 'ERR_STORE_DUPLICATES'
  | 'ERR_STORE_GONE'
  | 'ERR_STORE_INDEX'
  | 'ERR_STORE_UNAVAILABLE'
  | 'ERR_TASK_NOT_CLONEABLE'
  | 'ERR_TASK_THREAD_EXITED'
  | 'ERR_TASK_TIMEOUT'
  | 'ERR_TASK_TOO_LARGE'
  | 'ERR_TIMEOUT'
  | 'ERR_WORK_FAILED'
  | 'ERR_WORK_MODULE'
  | 'ERR_WORK_NOT_STOPPED'
  | 'ERR_WORK_RESULT'
  | 'ERR_WORK_STOP';

/**
 * Is the base of all errors of this library. Branch on `code`: classes and messages may become more exact.
 *
 * @example
 * ```ts
 * import { FailoverError, failover } from 'mongo-failover';
 *
 * const { managed: Managed } = failover({ nodb: true });
 * const cluster = new Managed<{ id: number }>('billing', 'id', () => true);
 * try {
 *   await cluster.submitWork({ id: 1 });
 * } catch (error) {
 *   if (!(error instanceof FailoverError && error.code === 'ERR_QUEUE_FULL')) throw error;
 *   console.error('too many tasks wait');
 * }
 * ```
 */
export class FailoverError extends Error {
  /** Names the class. */
  override readonly name: string = 'FailoverError';
  /** Says what happened; stable. */
  readonly code: FailoverErrorCode;
  /**
   * Is set by `submitMany`: the index of the bad task, or of the first task that is not certainly queued. From there on the
   * tasks can be submitted again.
   */
  declare readonly index?: number;
  /** Is set by `submitMany`: how many of its tasks are certainly stored (in memory: queued). */
  declare readonly stored?: number;

  /** Makes an error with the code that callers branch on. */
  constructor(code: FailoverErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Says that an option or argument is wrong, unknown, or contradicts another: `ERR_INVALID_OPTION`. */
export class InvalidOptionError extends FailoverError {
  override readonly name = 'InvalidOptionError';
  /** Makes an error with the code `ERR_INVALID_OPTION`. */
  constructor(message: string, options?: { cause?: unknown }) {
    super('ERR_INVALID_OPTION', message, options);
  }
}

/**
 * Says that a task was not queued; what was queued before is untouched. `ERR_INVALID_KEY`, `ERR_TASK_NOT_CLONEABLE`,
 * `ERR_TASK_TOO_LARGE`, `ERR_QUEUE_FULL`, `ERR_NO_TRANSACTION`, `ERR_OTHER_DEPLOYMENT`
 */
export class TaskError extends FailoverError {
  override readonly name = 'TaskError';
}

/**
 * Says that the user's work failed: its module, its thread, its time or its result. `ERR_WORK_MODULE`, `ERR_WORK_RESULT`,
 * `ERR_WORK_FAILED`, `ERR_WORK_STOP`, `ERR_WORK_NOT_STOPPED`, `ERR_TASK_THREAD_EXITED`, `ERR_TASK_TIMEOUT`,
 * `ERR_ATTEMPTS_EXHAUSTED`, `ERR_QUEUE_BLOCKED`
 */
export class WorkError extends FailoverError {
  override readonly name = 'WorkError';
}

/**
 * Says that a call came in the wrong order: `ERR_ALREADY_RUNNING`, `ERR_STOPPED`. It is also the reason of a signal that
 * aborted: `ERR_LEASE_LOST`.
 */
export class StateError extends FailoverError {
  override readonly name = 'StateError';
}

/**
 * Says that the store did not answer, refused, or holds something that this library did not write: `ERR_STORE…`,
 * `ERR_SERVER_TOO_OLD`, `ERR_NEWER_FORMAT`. After `ERR_STORE_UNAVAILABLE` the same call may succeed later.
 */
export class StoreError extends FailoverError {
  override readonly name = 'StoreError';
}

/**
 * Says that a task can never succeed, so it is not tried again: thrown by the work, it ends the attempts at once. The task
 * becomes a dead letter, or blocks the queue, as `retry.exhausted` says. Any other error with `permanent: true` does the same.
 *
 * @example
 * ```ts
 * import { PermanentError, type TaskContext } from 'mongo-failover';
 *
 * export default function work(task: { id: number; to: string }, _context: TaskContext): boolean {
 *   if (!task.to.includes('@')) throw new PermanentError(`${task.to} is no address`);
 *   return true;
 * }
 * ```
 */
export class PermanentError extends Error {
  /** Names the class. */
  override readonly name: string = 'PermanentError';
  /** Is what tells it from others, also where the class is another one. */
  readonly permanent = true;
}

/** Is an error as events carry it: one of this library, or one of the user's work with the code that it had, if any. */
export type CodedError = Error & {
  /** Says what happened: a `FailoverErrorCode`, or the code of an error of the user's work. */
  readonly code?: string;
  /** Is true if the task is not tried again for it. */
  readonly permanent?: boolean;
};

/** What an error is while it crosses threads. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly stack: string | undefined;
  /** Set for errors of this library alone, whatever others call theirs. */
  readonly ours: { readonly kind: Kind; readonly code: FailoverErrorCode } | undefined;
  readonly permanent?: true;
}

const kinds = { InvalidOptionError, TaskError, WorkError, StateError, StoreError, FailoverError } as const;
type Kind = keyof typeof kinds;

function kindOf(error: FailoverError): Kind {
  if (error instanceof InvalidOptionError) return 'InvalidOptionError';
  if (error instanceof TaskError) return 'TaskError';
  if (error instanceof WorkError) return 'WorkError';
  if (error instanceof StateError) return 'StateError';
  if (error instanceof StoreError) return 'StoreError';
  return 'FailoverError';
}

/** Turns whatever was thrown, an error or not, into plain data. Never throws, whatever the value's getters do. */
export function toWire(thrown: unknown): WireError {
  const wire = shownAsWire(thrown);
  return isPermanent(thrown) ? { ...wire, permanent: true } : wire;
}

/** Returns whether it says of itself that trying again is of no use. An error that only has such a one as its cause does not. */
function isPermanent(thrown: unknown): boolean {
  try {
    return typeof thrown === 'object' && thrown !== null && 'permanent' in thrown && thrown.permanent === true;
  } catch {
    return false;
  }
}

function shownAsWire(thrown: unknown): WireError {
  try {
    if (isError(thrown)) {
      const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
      const ours = thrown instanceof FailoverError ? { kind: kindOf(thrown), code: thrown.code } : undefined;
      return { name: String(thrown.name), message: String(thrown.message), code, stack: text(thrown.stack), ours };
    }
    return { name: 'Error', ...shownAsObject(thrown), stack: undefined, ours: undefined };
  } catch {
    const message = 'a value that cannot be shown was thrown';
    return { name: 'Error', message, code: undefined, stack: undefined, ours: undefined };
  }
}

/** Some libraries throw objects that have the message of an error, and are none. */
function shownAsObject(thrown: unknown): Pick<WireError, 'message' | 'code'> {
  if (typeof thrown !== 'object' || thrown === null) return { message: String(thrown), code: undefined };
  const { message, code } = thrown as { readonly message?: unknown; readonly code?: unknown };
  return { message: text(message) ?? String(thrown), code: text(code) };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Returns the error again: of its own class where it is one of ours, else an `Error` with the same name, code and stack. */
export function fromWire(wire: WireError): CodedError {
  const error = rebuilt(wire);
  if (error.name !== wire.name) Object.defineProperty(error, 'name', { value: wire.name, configurable: true });
  if (wire.stack !== undefined) error.stack = wire.stack;
  if (wire.permanent) Object.defineProperty(error, 'permanent', { value: true, configurable: true, enumerable: true });
  return error;
}

/** Returns an error of the same class and code for the tasks of one `submitMany`. Other calls may have the same `cause`. */
export function ofMany(
  cause: FailoverError,
  message: string,
  facts: { readonly index: number; readonly stored: number },
): FailoverError {
  const { name, code } = cause;
  const error = rebuilt({ name, message, code, stack: undefined, ours: { kind: kindOf(cause), code } });
  Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true });
  return Object.assign(error, facts) as FailoverError;
}

function rebuilt({ ours, message, code }: WireError): CodedError {
  if (ours === undefined) return Object.assign(new Error(message), code === undefined ? {} : { code });
  if (ours.kind === 'InvalidOptionError') return new InvalidOptionError(message);
  return new kinds[ours.kind](ours.code, message);
}
