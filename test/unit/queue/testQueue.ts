/** A FIFO as the dispatcher's source, whose head a test may hold back. */
import { Fifo } from '../../../src/queue/fifo.ts';
import type { QueuedTask } from '../../../src/queue/runner.ts';
import type { TaskSource } from '../../../src/queue/taskSource.ts';
import type { TaskId } from '../../../src/task.ts';

export class TestQueue extends Fifo<QueuedTask> implements TaskSource {
  held = false;

  add(id: TaskId): void {
    this.push({ id, bytes: new Uint8Array(1), failed: 0 });
  }

  ready(most: number): readonly QueuedTask[] {
    return this.held ? [] : this.first(most);
  }

  finish(count: number): void {
    for (let left = count; left > 0; left -= 1) this.shift();
  }
}
