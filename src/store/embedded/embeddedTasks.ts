/**
 * The durable queue in the embedded store. New tasks go in batches, each one conditional write, on the version of the
 * entry that the numbers come from: it, the tasks and the numbers of their ids are written together or not at all, with
 * one wait for the disk. A number is never given twice, so that what is done may be trimmed at once.
 *
 * The entry of an id has the task's number as its version. So trimming an old task leaves the entry alone when the id
 * has come again meanwhile.
 */
import { StoreError } from '../../errors.js';
import type { TaskId } from '../../task.js';
import { isOfOurFormat, storedId } from '../documents.js';
import type { Tenure } from '../store.js';
import { storedBurial, storedLetter, TaskReader } from '../taskDocuments.js';
import type {
  Acknowledgement,
  AddResult,
  AttemptsRecord,
  DeadLetter,
  NewTask,
  QueueCounts,
  QueueState,
  RecordMark,
  StoredTask,
  TaskStore,
} from '../taskStore.js';
import type { Access } from './access.js';
import type { Entry, Environment, Written } from './environment.js';
import {
  idKey,
  leaseKey,
  letterIdKey,
  letterIdRange,
  letterKey,
  letterRange,
  queueKey,
  taskKey,
  taskRange,
} from './keys.js';

/** Tasks, and bytes of them, that are added or trimmed in one transaction: everybody's beats wait for it. */
const MOST_ADDED = 1000;
const MOST_TRIMMED = 500;
const MOST_BYTES = 4 * 1024 * 1024;

const KNOWN: AddResult = { type: 'known' };
const FULL: AddResult = { type: 'full' };

export class EmbeddedTasks implements TaskStore {
  constructor(private readonly access: Access) {}

  addTasks(name: string, tasks: readonly NewTask[], maxQueue: number): Promise<AddResult[]> {
    return this.access.write('addTasks', async (environment, signal) => {
      const results: AddResult[] = [];
      while (results.length < tasks.length && !signal.aborted) {
        const some = oneWrite(tasks, results.length);
        environment.refresh();
        const entry = environment.get(queueKey(name));
        const plan = this.plan(environment, name, some, this.nextOf(name, entry), maxQueue);
        const { written, next } = plan;
        // When somebody else was faster, all of it is decided again on what is there now.
        const isDone =
          written.length === 0 || (await environment.putAll(queueKey(name), { next }, entry?.version, written));
        if (isDone) results.push(...plan.results);
      }
      return results;
    });
  }

  private nextOf(name: string, entry: Entry | undefined): number {
    return entry === undefined ? 1 : this.reader(entry.value, 'queue', name).serial('next');
  }

  /** What becomes of each, if the numbers go on with `next`, and what is to be written for that. */
  private plan(
    environment: Environment,
    name: string,
    tasks: readonly NewTask[],
    next: number,
    maxQueue: number,
  ): Plan {
    const { done, burial } = this.state(environment, name);
    const at = Date.now();
    const mine = new Map<TaskId, AddResult>();
    const written: Written[] = [];
    let seq = Math.max(next, done + 1);
    // Never given twice: what stands there would be overwritten.
    if (environment.count(taskRange(name, seq)) > 0) throw this.alien('queue', name, 'next');
    const results = tasks.map(({ id, bytes }): AddResult => {
      const before = mine.get(id);
      if (before !== undefined) return before;
      const key = idKey(name, id);
      const known = environment.get(key);
      // A task that is being buried is needed for its letter.
      if (known !== undefined && (known.version > done || known.version === burial?.seq)) return KNOWN;
      if (seq - done > maxQueue) {
        mine.set(id, FULL);
        return FULL;
      }
      const task = { seq, key: storedId(id), payload: asBuffer(bytes), attempts: 0, deaths: 0, at };
      written.push({ key: taskKey(name, seq), value: task, version: 1 }, { key, value: seq, version: seq });
      mine.set(id, KNOWN);
      return { type: 'stored', seq: seq++ };
    });
    return { results, written, next: seq };
  }

  queueState(name: string): Promise<QueueState> {
    return this.access.read('queueState', (environment) => this.state(environment, name));
  }

  private state(environment: Environment, name: string): QueueState {
    const lease = environment.get(leaseKey(name));
    return lease === undefined ? { done: 0, burial: null } : this.reader(lease.value, 'lease', name).queueState();
  }

  tasksAfter(
    name: string,
    seq: number,
    limit: { readonly tasks: number; readonly bytes: number },
  ): Promise<StoredTask[]> {
    return this.access.read('tasksAfter', (environment) => {
      const found: StoredTask[] = [];
      let bytes = 0;
      if (limit.tasks < 1) return found;
      for (const entry of environment.each(taskRange(name, seq + 1))) {
        const task = this.task(name, entry);
        bytes += task.bytes.length;
        if (found.length > 0 && bytes > limit.bytes) break;
        found.push(task);
        if (found.length >= limit.tasks) break;
      }
      return found;
    });
  }

  acknowledge({ name, term, holder }: Tenure, { number, done, burial }: Acknowledgement): Promise<boolean> {
    return this.access.change('acknowledge', leaseKey(name), (old) => {
      if (old === undefined || old.term !== term || old.holder !== holder || !isOfOurFormat(old)) return undefined;
      const reader = this.reader(old, 'lease', name);
      if (reader.serial('ack') >= number) return undefined;
      const { done: before } = reader.queueState();
      return { ...old, ack: number, done: Math.max(before, done), burial: storedBurial(burial) };
    });
  }

  async setAttempts({ name, term }: Tenure, { seq, number, attempts, deaths }: AttemptsRecord): Promise<void> {
    await this.access.change('setAttempts', taskKey(name, seq), (old) => {
      if (old === undefined) return undefined;
      const by = this.reader(old, 'task', name).recordedBy();
      const isLater = by !== null && (by.term > term || (by.term === term && by.number >= number));
      return isLater ? undefined : { ...old, attempts, deaths, by: { term, number } };
    });
  }

  async clearAttempts(name: string, seq: number, recordedBy: RecordMark | null): Promise<void> {
    await this.access.change('clearAttempts', taskKey(name, seq), (old) => {
      if (old === undefined) return undefined;
      const by = this.reader(old, 'task', name).recordedBy();
      const isThat = by?.term === recordedBy?.term && by?.number === recordedBy?.number;
      return isThat ? { ...old, attempts: 0, deaths: 0 } : undefined;
    });
  }

  async trimTasks(name: string, through: number): Promise<void> {
    await this.access.write('trimTasks', async (environment, signal) => {
      while (!signal.aborted) {
        environment.refresh();
        const bite = this.bite(environment, name, through);
        if (bite.length === 0) return;
        await environment.removeAll(bite);
      }
    });
  }

  private bite(environment: Environment, name: string, through: number): { key: Buffer; version?: number }[] {
    const entries: { key: Buffer; version?: number }[] = [];
    let bytes = 0;
    for (const entry of environment.each({ start: taskKey(name, 0), end: taskKey(name, through + 1) })) {
      const { id, seq, bytes: payload } = this.task(name, entry);
      entries.push({ key: taskKey(name, seq) }, { key: idKey(name, id), version: seq });
      bytes += payload.length;
      if (entries.length >= 2 * MOST_TRIMMED || bytes >= MOST_BYTES) break;
    }
    return entries;
  }

  countTasks(name: string): Promise<QueueCounts> {
    return this.access.read('countTasks', (environment) => {
      const { done } = this.state(environment, name);
      const highest = this.nextOf(name, environment.get(queueKey(name))) - 1;
      const head = environment.get(taskKey(name, done + 1));
      return {
        queued: Math.max(0, highest - done),
        dead: environment.count(letterRange(name)),
        headAt: head === undefined ? null : this.reader(head.value, 'task', name).date('at'),
      };
    });
  }

  countDeadLetters(name: string): Promise<number> {
    return this.access.read('countDeadLetters', (environment) => environment.count(letterRange(name)));
  }

  async putDeadLetter(letter: DeadLetter): Promise<void> {
    const { queue, seq, id, bytes, at } = letter;
    const fields = { ...storedLetter(letter), payload: asBuffer(bytes), at: at.getTime() };
    await this.access.write('putDeadLetter', (environment) =>
      environment.putAll(letterKey(queue, seq), fields, undefined, [
        { key: letterIdKey(queue, id, seq), value: seq, version: 1 },
      ]),
    );
  }

  oldestDeadLetter(name: string, id: TaskId): Promise<DeadLetter | null> {
    return this.access.read('oldestDeadLetter', (environment) => {
      for (const seq of environment.values(letterIdRange(name, id))) {
        const entry = typeof seq === 'number' ? environment.get(letterKey(name, seq)) : undefined;
        if (entry === undefined) continue;
        const letter = this.reader(entry.value, 'dead letter', name).deadLetter();
        if (letter.seq !== seq) throw this.alien('dead letter', name, 'seq');
        return letter;
      }
      return null;
    });
  }

  async removeDeadLetter(name: string, seq: number): Promise<void> {
    await this.access.write('removeDeadLetter', async (environment) => {
      environment.refresh();
      const key = letterKey(name, seq);
      const letter = environment.get(key);
      if (letter === undefined) return;
      const { id } = this.reader(letter.value, 'dead letter', name).deadLetter();
      await environment.removeAll([{ key }, { key: letterIdKey(name, id, seq) }]);
    });
  }

  private task(name: string, { key, value }: { readonly key: Buffer; readonly value: unknown }): StoredTask {
    const task = this.reader(value, 'task', name).task();
    if (!key.equals(taskKey(name, task.seq))) throw this.alien('task', name, 'seq');
    return task;
  }

  /** A number that is not the one by which the entry is found: another entry would be taken for this one. */
  private alien(what: string, name: string, field: string): StoreError {
    return new StoreError('ERR_STORE_DATA', `${this.access.where(what, name)}: the field ${field} is not its number`);
  }

  private reader(value: unknown, what: string, name: string): TaskReader {
    return new TaskReader(value, this.access.where(what, name));
  }
}

interface Plan {
  readonly results: AddResult[];
  readonly written: Written[];
  readonly next: number;
}

/** The tasks from `from` on that one write may carry, at least one. */
function oneWrite(tasks: readonly NewTask[], from: number): readonly NewTask[] {
  let bytes = 0;
  let to = from;
  while (to < tasks.length && to - from < MOST_ADDED) {
    bytes += tasks[to]?.bytes.length ?? 0;
    if (bytes > MOST_BYTES && to > from) break;
    to += 1;
  }
  return tasks.slice(from, to);
}

/** The same bytes: LMDB's encoder writes a buffer as it is. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
