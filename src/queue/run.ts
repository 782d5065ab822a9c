/** What the dispatcher knows of the run under way. */
import type { QueuedTask } from './runner.js';

/** A run under way. */
export interface Run {
  /** Not empty. */
  readonly tasks: readonly QueuedTask[];
  /** How many of them have left the source. */
  left: number;
  /** Whether the mastership under which it began still lasts. */
  counts: boolean;
  aborted: boolean;
  /** The tasks whose work is to end, because they are cancelled, and the one of which it was last told. */
  readonly cancels: Set<QueuedTask>;
  told: QueuedTask | null;
  /** Called when it has ended. */
  readonly waiters: (() => void)[];
}

export function newRun(tasks: readonly QueuedTask[]): Run {
  return { tasks, left: 0, counts: true, aborted: false, cancels: new Set(), told: null, waiters: [] };
}

/** Returns the task that runs, if its work is to be told to end now: once for each. `done`: how many are done so far. */
export function toCancel(run: Run, done: number): QueuedTask | null {
  const task = run.tasks[done];
  if (task === undefined || task === run.told || !run.cancels.has(task)) return null;
  run.told = task;
  return task;
}
