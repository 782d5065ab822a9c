/** What the dispatcher is made of, and what it tells. */
import type { CodedError } from '../errors.js';
import type { Clock } from '../time/clock.js';
import type { RetryOptions } from './retry.js';
import type { QueuedTask, Runner } from './runner.js';
import type { TaskSource } from './taskSource.js';

/** How long a thread that nothing native holds may take to exit before its process is killed for it, in ms: six times the median. */
export const UNHELD_EXIT_MAX_MS = 150;
/** Why `drain` aborts work that has had its time to finish. */
export const STOP_REASON = 'the member stops';
/** Why all work is aborted when the process exits. */
export const EXIT_REASON = 'the process exits';

/** What the dispatcher tells; nothing of it may throw. It may call back into the dispatcher. */
export interface DispatcherCallbacks {
  /** Called when tasks are done, in this order, and have left the source; perhaps while those after them run. */
  done(tasks: readonly QueuedTask[]): void;
  /** Attempt number `attempt` failed. The task stays at the head and is tried again after the delay, unless that was its last. */
  failed(task: QueuedTask, error: CodedError, attempt: number, isLast: boolean): void;
  /** The work asked to be tried again after so many ms. The task stays at the head, so all wait. */
  postponed(task: QueuedTask, delay: number): void;
  /**
   * That attempt was its last: all are used up, or its error was permanent. From now on the source gives it no more: the owner takes it out, or holds the queue up
   * until the user decides.
   */
  exhausted(task: QueuedTask, error: CodedError): void;
  /** Called when the work is loaded: its tasks run now. */
  loaded(): void;
  /**
   * The work does not load, and no task was tried. Nothing more is begun under this mastership, which must be given up.
   * `exited`: no thread of the work is there.
   */
  unloadable(error: CodedError, exited: boolean): void;
  /** Called with `ERR_WORK_NOT_STOPPED` when something of the work may still run, though it must not. */
  panic(error: Error): void;
}

export interface DispatcherParts {
  readonly queue: TaskSource;
  readonly runner: Runner;
  readonly clock: Clock;
  /** From 0 up to 1, as `Math.random`. */
  readonly random: () => number;
  /** `attempts`: how often a task is tried; may be `Infinity`. */
  readonly retry: RetryOptions & { readonly attempts: number };
  /** What one run may carry: as much as takes `budget` ms. */
  readonly chunk: { readonly budget: number; readonly mostTasks: number };
  /** How long before the validity of the lease ends `fence` is called, in ms. */
  readonly grace: number;
  /** How long `drain` lets the running task go on, in ms. */
  readonly stopTimeout: number;
  /** How long the work on a cancelled task may go on before its thread is ended, in ms. */
  readonly cancelTimeout: number;
  /** Called when a run begins. */
  began?(): void;
  /** Kills the process; called instead of a panic when work has outlived the lease. Null: it is only said. */
  readonly killProcess: (() => void) | null;
  readonly callbacks: DispatcherCallbacks;
}
