/** Stores tasks for a durable cluster without a member: with the id that its members would read, and within their limits. */
import { TaskError } from '../errors.js';
import type { OutboxStore } from '../store/outbox.js';
import { partsOf } from '../store/parts.js';
import type { NewTask, TaskStore } from '../store/taskStore.js';
import type { TaskId } from '../task/task.js';
import { encodeTask } from '../task/taskCodec.js';
import { resolveKey } from '../task/taskKey.js';

/** As the options have it where a master says nothing. */
const MAX_QUEUE_DEFAULT = 1_000_000;
const MAX_TASK_BYTES_DEFAULT = 1024 * 1024;
const MAX_TASK_BYTES_MAX = 16 * 1024 * 1024 - 64 * 1024;
/** Tasks, and bytes of them, in one write. */
const batchLimits = { items: 256, bytes: 1024 * 1024 };

/** What the master has said of itself, as far as it matters here. */
export interface SubmissionLimits {
  /** The property that holds the id; null if it is a function, or was not said. */
  readonly key: string | null;
  readonly maxQueue: number;
  readonly maxTaskBytes: number;
}

/** Reads the settings that a lease carries. */
export function limitsOf(settings: Readonly<Record<string, string>>): SubmissionLimits {
  return {
    key: keyIn(settings.key),
    maxQueue: numberIn(settings.maxQueue, MAX_QUEUE_DEFAULT),
    maxTaskBytes: Math.min(numberIn(settings.maxTaskBytes, MAX_TASK_BYTES_DEFAULT), MAX_TASK_BYTES_MAX),
  };
}

function numberIn(text: string | undefined, fallback: number): number {
  const number = text === undefined ? Number.NaN : Number(text);
  return number >= 0 ? number : fallback;
}

/** A long name is stored as its beginning and a digest, which is no JSON. */
function keyIn(text: string | undefined): string | null {
  try {
    const key: unknown = text === undefined ? null : JSON.parse(text);
    return typeof key === 'string' ? key : null;
  } catch {
    return null;
  }
}

/**
 * Returns the task as it is stored.
 *
 * @throws TaskError if its id is none, or it is too large, or cannot be stored
 */
export function newTask(
  task: unknown,
  id: TaskId | null,
  { key, maxTaskBytes }: Pick<SubmissionLimits, 'key' | 'maxTaskBytes'>,
): NewTask {
  if (typeof task !== 'object' || task === null || Array.isArray(task)) {
    throw new TaskError('ERR_TASK_NOT_CLONEABLE', 'a task must be an object');
  }
  if (id === null && key === null) throw new TaskError('ERR_INVALID_KEY', 'the task has no id');
  const own = id ?? resolveKey(key)(task);
  const bytes = encodeTask(task, maxTaskBytes, (most, write) => {
    const block = new Uint8Array(most);
    return block.subarray(0, write(block, 0));
  });
  return { id: own, bytes };
}

export interface Submitted {
  readonly stored: number;
  /** How many were queued already, by their ids. */
  readonly duplicates: number;
  /** Whether the queue was full, so the rest was not stored. */
  readonly isFull: boolean;
}

/** Stores tasks that are due at that time, in ms since 1970. A task whose id waits already is a duplicate. */
export async function submitLater(
  store: Pick<OutboxStore, 'putEntries'>,
  name: string,
  tasks: readonly NewTask[],
  { at, newOrigin }: { readonly at: number; newOrigin(): string },
): Promise<Submitted> {
  let stored = 0;
  for (const batch of partsOf(tasks, ({ bytes }) => bytes.length, batchLimits)) {
    const entries = batch.map(({ id, bytes }) => ({ id, bytes, at: new Date(at), origin: newOrigin() }));
    stored += (await store.putEntries(name, entries)).filter(Boolean).length;
  }
  return { stored, duplicates: tasks.length - stored, isFull: false };
}

/** Stores the tasks in their order, and stops when the queue is full. */
export async function submit(
  store: Pick<TaskStore, 'addTasks'>,
  name: string,
  tasks: readonly NewTask[],
  { maxQueue }: Pick<SubmissionLimits, 'maxQueue'>,
): Promise<Submitted> {
  let [stored, duplicates] = [0, 0];
  for (const batch of partsOf(tasks, ({ bytes }) => bytes.length, batchLimits)) {
    const results = await store.addTasks(name, batch, maxQueue);
    stored += results.filter(({ type }) => type === 'stored').length;
    duplicates += results.filter(({ type }) => type === 'known').length;
    if (results.some(({ type }) => type === 'full')) return { stored, duplicates, isFull: true };
  }
  return { stored, duplicates, isFull: false };
}
