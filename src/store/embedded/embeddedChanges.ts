/** Requests to change a task, as the coordinator sees them in the embedded store. */
import type { TaskId } from '../../task/task.js';
import type { ChangeAnswer, ChangeStore, TaskChange, TaskMark } from '../changes.js';
import type { Tenure } from '../store.js';
import type { StoreCaller } from './storeThread.js';

export class EmbeddedChanges implements ChangeStore {
  constructor(protected readonly thread: Pick<StoreCaller, 'call'>) {}

  findTask(name: string, id: TaskId): Promise<{ readonly seq: number } | null> {
    return this.thread.call('findTask', [name, id]);
  }

  putChange(change: TaskChange, most: number): Promise<boolean> {
    return this.thread.call('putChange', [change, most]);
  }

  openChanges(name: string, limit: number, except: readonly string[]): Promise<TaskChange[]> {
    return this.thread.call('openChanges', [name, limit, except]);
  }

  takeChange(name: string, id: string, term: number): Promise<boolean> {
    return this.thread.call('takeChange', [name, id, term]);
  }

  answerChange(name: string, id: string, term: number, answer: ChangeAnswer): Promise<boolean> {
    return this.thread.call('answerChange', [name, id, term, answer]);
  }

  readAnswer(name: string, id: string): Promise<ChangeAnswer | null | 'gone'> {
    return this.thread.call('readAnswer', [name, id]);
  }

  removeChange(name: string, id: string): Promise<void> {
    return this.thread.call('removeChange', [name, id]);
  }

  trimChanges(name: string, before: Date): Promise<void> {
    return this.thread.call('trimChanges', [name, before]);
  }

  markTask(tenure: Tenure, mark: TaskMark): Promise<void> {
    return this.thread.call('markTask', [tenure, mark]);
  }
}
