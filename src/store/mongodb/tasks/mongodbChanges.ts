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
import { NO_BYTES } from '../../reader.js';
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

  async openChanges(name: string, limit: number): Promise<TaskChange[]> {
    const filter = { ...rangeOf(name), answer: null };
    const found = await this.commands.find('openChanges', LEASES, filter, { sort: { _id: 1 }, limit, ...majority });
    const start = changeKey(name, '').length;
    // One that cannot be read must not hide the others.
    return found.flatMap((document) =>
      readableIn(() => {
        const reader = this.reader(document);
        return reader.change(reader.text('_id').slice(start));
      }),
    );
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

  /** The id of a cancelled task is free at once, and an older version takes the task for one that was done. */
  async markTask({ name, term }: Tenure, { seq, key, number, bytes }: TaskMark): Promise<void> {
    const _id = taskKey(name, seq);
    const $or = [{ mark: null }, { 'mark.term': { $lt: term } }, { 'mark.term': term, 'mark.number': { $lt: number } }];
    const id = storedId(key);
    if (bytes !== null) {
      const mark = { term, number };
      await this.commands.update('markTask', TASKS, { _id, key: id, $or }, { $set: { payload: bytes, mark } });
      return;
    }
    const cancelled = { key: retiredKey(seq), payload: NO_BYTES, mark: { term, number, key: id } };
    await this.commands.update('markTask', TASKS, { _id, $or }, { $set: cancelled });
  }

  private reader(document: Fields): ChangeReader {
    return new ChangeReader(document, this.commands.where(document._id));
  }
}

function changeKey(name: string, id: string): string {
  return `change/${name}/${id}`;
}

/** With the name, because another one may begin with this one and a slash. */
function rangeOf(name: string): Fields {
  // The character after the slash.
  return { _id: { $gte: changeKey(name, ''), $lt: `change/${name}0` }, subsystem: name };
}
