/**
 * How the durable queue is read: never what a new primary could take back. A number seen in a task that is then lost
 * with its primary would be given again, below what is done by then.
 */
import { StoreError } from '../../../errors.js';
import type { Clock } from '../../../time/clock.js';
import { type Fields, isFields } from '../../documents.js';
import { TaskReader } from '../../taskDocuments.js';
import type { QueueState } from '../../taskStore.js';
import { type Commands, LEASES, leaseId, SETTLED } from '../commands.js';
import type { Topology } from '../connection/topology.js';
import { serverCode } from '../storeErrors.js';

export const TASKS = 'failover_tasks';
export const DEAD_LETTERS = 'failover_deadletters';

/** What the majority has; of a primary that has been replaced and does not know it yet, what it had. */
export const majority = { readConcern: { level: 'majority' } } as const;
/** What the majority has, from a primary that has made sure that it still is one. */
const linearizable = { readConcern: { level: 'linearizable' } } as const;

/** How often a read is sent that a server answers with an error that passes. */
const READ_ATTEMPTS_MAX = 2;

/** What is put down of trimming. */
export interface TrimRecord {
  readonly through: number;
  /** Missing in what others wrote. */
  readonly epoch: unknown;
}
/**
 * Some servers, as DocumentDB, order all that a filter finds before they take the first. So the highest number is read from one on that
 * is near it: that was the highest a short while ago, in ms, or is found by steps, as the numbers of what is queued have no gaps.
 */
const NEAR_FOR_MS = 30_000;
const NEAR = 4096;
/** Numbers that one step looks at: all powers of two above a number, or as many between two numbers. */
const POWERS = Array.from({ length: 40 }, (_, exponent) => 2 ** exponent);
const BETWEEN = 128;

export class TaskReads {
  /** What the highest numbers were, and when. */
  private readonly seen = new Map<string, { readonly seq: number; readonly at: number }>();

  constructor(
    private readonly commands: Commands,
    private readonly topology: Topology,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** Returns the highest number in the collection, 0 without any. It is the one of a single read, from wherever that begins. */
  async highest(what: string, name: string, fresh = false): Promise<number> {
    const options = { sort: { seq: -1 }, limit: 1, projection: { seq: 1, format: 1 } };
    const from = await this.nearHighest(what, name);
    let [task] = await this.find(what, TASKS, { name, seq: { $gte: from } }, options, fresh);
    // The collection may have been emptied, and its numbers begin again.
    if (task === undefined && from > 0) [task] = await this.find(what, TASKS, { name }, options, fresh);
    const seq = task === undefined ? 0 : this.reader(task).serial('seq');
    this.seen.set(name, { seq, at: this.clock.now() });
    return seq;
  }

  /** Returns a number that is there and near the highest, if numbers have no gaps above what is done; 0 if it finds none. */
  private async nearHighest(what: string, name: string): Promise<number> {
    const seen = this.seen.get(name);
    if (seen !== undefined && this.clock.now() - seen.at < NEAR_FOR_MS) return seen.seq;
    this.seen.delete(name);
    const { done } = await this.state(what, name);
    let from = await this.highestOf(what, name, [done, ...POWERS.map((power) => done + power)]);
    // Twice as far from what is done there was nothing.
    for (let width = from - done; width > NEAR; width = Math.ceil(width / BETWEEN)) {
      const step = Math.ceil(width / BETWEEN);
      const points = Array.from({ length: BETWEEN }, (_, index) => from + index * step);
      from = await this.highestOf(what, name, points);
    }
    return from;
  }

  /** Returns the highest of the numbers that is there, 0 if none is. */
  private async highestOf(what: string, name: string, seqs: readonly number[]): Promise<number> {
    const filter = { _id: { $in: seqs.filter((seq) => seq > 0).map((seq) => taskKey(name, seq)) } };
    const options = { limit: seqs.length, projection: { seq: 1, format: 1 }, ...majority };
    const found = await this.commands.find(what, TASKS, filter, options);
    return Math.max(0, ...found.map((task) => this.reader(task).serial('seq')));
  }

  async state(what: string, name: string, fresh = false): Promise<QueueState> {
    const options = { limit: 1, projection: { done: 1, burial: 1, format: 1 } };
    const [lease] = await this.find(what, LEASES, { _id: leaseId(name) }, options, fresh);
    return lease === undefined ? { done: 0, burial: null } : this.reader(lease).queueState();
  }

  /** Returns those of the origins that a stored task has, done or not, with its number. One that came too late does not count. */
  async origins(what: string, name: string, origins: readonly string[]): Promise<Map<string, number>> {
    const filter = { name, origin: { $in: origins } };
    // One that came too late, and lies below what is done, may have the origin of another.
    const options = { limit: 2 * origins.length, projection: { seq: 1, origin: 1, format: 1 } };
    const found = await this.find(what, TASKS, filter, options, true);
    const seqs = new Map<string, number>();
    for (const task of found) {
      const reader = this.reader(task);
      const origin = reader.text('origin');
      seqs.set(origin, Math.max(reader.count('seq'), seqs.get(origin) ?? 0));
    }
    if (seqs.size === 0) return seqs;
    const trimmed = await this.trimmedThrough(what, name);
    return new Map([...seqs].filter(([, seq]) => seq > trimmed));
  }

  /**
   * Returns up to which number tasks were trimmed, or are about to be, 0 if none. A number up to there was given once: a task that has
   * it, and is not kept for its id, came too late (taskAdder.ts), and was never run. A record is not believed that was left by numbers
   * of before: of a database that was emptied, or of a subsystem whose lease and tasks were.
   */
  async trimmedThrough(what: string, name: string): Promise<number> {
    const { record, epoch } = await this.trimRecord(what, name);
    if (record === null) return 0;
    // Read after the record, and so never behind one that is true.
    const { done } = await this.state(what, name);
    return isTrue(record, epoch, done) ? record.through : 0;
  }

  /** Returns what is put down of trimming, and the epoch of the database. */
  async trimRecord(what: string, name: string): Promise<{ record: TrimRecord | null; epoch: string }> {
    const filter = { _id: { $in: [trimmedId(name), SETTLED] } };
    const options = { limit: 2, projection: { through: 1, epoch: 1, format: 1 }, ...majority };
    const found = await this.commands.find(what, LEASES, filter, options);
    const [record, mark] = [trimmedId(name), SETTLED].map((id) => found.find(({ _id }) => _id === id));
    return {
      record: record === undefined ? null : { through: this.reader(record).serial('through'), epoch: record.epoch },
      // Each master has begun one.
      epoch: mark === undefined ? '' : this.reader(mark).text('epoch'),
    };
  }

  reader(document: Fields): TaskReader {
    return new TaskReader(document, this.commands.where(document._id));
  }

  /** Reads from a primary that has made sure that it still is one: all that was written before is seen. */
  fresh(what: string, from: string, filter: Fields, options: Fields): Promise<Fields[]> {
    return this.find(what, from, filter, options, true);
  }

  private async find(what: string, from: string, filter: Fields, options: Fields, fresh: boolean): Promise<Fields[]> {
    const { commands, topology } = this;
    // A server that is the only one refuses a linearizable read, and no other primary is there.
    if (!fresh || topology.alone) return commands.find(what, from, filter, { ...options, ...majority });
    const read = () => commands.find(what, from, filter, { ...options, ...linearizable });
    for (let attempt = 1; ; attempt++) {
      try {
        return await read();
      } catch (error) {
        const isRefusal = error instanceof StoreError && error.code === 'ERR_STORE';
        if (isRefusal) break;
        // An error that passes says nothing of what the server can do. The read is sent again, as it changes nothing.
        if (serverCode(error) === undefined || attempt === READ_ATTEMPTS_MAX) throw error;
      }
    }
    await topology.ask(what);
    return commands.find(what, from, filter, { ...options, ...majority });
  }
}

/** The highest number that is done is never trimmed. */
export function isTrue({ through, epoch: of }: TrimRecord, epoch: string, done: number): boolean {
  return of === epoch && through < done;
}

export function taskKey(name: string, seq: number): string {
  return `${seq}/${name}`;
}

/** Names the document that says up to where tasks were trimmed. */
export function trimmedId(name: string): string {
  return `trimmed/${name}`;
}

/** In the place of the id of a task that is done, when the id came again: no id is stored so. */
export function retiredKey(seq: number): Fields {
  return { was: seq };
}

export function isRetired({ key }: Fields): boolean {
  return isFields(key) && 'was' in key;
}
