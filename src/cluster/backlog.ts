/**
 * The main thread's own list of the tasks that are not done: it answers for `maxQueue` and for ids that are queued
 * already, and from it a new coordinator is fed should the thread die, so that nothing is lost.
 */
import type { TaskBatch } from '../coordinator/messages.js';
import type { TaskId } from '../task.js';

/** Most bytes and tasks that one batch holds: the coordinator must not be held up by one message. */
const BATCH_BYTES = 4 * 1024 * 1024;
const BATCH_TASKS = 10_000;

export interface EncodedTask {
  readonly id: TaskId;
  readonly bytes: Uint8Array;
}

export class Backlog {
  private readonly tasks = new Map<TaskId, Uint8Array>();

  get size(): number {
    return this.tasks.size;
  }

  has(id: TaskId): boolean {
    return this.tasks.has(id);
  }

  add({ id, bytes }: EncodedTask): void {
    this.tasks.set(id, bytes);
  }

  delete(id: TaskId): void {
    this.tasks.delete(id);
  }

  clear(): void {
    this.tasks.clear();
  }

  /** All tasks, in the order of their submission. */
  batches(): Generator<TaskBatch> {
    return inBatches([...this.tasks].map(([id, bytes]) => ({ id, bytes })));
  }
}

/** The tasks end to end in shared blocks of a bounded size. */
export function* inBatches(tasks: readonly EncodedTask[]): Generator<TaskBatch> {
  let from = 0;
  while (from < tasks.length) {
    let to = from;
    let size = 0;
    for (let task = tasks[to]; task !== undefined; task = tasks[to]) {
      const full = to - from === BATCH_TASKS || (to > from && size + task.bytes.length > BATCH_BYTES);
      if (full) break;
      size += task.bytes.length;
      to += 1;
    }
    yield pack(tasks.slice(from, to), size);
    from = to;
  }
}

function pack(tasks: readonly EncodedTask[], size: number): TaskBatch {
  const block = new SharedArrayBuffer(size);
  const view = new Uint8Array(block);
  let offset = 0;
  for (const { bytes } of tasks) {
    view.set(bytes, offset);
    offset += bytes.length;
  }
  return { block, ids: tasks.map(({ id }) => id), lengths: tasks.map(({ bytes }) => bytes.length) };
}
