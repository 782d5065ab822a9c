/** A batch of submitted tasks, taken apart: each is a view of the shared block that all of them came in. */
import type { NewTask } from '../store/taskStore.js';
import type { TaskBatch } from './messages.js';

export function tasksOf({ block, ids, lengths }: TaskBatch): NewTask[] {
  let offset = 0;
  return ids.map((id, index) => {
    const length = lengths[index] ?? 0;
    const bytes = new Uint8Array(block, offset, length);
    offset += length;
    return { id, bytes };
  });
}
