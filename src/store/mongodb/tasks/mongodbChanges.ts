/**
 * Requests to change a task, in MongoDB: documents among the leases, whose ids begin with the name of the subsystem, so one
 * range of ids finds them without an index of their own.
 *
 *   failover  { _id: 'change/' + name + '/' + id, subsystem, seq, key, running, payload, by, until, term, answer }
 */
import type { TaskId } from '../../../task/task.js';
import { ChangeReader, storedTaskChange } from '../../changeDocuments.js';
import type { ChangeAnswer, ChangeStore, TaskChange, TaskMark } from '../../changes.js';
import { type Fields, readableIn, storedId } from '../../documents.js';
import type { Tenure } from '../../store.js';
import { type Commands, LEASES, ofOurFormat } from '../commands.js';
import { majority, retiredKey, TASKS, taskKey } from './taskReads.js';

export class MongodbChanges implements ChangeStore {
  constructor(protected readonly commands: Commands) {}

  async findTask(name: string, id: TaskId): Promise<{ readonly seq: number } | null> {
    const options = { limit: 1, projection: { seq: 1, key: 1, format: 1 }, ...majority };
    const [task] = await this.commands.find('findTask', TASKS, { name, key: storedId(id) }, options);
    return task === undefined ? null : { seq: this.reader(task).serial('seq') };
  }

  async putChange(change: TaskChange, most: number): Promise<boolean> {
    const { name, id, bytes, until } = change;
    const waiting = { ...rangeOf(name), answer: null };
    if ((await this.commands.count('putChange', LEASES, waiting, most)) >= most) return false;
    const document = { _id: changeKey(name, id), ...storedTaskChange(change), payload: bytes, until };
    await this.commands.insert('putChange', LEASES, document);
    return true;
  }

  async openChanges(name: string, limit: number, except: readonly string[]): Promise<TaskChange[]> {
    const { _id: range, subsystem } = rangeOf(name);
    const $nin = except.map((id) => changeKey(name, id));
    const start = changeKey(name, '').length;
    const open: TaskChange[] = [];
    for (;;) {
      const filter = { _id: $nin.length === 0 ? range : { ...range, $nin }, subsystem, answer: null };
      const wanted = limit - open.length;
      const options = { sort: { _id: 1 }, limit: wanted, ...majority };
      const found = await this.commands.find('openChanges', LEASES, filter, options);
      for (const document of found) {
        const reader = this.reader(document);
        // One that cannot be read must not hide the others.
        open.push(...readableIn(() => reader.change(reader.text('_id').slice(start))));
        $nin.push(String(document._id));
      }
      if (found.length < wanted || open.length >= limit) return open;
    }
  }

  takeChange(name: string, id: string, term: number): Promise<boolean> {
    const open = { _id: changeKey(name, id), answer: null, term: { $lte: term }, ...ofOurFormat };
    return this.commands.update('takeChange', LEASES, open, { $set: { term } });
  }

  answerChange(name: string, id: string, term: number, answer: ChangeAnswer): Promise<boolean> {
    const taken = { _id: changeKey(name, id), answer: null, term, ...ofOurFormat };
    return this.commands.update('answerChange', LEASES, taken, { $set: { answer, payload: null } });
  }

  async readAnswer(name: string, id: string): Promise<ChangeAnswer | null | 'gone'> {
    const options = { limit: 1, projection: { answer: 1, format: 1 }, ...majority };
    const [found] = await this.commands.find('readAnswer', LEASES, { _id: changeKey(name, id) }, options);
    return found === undefined ? 'gone' : this.reader(found).answer();
  }

  async removeChange(name: string, id: string): Promise<void> {
    await this.commands.delete('removeChange', LEASES, { _id: changeKey(name, id) }, 1);
  }

  async trimChanges(name: string, before: Date): Promise<void> {
    await this.commands.delete('trimChanges', LEASES, { ...rangeOf(name), until: { $lt: before } }, 0);
  }

  /**
   * The id of a cancelled task is free at once, and an older version takes the task for one that was done. Its payload stays: a mark of
   * a master that is deposed may land when the next one is burying the task, and who comes after that writes the letter from here.
   */
  async markTask({ name, term }: Tenure, { seq, key, number, bytes }: TaskMark): Promise<void> {
    const _id = taskKey(name, seq);
    const earlier = [
      { mark: null },
      { 'mark.term': { $lt: term } },
      { 'mark.term': term, 'mark.number': { $lt: number } },
    ];
    // A later master that has a record of the task has begun it, as it was.
    const unrecorded = [{ by: null }, { 'by.term': { $lte: term } }];
    const id = storedId(key);
    const $and = [{ $or: unrecorded }, { $or: earlier }];
    if (bytes !== null) {
      const mark = { term, number };
      await this.commands.update('markTask', TASKS, { _id, key: id, $and }, { $set: { payload: bytes, mark } });
      return;
    }
    // Marked before, it has that id in its mark alone.
    const named = { $or: [{ key: id }, { 'mark.key': id }] };
    const cancelled = { key: retiredKey(seq), mark: { term, number, key: id } };
    await this.commands.update('markTask', TASKS, { _id, $and: [...$and, named] }, { $set: cancelled });
  }

  private reader(document: Fields): ChangeReader {
    return new ChangeReader(document, this.commands.where(document._id));
  }
}

function changeKey(name: string, id: string): string {
  return `change/${name}/${id}`;
}

/** With the name, because another one may begin with this one and a slash. */
function rangeOf(name: string): { readonly _id: Fields; readonly subsystem: string } {
  // The character after the slash.
  return { _id: { $gte: changeKey(name, ''), $lt: `change/${name}0` }, subsystem: name };
}
