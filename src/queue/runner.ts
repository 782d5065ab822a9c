/**
 * What the dispatcher needs from the place where work runs: a task thread, or the main thread. One run at a time; how
 * it ended comes back as data, so no user code decides what the queue does by how it throws.
 */
import type { WireError } from '../errors.js';
import type { TaskDetails, TaskId } from '../task/task.js';
import type { TaskBytes } from '../task/taskBytes.js';

/** A task as it waits: only the two ends decode its bytes. */
export interface QueuedTask {
  readonly id: TaskId;
  readonly bytes: TaskBytes;
  /** What its context tells beside it; undefined for a task that a member submitted. */
  readonly details?: TaskDetails | undefined;
  /** How often it was tried and did not end well. */
  failed: number;
  /** What its last attempt returned, encoded, if it returned more than that it is done. */
  result?: Uint8Array | undefined;
  /** What an attempt has put down for the next one. */
  checkpoint?: Uint8Array | undefined;
}

/**
 * How one call of the user's work ended. `postponed`: the work asks to be tried again after so many ms, which counts as no
 * attempt. `not-run`: it was never started, because the lease had ended or the runner was
 * ending, so it does not count as an attempt.
 */
export type WorkOutcome =
  | { readonly type: 'result'; readonly done: boolean; readonly result?: Uint8Array }
  | { readonly type: 'postponed'; readonly delay: number }
  | { readonly type: 'error'; readonly error: WireError }
  | { readonly type: 'not-run' };

/** How one run of several tasks ended. The first one that was not done ends it, and so does its time. */
export interface ChunkOutcome {
  /** How many of its tasks, from the first on, are done. */
  readonly done: number;
  /** What became of the task after those; null when all were done, or those after them were not begun for lack of time. */
  readonly failure: Exclude<WorkOutcome, { type: 'result' }> | { readonly type: 'result'; readonly done: false } | null;
  /** How long the tasks took together, in ms, without the way there and back; 0 when nothing was measured. */
  readonly took: number;
}

/**
 * What came of loading the work. `ended`: the runner was ended before it had. `exited`: nothing of the work runs any more;
 * else a native call still holds the thread in which it was loaded.
 */
export type LoadOutcome =
  | { readonly type: 'loaded' }
  | { readonly type: 'failed'; readonly error: WireError; readonly exited: boolean }
  | { readonly type: 'ended' };

export interface Runner {
  /** The most tasks that one run may carry. */
  readonly mostTasks: number;
  /** Whether a task may begin long after it was handed over: on a main thread that is blocked. */
  readonly beginsLate?: boolean;
  /** Whether a run can begin now; else `load` comes first. It may become false whenever nothing runs. */
  readonly loaded: boolean;
  /** Makes ready for runs under this term, without a thread. Only after construction, or after `terminate()` has resolved. */
  start(term: number): void;
  /**
   * Loads the work where it will run, after `start`. Never rejects. `awaitsStore` returns whether the next run begins as soon as
   * the store has answered: until then the work is not ended for that of another cluster, within limits.
   */
  load(awaitsStore: () => boolean): Promise<LoadOutcome>;
  /**
   * Gives up a load that only waits for its turn, so nothing of the work is there yet. It then ends as `ended`. Returns whether
   * there was one. The next load of this mastership has that turn.
   */
  stopWaiting?(): boolean;
  /**
   * Runs the tasks one after another, once `loaded`; resolves when nothing of them runs any more. If their thread does not
   * exit in time, it resolves while something of them may still run: then nothing is loaded before that has ended. Never
   * rejects. One run at a time.
   */
  run(tasks: readonly QueuedTask[]): Promise<ChunkOutcome>;
  /** How many tasks of the run under way are known to be done; it rises while they run. 0 when none is. */
  readonly doneSoFar: number;
  /**
   * Lets the task that runs come to its end, and begins none of its run after it. The run then ends as one does that has
   * no time left: with fewer done than given. Harmless when nothing runs.
   */
  finishCurrent(): void;
  /** Tells running work that it should end, and why. Harmless when nothing runs. */
  abort(reason: string): void;
  /**
   * Tells the work on the task that runs that it is cancelled. If it goes on for `timeout` ms, its thread is ended, and it
   * fails; where nothing can end it, it goes on. Only after `finishCurrent`, as the next task must not hear of it.
   */
  cancelCurrent(id: TaskId, timeout: number): void;
  /**
   * Ends what runs at once, where that can be done; resolves when nothing runs any more, which may be never for work
   * that nothing can stop. Until `stopUntil` the work may close what it has opened, if nothing runs. May be called again;
   * never rejects.
   */
  terminate(stopUntil?: number): Promise<void>;
  /** Shortens the time that `terminate` has given, where there is such. */
  hurry?(stopUntil: number): void;
}
