/** What running work in a task thread is told by the channel of its thread. */
import type { TaskId } from '../task/task.js';

export interface AbortMessage {
  /** Why it must end. */
  readonly reason: string;
  /** Concerns this task alone: another one may run when the message comes. Missing: whatever runs. */
  readonly id?: TaskId;
}

/** Why work on a cancelled task must end. */
export const CANCELLED = 'the task is cancelled';
