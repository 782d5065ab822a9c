/**
 * The durable queue in the user's MongoDB:
 *
 *   failover_tasks        { _id: seq + '/' + name, name, seq, key, payload, attempts, deaths, by: { term, number }, at,
 *                         origin, details }; without `origin` if a member submitted it;
 *                         without `by` as long as no master has put an attempt on record;
 *                         nor `checkpoint` and `checkpointBy: { term, number }` as long as no work has put one down;
 *                         `permanent: true` if it failed for good;
 *                         `uniqueUntil` if its id stays taken until then, and `kept: true`, and no payload, once nothing else
 *                         of it is needed (keptIds.ts);
 *                         unique on (name, key); the key of one that is done, when its id came again, is { was: seq },
 *                         and so is that of one that is cancelled, whose mark has the key then (mongodbChanges.ts)
 *   failover_deadletters  { _id: seq + '/' + name, name, seq, key, payload, error: { name, message, code },
 *                         attempts, at, claim }; without `claim` as long as no member has put it back
 *
 *   failover              { _id: 'trimmed/' + name, subsystem, through, epoch }: numbers up to there are free again, or
 *                         about to be; of no meaning under another epoch
 *
 * and in the lease the fields `done` and `burial`, which claims and beats leave as they are. Nothing here needs more of
 * a server than the protocol, unique keys, and writes of one document that are atomic.
 */

import type { TaskId } from '../../../task/task.js';
import type { Clock } from '../../../time/clock.js';
import { type Fields, storedId } from '../../documents.js';
import { NO_BYTES } from '../../reader.js';
import type { Tenure } from '../../store.js';
import { storedBurial, storedLetter } from '../../taskDocuments.js';
import {
  type Acknowledgement,
  type AddResult,
  type AttemptsRecord,
  type Checkpoint,
  DEAD_LETTERS_COUNTED_MAX,
  type DeadLetter,
  type FoundDeadLetter,
  type LaterTask,
  type Moment,
  type NewTask,
  type OutcomeLook,
  type QueueCounts,
  type QueueState,
  type RecordMark,
  type RelayedTask,
  type RelayResult,
  type StoredTask,
  type TaskOutcome,
  type TaskStore,
} from '../../taskStore.js';
import { type Commands, LEASES, leaseId, ofOurFormat } from '../commands.js';
import type { Topology } from '../connection/topology.js';
import type { IndexKeeper } from '../indexes/indexKeeper.js';
import { MongodbChanges } from './mongodbChanges.js';
import { MongodbOutcomes } from './mongodbOutcomes.js';
import { TaskAdder } from './taskAdder.js';
import { DEAD_LETTERS, isRetired, majority, TASKS, TaskReads, taskKey } from './taskReads.js';
import { TaskTrimmer } from './taskTrimmer.js';

/** What the payload of a task is taken to weigh before any was seen, in bytes. */
const FIRST_GUESS_BYTES = 16 * 1024;
/** An answer with fewer bytes was not ended because of its size, in bytes. */
const SMALL_ANSWER_BYTES = 1024 * 1024;

type TaskLimit = Parameters<TaskStore['tasksAfter']>[2];

interface Page {
  readonly tasks: StoredTask[];
  readonly highest: number;
  readonly bytes: number;
  readonly isAll: boolean;
}

export class MongodbTasks extends MongodbChanges implements TaskStore {
  private readonly reads: TaskReads;
  private readonly adder: TaskAdder;
  private readonly trimmer: TaskTrimmer;
  private readonly outcomes: MongodbOutcomes;
  /** What the payloads of a subsystem last weighed on average. */
  private readonly weights = new Map<string, number>();
  /** The subsystems whose last read came to the end: little is behind it. */
  private readonly short = new Set<string>();

  constructor(
    commands: Commands,
    topology: Topology,
    private readonly indexes: IndexKeeper,
    clock: Clock,
  ) {
    super(commands);
    this.reads = new TaskReads(commands, topology, clock);
    this.adder = new TaskAdder(commands, this.reads, indexes, clock);
    this.trimmer = new TaskTrimmer(commands, this.reads, clock);
    this.outcomes = new MongodbOutcomes(commands, this.reads, clock);
  }

  addTasks(name: string, tasks: readonly NewTask[], maxQueue: number): Promise<AddResult[]> {
    return this.adder.add(name, tasks, maxQueue);
  }

  relayTasks({ name }: Tenure, tasks: readonly RelayedTask[], since: Moment): Promise<RelayResult[]> {
    return this.adder.relay(name, tasks, since);
  }

  queueState(name: string): Promise<QueueState> {
    return this.reads.state('queueState', name);
  }

  tasksAfter(name: string, seq: number, limit: TaskLimit): Promise<StoredTask[]> {
    return this.commands.withTimeLimit('tasksAfter', async (signal) => {
      const [found] = await Promise.all([
        this.readWithin(name, seq, limit, signal),
        this.indexes.whileReading('tasksAfter'),
      ]);
      return found;
    });
  }

  private async readWithin(name: string, seq: number, limit: TaskLimit, signal: AbortSignal): Promise<StoredTask[]> {
    const found: StoredTask[] = [];
    let left = limit.bytes;
    let isRanged = !this.short.delete(name);
    for (let last = seq; found.length < limit.tasks && !signal.aborted; ) {
      const fitting = Math.floor(left / this.weightOf(name));
      if (found.length > 0 && fitting < 1) break;
      const most = Math.max(1, Math.min(limit.tasks - found.length, fitting));
      const { tasks, highest, bytes, isAll } = await this.readAfter(name, last, most, isRanged);
      for (const task of tasks) {
        left -= task.bytes.length;
        if (found.length > 0 && left < 0) return found;
        found.push(task);
      }
      if (isAll) this.short.add(name);
      if (isAll) break;
      // Nothing is in the range, but beyond it there may be something.
      if (highest === last) isRanged = false;
      last = highest;
      this.weights.set(name, bytes / Math.max(1, tasks.length));
    }
    return found;
  }

  private weightOf(name: string): number {
    return Math.max(1, this.weights.get(name) ?? FIRST_GUESS_BYTES);
  }

  /**
   * At most `most` tasks after `seq`: all there are, or as many as the server put into one answer. With a range, those of the next
   * `most` numbers: some servers, as DocumentDB, order all that a filter finds before they take the first.
   */
  private async readAfter(name: string, seq: number, most: number, isRanged: boolean): Promise<Page> {
    const filter = { name, seq: isRanged ? { $gt: seq, $lte: seq + most } : { $gt: seq } };
    const documents = await this.commands.find('tasksAfter', TASKS, filter, {
      sort: { seq: 1 },
      limit: most,
      ...majority,
    });
    let [highest, bytes] = [seq, 0];
    const tasks: StoredTask[] = [];
    for (const document of documents) {
      const reader = this.reads.reader(document);
      highest = reader.serial('seq');
      reader.mustBe('_id', taskKey(name, highest));
      // Done long ago: the member that asks for it is behind.
      if (document.kept === true || (isRetired(document) && reader.cancelled() === null)) continue;
      const task = reader.task();
      bytes += task.bytes.length;
      tasks.push(task);
    }
    // Of a range, one that begins with all numbers up to its last: the numbers of what is queued have no gaps.
    const isWhole = !isRanged || (documents.length > 0 && highest - seq === documents.length);
    return { tasks, highest, bytes, isAll: isWhole && documents.length < most && bytes < SMALL_ANSWER_BYTES };
  }

  /** Two commands, one after the other: no server has to write two documents at once. */
  async acknowledge(tenure: Tenure, { number, done, burial, outcomes = [] }: Acknowledgement): Promise<boolean> {
    const { name, term, holder } = tenure;
    if (outcomes.length > 0) await this.outcomes.put(name, outcomes);
    const held = { _id: leaseId(name), term, holder, ack: { $lt: number }, ...ofOurFormat };
    const change = { $max: { done }, $set: { ack: number, burial: storedBurial(burial) } };
    return this.commands.update('acknowledge', LEASES, held, change);
  }

  async setAttempts({ name, term }: Tenure, record: AttemptsRecord): Promise<void> {
    const { seq, number, attempts, deaths, permanent } = record;
    const $or = [{ by: null }, { 'by.term': { $lt: term } }, { 'by.term': term, 'by.number': { $lt: number } }];
    const forGood = permanent === true ? { permanent } : {};
    const change = { $set: { attempts, deaths, ...forGood, by: { term, number } } };
    await this.commands.update('setAttempts', TASKS, { _id: taskKey(name, seq), $or }, change);
  }

  async setCheckpoint({ name, term }: Tenure, { seq, number, bytes }: Checkpoint): Promise<boolean> {
    const unrecorded = [{ by: null }, { 'by.term': { $lte: term } }];
    const earlier = [
      { checkpointBy: null },
      { 'checkpointBy.term': { $lt: term } },
      { 'checkpointBy.term': term, 'checkpointBy.number': { $lt: number } },
    ];
    const filter = { _id: taskKey(name, seq), $and: [{ $or: unrecorded }, { $or: earlier }] };
    const change = { $set: { checkpoint: bytes, checkpointBy: { term, number } } };
    return this.commands.update('setCheckpoint', TASKS, filter, change);
  }

  async clearAttempts(name: string, seq: number, recordedBy: RecordMark | null): Promise<void> {
    const mark = recordedBy === null ? { by: null } : { 'by.term': recordedBy.term, 'by.number': recordedBy.number };
    const change = { $set: { attempts: 0, deaths: 0, permanent: false } };
    await this.commands.update('clearAttempts', TASKS, { _id: taskKey(name, seq), ...mark }, change);
  }

  trimTasks(name: string, through: number): Promise<void> {
    return this.trimmer.trim(name, through);
  }

  async countTasks(name: string): Promise<QueueCounts> {
    return this.commands.withTimeLimit('countTasks', async () => {
      const [highest, { done }, dead] = await Promise.all([
        this.reads.highest('countTasks', name),
        this.reads.state('countTasks', name),
        this.countDeadLetters(name),
      ]);
      // The numbers have no gaps.
      const queued = Math.max(0, highest - done);
      return { queued, dead, headAt: queued === 0 ? null : await this.storedAfter(name, done) };
    });
  }

  private async storedAfter(name: string, seq: number): Promise<Date | null> {
    const options = { sort: { seq: 1 }, limit: 1, projection: { at: 1, format: 1 }, ...majority };
    const first = (filter: Fields) => this.commands.find('countTasks', TASKS, filter, options);
    // The next number most often, which every server finds by its index.
    let [task] = await first({ _id: taskKey(name, seq + 1) });
    if (task === undefined) [task] = await first({ name, seq: { $gt: seq } });
    return task === undefined ? null : this.reads.reader(task).date('at');
  }

  countDeadLetters(name: string): Promise<number> {
    return this.commands.count('countDeadLetters', DEAD_LETTERS, { name }, DEAD_LETTERS_COUNTED_MAX);
  }

  async putDeadLetter(letter: DeadLetter): Promise<boolean> {
    const { queue, seq, id, bytes, at } = letter;
    const _id = taskKey(queue, seq);
    const document: Fields = { _id, ...storedLetter(letter), payload: bytes, at };
    if (await this.commands.insert('putDeadLetter', DEAD_LETTERS, document)) return true;
    const [found] = await this.commands.find('putDeadLetter', DEAD_LETTERS, { _id }, { limit: 1, ...majority });
    // Without one, it was written by a call whose answer was lost, and has been put back since.
    return found === undefined || this.reads.reader(found).deadLetter().id === id;
  }

  async oldestDeadLetter(name: string, id: TaskId): Promise<FoundDeadLetter | null> {
    const filter = { name, key: storedId(id) };
    const options = { sort: { seq: 1 }, limit: 1, ...majority };
    const [document] = await this.commands.find('oldestDeadLetter', DEAD_LETTERS, filter, options);
    if (document === undefined) return null;
    const reader = this.reads.reader(document);
    const letter = reader.deadLetter();
    reader.mustBe('_id', taskKey(name, letter.seq));
    return letter;
  }

  async deadLettersAfter(name: string, seq: number, limit: number): Promise<FoundDeadLetter[]> {
    // No index has this order. A server keeps only the first `limit` of them while it goes through those of the name.
    const options = { sort: { seq: 1 }, limit, projection: { payload: 0 }, ...majority };
    const found = await this.commands.find('deadLettersAfter', DEAD_LETTERS, { name, seq: { $gt: seq } }, options);
    return found.map((letter) => this.reads.reader({ ...letter, payload: NO_BYTES }).deadLetter());
  }

  async deadLetterAt(name: string, seq: number): Promise<FoundDeadLetter | null> {
    const filter = { _id: taskKey(name, seq) };
    const [found] = await this.commands.find('deadLetterAt', DEAD_LETTERS, filter, { limit: 1, ...majority });
    return found === undefined ? null : this.reads.reader(found).deadLetter();
  }

  claimDeadLetter(name: string, seq: number, expected: string | null, claim: string | null): Promise<boolean> {
    const unchanged = { _id: taskKey(name, seq), claim: expected, ...ofOurFormat };
    return this.commands.update('claimDeadLetter', DEAD_LETTERS, unchanged, { $set: { claim } });
  }

  async removeDeadLetter(name: string, seq: number): Promise<void> {
    await this.commands.delete('removeDeadLetter', DEAD_LETTERS, { _id: taskKey(name, seq) }, 1);
  }

  putOutcomes(name: string, outcomes: readonly TaskOutcome[]): Promise<void> {
    return this.outcomes.put(name, outcomes);
  }

  readOutcomes(name: string, ids: readonly TaskId[], later?: readonly LaterTask[]): Promise<OutcomeLook> {
    return this.outcomes.read(name, ids, later);
  }

  trimOutcomes(name: string, before: Date): Promise<boolean> {
    return this.outcomes.trim(name, before);
  }
}
