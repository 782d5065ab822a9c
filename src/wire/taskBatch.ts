/** A batch of submitted tasks, taken apart: each is a slice of the shared block that all of them came in. */
import type { TaskId } from '../task/task.js';
import type { Slice } from '../task/taskBytes.js';
import type { TaskBatch } from './messages.js';

export interface SubmittedTask {
  readonly id: TaskId;
  readonly bytes: Slice;
  /** How long its id stays taken, in ms. */
  readonly idRule?: number;
}

export function tasksOf({ block, ids, offsets, lengths, uniqueFor }: TaskBatch): SubmittedTask[] {
  return ids.map((id, index) => {
    const bytes = { block, offset: offsets[index] ?? 0, length: lengths[index] ?? 0 };
    const idRule = uniqueFor?.[index];
    return idRule === undefined ? { id, bytes } : { id, bytes, idRule };
  });
}
