/** A queue in memory as the dispatcher sees it: a FIFO, and whether its head is held because its attempts are used up. */
import type { TaskId } from '../../task/task.js';
import type { TaskBytes } from '../../task/taskBytes.js';
import type { QueuedTask } from '../runner.js';
import type { TaskSource } from '../taskSource.js';
import { Fifo } from './fifo.js';

class MemoryTask implements QueuedTask {
  failed = 0;

  constructor(
    readonly id: TaskId,
    readonly bytes: TaskBytes,
    /** When it was submitted, by the monotonic clock. */
    readonly since: number,
  ) {}
}

export class MemoryQueue implements TaskSource {
  readonly tasks = new Fifo<MemoryTask>();
  private held: MemoryTask | undefined;
  /** It is all here. */
  readonly awaitsStore = false;

  /** Adds a task. Returns false if one with this id is there. */
  push(id: TaskId, bytes: TaskBytes, since: number): boolean {
    return this.tasks.push(new MemoryTask(id, bytes, since));
  }

  get waits(): boolean {
    return !this.isHeld && this.tasks.size > 0;
  }

  ready(most: number): readonly QueuedTask[] {
    return this.isHeld ? [] : this.tasks.first(most);
  }

  remove(count: number): void {
    for (let left = count; left > 0; left -= 1) this.tasks.shift();
  }

  /** Holds the queue: nothing is begun as long as the present head is the head. */
  hold(): void {
    this.held = this.tasks.head();
  }

  /** Ends that; `resetAttempts`: the attempts of the head count from the start again. */
  release(resetAttempts: boolean): void {
    if (resetAttempts && this.held !== undefined) this.held.failed = 0;
    this.held = undefined;
  }

  /** Takes a task out that was held. False when it is not there any more. */
  drop(task: QueuedTask): boolean {
    if (this.tasks.head() !== task) return false;
    this.tasks.shift();
    this.held = undefined;
    return true;
  }

  /** Returns the id of the head, if it is held. */
  get blocked(): TaskId | null {
    return this.isHeld ? (this.held?.id ?? null) : null;
  }

  /** Returns when the head was submitted. */
  get headSince(): number | null {
    return this.tasks.head()?.since ?? null;
  }

  private get isHeld(): boolean {
    return this.held !== undefined && this.tasks.head() === this.held;
  }
}
