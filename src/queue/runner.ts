/**
 * What the dispatcher needs from the place where work runs: a task thread, or the main thread. One run at a time; how
 * it ended comes back as data, so that no user code decides what the queue does by how it throws.
 */
import type { WireError } from '../errors.js';
import type { TaskId } from '../task.js';

/** A task as it waits: nobody but the two ends looks into its bytes. */
export interface QueuedTask {
  readonly id: TaskId;
  readonly bytes: Uint8Array;
}

/**
 * How one run of the user's work ended. `not-run`: it was never started, because the lease had ended or the runner was
 * ending, so it does not count as an attempt.
 */
export type WorkOutcome =
  | { readonly type: 'result'; readonly done: boolean }
  | { readonly type: 'error'; readonly error: WireError }
  | { readonly type: 'not-run' };

export interface Runner {
  /** Makes ready for runs under this term. Only after construction, or after `end()` has resolved. */
  start(term: number): void;
  /** Runs one task; resolves when nothing of it runs any more. Never rejects. Only one at a time. */
  run(task: QueuedTask, attempt: number): Promise<WorkOutcome>;
  /** Tells running work that it should end, and why. Harmless when nothing runs. */
  abort(reason: string): void;
  /**
   * Ends what runs at once, where that can be done; resolves when nothing runs any more, which may be never for work
   * that nothing can stop. May be called again; never rejects.
   */
  end(): Promise<void>;
}
