/**
 * Every error that this library makes. Callers branch on `code`, which is stable; the class and the message may
 * say more. Errors cross threads as plain data (`toWire`), because structured cloning loses class and code.
 */

export type FailoverErrorCode =
  | 'ERR_ALREADY_RUNNING'
  | 'ERR_COORDINATOR_LOST'
  | 'ERR_INVALID_KEY'
  | 'ERR_INVALID_OPTION'
  | 'ERR_LEASE_LOST'
  | 'ERR_LISTENER'
  | 'ERR_QUEUE_FULL'
  | 'ERR_SERVER_TOO_OLD'
  | 'ERR_STOPPED'
  | 'ERR_STORE'
  | 'ERR_STORE_DATA'
  | 'ERR_STORE_UNAVAILABLE'
  | 'ERR_TASK_NOT_CLONEABLE'
  | 'ERR_TASK_THREAD_EXITED'
  | 'ERR_TASK_TOO_LARGE'
  | 'ERR_WORK_FAILED'
  | 'ERR_WORK_MODULE'
  | 'ERR_WORK_NOT_STOPPED'
  | 'ERR_WORK_RESULT';

/** The base of all errors of this library. */
export class FailoverError extends Error {
  override readonly name: string = 'FailoverError';
  readonly code: FailoverErrorCode;

  constructor(code: FailoverErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** An option, or two that contradict each other. `ERR_INVALID_OPTION` */
export class InvalidOptionError extends FailoverError {
  override readonly name = 'InvalidOptionError';
  constructor(message: string, options?: { cause?: unknown }) {
    super('ERR_INVALID_OPTION', message, options);
  }
}

/** A task, or its key, that cannot be taken; what was queued before is untouched. */
export class TaskError extends FailoverError {
  override readonly name = 'TaskError';
}

/** The user's work failed: its module, its thread, or its result. */
export class WorkError extends FailoverError {
  override readonly name = 'WorkError';
}

/** A call in the wrong order, or after `stop()`. */
export class StateError extends FailoverError {
  override readonly name = 'StateError';
}

/** The store did not answer, refused, or holds something that we did not write. */
export class StoreError extends FailoverError {
  override readonly name = 'StoreError';
}

/** What an error is while it crosses threads. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly stack: string | undefined;
}

const classes = { FailoverError, InvalidOptionError, TaskError, WorkError, StateError, StoreError };

/** Turns whatever was thrown, an error or not, into plain data. Never throws, whatever the value's getters do. */
export function toWire(thrown: unknown): WireError {
  try {
    if (thrown instanceof Error) {
      const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
      return { name: String(thrown.name), message: String(thrown.message), code, stack: text(thrown.stack) };
    }
    return { name: 'Error', message: String(thrown), code: undefined, stack: undefined };
  } catch {
    return { name: 'Error', message: 'a value that cannot be shown was thrown', code: undefined, stack: undefined };
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The error again: of its own class where it is one of ours, else an `Error` with the same name, code and stack. */
export function fromWire(wire: WireError): Error & { code?: string } {
  const error =
    ours(wire) ?? Object.assign(new Error(wire.message), wire.code === undefined ? {} : { code: wire.code });
  if (error.name !== wire.name) Object.defineProperty(error, 'name', { value: wire.name, configurable: true });
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

function ours(wire: WireError): FailoverError | undefined {
  const code = wire.code as FailoverErrorCode | undefined;
  if (code === undefined || !Object.hasOwn(classes, wire.name)) return undefined;
  if (wire.name === 'InvalidOptionError') return new InvalidOptionError(wire.message);
  const Class = classes[wire.name as Exclude<keyof typeof classes, 'InvalidOptionError'>];
  return new Class(code, wire.message);
}
