/**
 * As much of a server as storing and trimming tasks needs, in memory, so a test can hold up a command while time
 * passes. The real servers are asked in test/contract.
 */

import { type Fields, isFields } from '../../../../src/store/documents.ts';
import { Commands } from '../../../../src/store/mongodb/commands.ts';
import type { Run } from '../../../../src/store/mongodb/connection/run.ts';
import { Topology } from '../../../../src/store/mongodb/connection/topology.ts';
import { IndexKeeper } from '../../../../src/store/mongodb/indexes/indexKeeper.ts';
import type { Settings } from '../../../../src/store/mongodb/settings.ts';
import { MongodbTasks } from '../../../../src/store/mongodb/tasks/mongodbTasks.ts';
import { TaskAdder } from '../../../../src/store/mongodb/tasks/taskAdder.ts';
import { TaskReads } from '../../../../src/store/mongodb/tasks/taskReads.ts';
import { TaskTrimmer } from '../../../../src/store/mongodb/tasks/taskTrimmer.ts';
import type { Clock } from '../../../../src/time/clock.ts';
import { FakeIndexes } from './fakeIndexes.ts';

export const settings: Settings = {
  connectString: 'mongodb://fake',
  database: 'test',
  clientOptions: {},
  debug: false,
  commandTimeout: 10_000,
  taskTimeout: 10_000,
  connectTimeout: 10_000,
  connectSteps: [10_000],
  freshFor: 10_000,
  wakeUps: false,
  label: 'mongodb://fake/tasks',
  secrets: [],
};

interface Task extends Fields {
  readonly seq: number;
}

export class FakeTasks {
  done = 0;
  /** How often a test has emptied it. */
  emptied = 0;
  /** What is put down of trimming. */
  trimmed: Fields | undefined;
  /** The life of the database. */
  epoch = 'epoch 1';
  /** In the order of their numbers. */
  tasks: Task[] = [];
  /** Are in the way of an insert, and cannot be seen. */
  hidden: Task[] = [];
  readonly sent: Fields[] = [];
  readonly indexes = new FakeIndexes();

  constructor() {
    this.indexes.hasDuplicates = () => this.twice.length > 0;
  }

  /** Called before a command takes effect. */
  hold: (command: Fields) => Promise<void> = async () => {};

  get seqs(): number[] {
    return this.tasks.map(({ seq }) => seq);
  }

  /** What a member has: its own memory, by its own clock. */
  member(clock: Clock) {
    const commands = new Commands(this.run, settings);
    const topology = new Topology(commands);
    const reads = new TaskReads(commands, topology, clock);
    const { label } = settings;
    const indexes = new IndexKeeper({ send: (what, command) => commands.send(what, command), label, clock });
    const adder = new TaskAdder(commands, reads, indexes, clock);
    const tasks = new MongodbTasks(commands, topology, indexes, clock);
    return { adder, trimmer: new TaskTrimmer(commands, reads, clock), indexes, reads, tasks };
  }

  /** Ids that are there more than once, by how often. */
  get twice(): [unknown, number][] {
    const counts = new Map<unknown, number>();
    for (const { key } of this.tasks) counts.set(key, (counts.get(key) ?? 0) + 1);
    return [...counts].filter(([, count]) => count > 1);
  }

  private readonly run: Run = async (what, command) => {
    this.sent.push(command);
    await this.hold(command);
    const answer = this.indexes.answer(what, command);
    if (answer !== undefined) return answer;
    if ('aggregate' in command) return { cursor: { firstBatch: this.duplicates() } };
    if ('count' in command) return { n: 0 };
    if (Array.isArray(command.documents)) return this.insert(command.documents);
    if (Array.isArray(command.updates)) {
      return command.update === 'failover' ? this.recordTrim(command.updates) : this.update(command.updates);
    }
    if (command.delete === 'failover') return this.deleteRecord(command.deletes);
    if (Array.isArray(command.deletes)) return this.delete(command.deletes);
    return { cursor: { firstBatch: this.find(command) } };
  };

  private insert(documents: readonly Task[]): Fields {
    for (const [index, document] of documents.entries()) {
      const taken = [...this.tasks, ...this.hidden].some(
        ({ _id, key }) => _id === document._id || (this.indexes.isUnique && key === document.key),
      );
      if (taken) return { writeErrors: [{ index, code: 11000, errmsg: 'duplicate' }] };
      this.tasks.push(document);
    }
    this.tasks.sort((a, b) => a.seq - b.seq);
    return { n: documents.length };
  }

  private duplicates(): Fields[] {
    return this.twice.map(([key, count]) => ({ _id: { name: 'q', key }, count }));
  }

  private find({ find, filter, sort, limit }: Fields): Fields[] {
    if (find === 'failover') {
      const isOfTrim = isFields(filter) && isFields(filter._id);
      const mark = { _id: 'settled', epoch: this.epoch, wait: 0 };
      if (isOfTrim) return this.trimmed === undefined ? [mark] : [mark, this.trimmed];
      return [{ _id: 'lease', done: this.done }];
    }
    const found = this.tasks.filter((task) => isMatch(task, isFields(filter) ? filter : {}));
    if (isFields(sort) && sort.seq === -1) found.reverse();
    return found.slice(0, Number(limit));
  }

  private update(updates: readonly { q: Fields; u: { $set: Fields } }[]): Fields {
    let n = 0;
    for (const { q, u } of updates) {
      this.tasks = this.tasks.map((task) => {
        if (!isMatch(task, q)) return task;
        n += 1;
        return { ...task, ...u.$set };
      });
    }
    return { n };
  }

  private recordTrim([update]: readonly { q: Fields; u: { $max: { through: number } } }[]): Fields {
    const isOther = this.trimmed !== undefined && this.trimmed.epoch !== update?.q.epoch;
    if (isOther) return { writeErrors: [{ index: 0, code: 11000, errmsg: 'duplicate' }] };
    const through = Math.max(Number(this.trimmed?.through ?? 0), update?.u.$max.through ?? 0);
    this.trimmed = { ...update?.q, through };
    return { n: 1 };
  }

  private deleteRecord(deletes: unknown): Fields {
    const [q] = Array.isArray(deletes) ? deletes.map((each: { q: Fields }) => each.q) : [];
    const { trimmed } = this;
    const isIt = trimmed !== undefined && (trimmed.epoch ?? null) === q?.epoch && trimmed.through === q?.through;
    if (isIt) this.trimmed = undefined;
    return { n: isIt ? 1 : 0 };
  }

  private delete(deletes: readonly { q: Fields }[]): Fields {
    const before = this.tasks.length;
    for (const { q } of deletes) this.tasks = this.tasks.filter((task) => !isMatch(task, q));
    return { n: before - this.tasks.length };
  }
}

/** As the server matches, as far as the filters of tasks go. All tasks are of one queue, and the field `name` is left out. */
function isMatch(task: Fields, { name: _name, ...filter }: Fields): boolean {
  return Object.entries(filter).every(([field, wanted]) => {
    const value = task[field] ?? null;
    if (!isFields(wanted) || wanted instanceof Date) return value === wanted;
    const { $gt, $gte, $lte, $in } = wanted;
    if ($in !== undefined) return Array.isArray($in) && $in.includes(value);
    if ($gte !== undefined && !(value !== null && Number(value) >= Number($gte))) return false;
    const isAbove = $gt === undefined || (value !== null && Number(value) > Number($gt));
    return isAbove && ($lte === undefined || (value !== null && Number(value) <= Number($lte)));
  });
}
