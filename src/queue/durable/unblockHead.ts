/** Lets a stored queue go on whose head has used its attempts up. */
import type { TaskStore } from '../../store/taskStore.js';
import type { TaskId } from '../../task/task.js';

type HeadStore = Pick<TaskStore, 'queueState' | 'tasksAfter' | 'clearAttempts'>;

/** Gives the head of the queue all its attempts again, if it has this id and was tried. Returns whether it did. */
export async function unblockHead(store: HeadStore, name: string, id: TaskId): Promise<boolean> {
  const { done } = await store.queueState(name);
  const [head] = await store.tasksAfter(name, done, { tasks: 1, bytes: 1 });
  if (head === undefined || head.cancelled === true || head.id !== id || head.attempts === 0) return false;
  await store.clearAttempts(name, head.seq, head.recordedBy);
  return true;
}
