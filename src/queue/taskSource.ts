/** Where the dispatcher takes its tasks from: a queue in memory, or the window of one that is stored. */
import type { QueuedTask } from './runner.js';

export interface TaskSource {
  /** Whether a task is next to run. Asking has no effect, where `ready` may put the task on record. */
  readonly waits: boolean;
  /** Whether the next task may run as soon as the store has answered. Asking has no effect. */
  readonly awaitsStore: boolean;
  /**
   * Returns the next tasks, in order, at most `most` of them; they stay. None when there are none, or when the next one may not
   * run yet: then the dispatcher is poked as soon as it may.
   */
  ready(most: number): readonly QueuedTask[];
  /** Returns whether this task, which failed or was postponed, is still the next one. Missing: only `remove` takes it out. */
  isHead?(task: QueuedTask): boolean;
  /** Removes the first `count` of those tasks, which are done. */
  remove(count: number): void;
}
