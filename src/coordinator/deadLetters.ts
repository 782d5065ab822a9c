/** The dead letters of one managed cluster, as `requeue` takes them: they are in the store, wherever the queue is. */
import type { TaskStore } from '../store/taskStore.js';
import type { TaskId } from '../task.js';
import type { FoundLetter } from './messages.js';

export class DeadLetters {
  constructor(
    private readonly store: TaskStore,
    private readonly name: string,
  ) {}

  /** The oldest with this id. */
  async find(id: TaskId): Promise<FoundLetter | null> {
    const letter = await this.store.oldestDeadLetter(this.name, id);
    return letter === null ? null : { seq: letter.seq, bytes: letter.bytes };
  }

  remove(seq: number): Promise<void> {
    return this.store.removeDeadLetter(this.name, seq);
  }
}
