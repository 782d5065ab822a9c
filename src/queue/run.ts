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
  /** The task whose work is to end, because it is cancelled, and whether it was told. */
  cancels: QueuedTask | null;
  told: boolean;
  /** Called when it has ended. */
  readonly waiters: (() => void)[];
}

export function newRun(tasks: readonly QueuedTask[]): Run {
  return { tasks, left: 0, counts: true, aborted: false, cancels: null, told: false, waiters: [] };
}
