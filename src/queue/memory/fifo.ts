/**
 * The tasks that wait, in the order of their submission, found by id as fast as from the front: the standbys take out
 * what the master reports as done, in an order that need not be theirs.
 *
 * Why not a `Map` alone, which keeps the order of insertion: what is deleted leaves a hole until the next rehash, and
 * finding the first key walks over all of them. Of 1,000,000 tasks, Node 20 took 144,000 from the front of a `Map` in
 * 8 s, each slower than the one before. With the entries linked it takes all of them in 0.4 s (0.4 µs each), and the
 * longest single step is the rehash of the map of ids (about 50 ms, once on the way from a million tasks to none).
 */
import type { TaskId } from '../../task/task.js';
import type { QueuedTask } from '../runner.js';

/** What the queue needs to know of a task. */
export type Queued = Pick<QueuedTask, 'id' | 'bytes'>;

interface Entry<Task> {
  readonly task: Task;
  previous: Entry<Task> | undefined;
  next: Entry<Task> | undefined;
}

export class Fifo<Task extends Queued = Queued> {
  private readonly entries = new Map<TaskId, Entry<Task>>();
  private front: Entry<Task> | undefined;
  private back: Entry<Task> | undefined;
  private byteCount = 0;

  get size(): number {
    return this.entries.size;
  }

  /** Returns how many bytes all queued tasks have together. */
  get bytes(): number {
    return this.byteCount;
  }

  /** Adds a task. Returns false, and changes nothing, if the id is queued already. */
  push(task: Task): boolean {
    if (this.entries.has(task.id)) return false;
    const entry: Entry<Task> = { task, previous: this.back, next: undefined };
    if (this.back === undefined) this.front = entry;
    else this.back.next = entry;
    this.back = entry;
    this.entries.set(task.id, entry);
    this.byteCount += task.bytes.length;
    return true;
  }

  /** Returns the oldest task; it stays. */
  head(): Task | undefined {
    return this.front?.task;
  }

  /** Returns the oldest tasks, in order, at most `most`; they stay. */
  first(most: number): Task[] {
    const tasks: Task[] = [];
    for (let entry = this.front; entry !== undefined && tasks.length < most; entry = entry.next) tasks.push(entry.task);
    return tasks;
  }

  /** Takes the oldest task out. */
  shift(): Task | undefined {
    const entry = this.front;
    if (entry !== undefined) this.remove(entry);
    return entry?.task;
  }

  has(id: TaskId): boolean {
    return this.entries.has(id);
  }

  /** Removes one task, wherever it is. Returns false if it is not there. */
  delete(id: TaskId): boolean {
    const entry = this.entries.get(id);
    if (entry !== undefined) this.remove(entry);
    return entry !== undefined;
  }

  /** Takes out everything up to and including `id`; their ids, oldest first. Nothing when `id` is not there. */
  removeThrough(id: TaskId): TaskId[] {
    const through = this.entries.get(id);
    const removed: TaskId[] = [];
    if (through === undefined) return removed;
    let entry: Entry<Task> | undefined;
    do {
      entry = this.front;
      if (entry === undefined) break;
      this.remove(entry);
      removed.push(entry.task.id);
    } while (entry !== through);
    return removed;
  }

  /** Returns the ids, oldest first. The queue must not change while they are walked over. */
  ids(): IterableIterator<TaskId> {
    return this.entries.keys();
  }

  private remove(entry: Entry<Task>): void {
    if (entry.previous === undefined) this.front = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === undefined) this.back = entry.previous;
    else entry.next.previous = entry.previous;
    // An old entry that still points at young ones would keep them all from being collected early.
    entry.next = undefined;
    entry.previous = undefined;
    this.entries.delete(entry.task.id);
    this.byteCount -= entry.task.bytes.length;
  }
}
