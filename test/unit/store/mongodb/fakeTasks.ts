/**
 * As much of a server as storing and trimming tasks needs, in memory, so that a test can hold up a command while time
 * passes. The real servers are asked in test/contract.
 */
import type { Clock } from '../../../../src/clock.ts';
import { type Fields, isFields } from '../../../../src/store/documents.ts';
import { Commands } from '../../../../src/store/mongodb/commands.ts';
import type { Run } from '../../../../src/store/mongodb/connection.ts';
import { TaskAdder } from '../../../../src/store/mongodb/taskAdder.ts';
import { TaskReads } from '../../../../src/store/mongodb/taskReads.ts';
import { TaskTrimmer } from '../../../../src/store/mongodb/taskTrimmer.ts';

const settings = {
  connectString: 'mongodb://fake',
  clientOptions: {},
  debug: false,
  commandTimeout: 10_000,
  taskTimeout: 10_000,
  connectTimeout: 10_000,
  connectSteps: [10_000],
  freshFor: 10_000,
  label: 'mongodb://fake/tasks',
  secrets: [],
};

interface Task extends Fields {
  readonly seq: number;
}

export class FakeTasks {
  done = 0;
  /** In the order of their numbers. */
  tasks: Task[] = [];
  /** Are in the way of an insert, and cannot be seen. */
  hidden: Task[] = [];
  readonly sent: Fields[] = [];
  /** Called before a command takes effect. */
  hold: (command: Fields) => Promise<void> = async () => {};

  get seqs(): number[] {
    return this.tasks.map(({ seq }) => seq);
  }

  /** What a member has: its own memory, by its own clock. */
  member(clock: Clock): { adder: TaskAdder; trimmer: TaskTrimmer } {
    const commands = new Commands(this.run, settings);
    const reads = new TaskReads(commands);
    return { adder: new TaskAdder(commands, reads, clock), trimmer: new TaskTrimmer(commands, reads, clock) };
  }

  private readonly run: Run = async (_what, command) => {
    this.sent.push(command);
    await this.hold(command);
    if (Array.isArray(command.documents)) return this.insert(command.documents);
    if (Array.isArray(command.updates)) return this.update(command.updates);
    if (Array.isArray(command.deletes)) return this.delete(command.deletes);
    return { cursor: { firstBatch: this.find(command) } };
  };

  private insert(documents: readonly Task[]): Fields {
    for (const [index, document] of documents.entries()) {
      const taken = [...this.tasks, ...this.hidden].some(
        ({ _id, key }) => _id === document._id || key === document.key,
      );
      if (taken) return { writeErrors: [{ index, code: 11000, errmsg: 'duplicate' }] };
      this.tasks.push(document);
    }
    this.tasks.sort((a, b) => a.seq - b.seq);
    return { n: documents.length };
  }

  private find({ find, filter, sort, limit }: Fields): Fields[] {
    if (find === 'failover') return [{ _id: 'lease', done: this.done }];
    const { seq, key } = isFields(filter) ? filter : {};
    const above = isFields(seq) ? Number(seq.$gt) : 0;
    const keys = isFields(key) && Array.isArray(key.$in) ? key.$in : undefined;
    const found = this.tasks.filter((task) => task.seq > above && (keys === undefined || keys.includes(task.key)));
    if (isFields(sort) && sort.seq === -1) found.reverse();
    return found.slice(0, Number(limit));
  }

  private update(updates: readonly { q: Fields; u: { $set: Fields } }[]): Fields {
    for (const { q, u } of updates) {
      this.tasks = this.tasks.map((task) => (task._id === q._id ? { ...task, ...u.$set } : task));
    }
    return { n: updates.length };
  }

  private delete(deletes: readonly { q: { seq: { $gt: number; $lte: number } } }[]): Fields {
    const before = this.tasks.length;
    for (const { q } of deletes) {
      this.tasks = this.tasks.filter(({ seq }) => !(seq > q.seq.$gt && seq <= q.seq.$lte));
    }
    return { n: before - this.tasks.length };
  }
}
