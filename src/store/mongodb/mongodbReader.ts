/** The store in MongoDB for a user who may only read: `find`, `count` and `ping`, and nothing is prepared. */

import type { TaskId } from '../../task/task.js';
import { systemClock } from '../../time/systemClock.js';
import { type Fields, isFields, readableIn, storedId } from '../documents.js';
import type { MongodbFacts } from '../facts.js';
import { leaseEntry } from '../leaseEntry.js';
import type { Drain, SeenOrders } from '../orders.js';
import {
  type LeaseEntry,
  type LetterEntry,
  NO_BYTES,
  type Page,
  type StoreReader,
  type TaskEntry,
  type TermEntry,
} from '../reader.js';
import type { StoredSchedule } from '../schedules.js';
import type { SeenOutbox } from '../seenOutbox.js';
import type { Member } from '../store.js';
import { TaskReader } from '../taskDocuments.js';
import type { OutcomeLook } from '../taskStore.js';
import { Commands, LEASES, leaseId } from './commands.js';
import { MongoConnection } from './connection/connection.js';
import { Topology } from './connection/topology.js';
import { examine } from './examination.js';
import { MEMBERS } from './indexes/indexes.js';
import { MongodbOrders } from './mongodbOrders.js';
import { MongodbSchedules } from './mongodbSchedules.js';
import { lookAtOutbox } from './outboxLook.js';
import { greet } from './serverClock.js';
import type { Settings } from './settings.js';
import { MongodbOutcomes } from './tasks/mongodbOutcomes.js';
import { DEAD_LETTERS, isRetired, majority, TASKS, TaskReads, taskKey } from './tasks/taskReads.js';

const PREFIX = leaseId('');
/** The first key behind all leases: `0` follows `/`. */
const BEHIND = 'lease0';
const LEASES_TOGETHER_MAX = 100;
const MEMBERS_MAX = 10_000;
const clocks = { now: () => systemClock.now(), wall: () => systemClock.wall() };

export class MongodbReader implements StoreReader {
  readonly label: string;
  private readonly connection: MongoConnection;
  private readonly commands: Commands;
  private readonly requests: MongodbOrders;
  private readonly kept: MongodbOutcomes;

  constructor(settings: Settings) {
    this.label = settings.label;
    this.connection = new MongoConnection(settings, async (run) => void (await run('open', { ping: 1 })));
    this.commands = new Commands(this.connection.run, settings);
    this.requests = new MongodbOrders(this.commands);
    const reads = new TaskReads(this.commands, new Topology(this.commands), clocks);
    this.kept = new MongodbOutcomes(this.commands, reads, systemClock);
  }

  open(): Promise<void> {
    return this.connection.open();
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  outcomes(name: string, ids: readonly TaskId[]): Promise<OutcomeLook> {
    return this.kept.read(name, ids);
  }

  async leases({ after, limit }: Page<string>): Promise<LeaseEntry[]> {
    const filter = { _id: { $gt: leaseId(after), $lt: BEHIND } };
    const options = { sort: { _id: 1 }, limit, projection: { recent: 0 } };
    return (await this.find('leases', LEASES, filter, options)).flatMap((document) => this.entry(document));
  }

  async leasesOf(names: readonly string[]): Promise<LeaseEntry[]> {
    const reads: Promise<Fields[]>[] = [];
    for (let at = 0; at < names.length; at += LEASES_TOGETHER_MAX) {
      const ids = names.slice(at, at + LEASES_TOGETHER_MAX).map(leaseId);
      const options = { limit: ids.length, projection: { recent: 0 } };
      reads.push(this.find('leases', LEASES, { _id: { $in: ids } }, options));
    }
    return (await Promise.all(reads)).flat().flatMap((document) => this.entry(document));
  }

  private entry(document: Fields): LeaseEntry[] {
    const { _id } = document;
    if (typeof _id !== 'string') return [];
    return [leaseEntry(_id.slice(PREFIX.length), document, this.commands.where(_id))];
  }

  async terms(name: string, limit: number): Promise<TermEntry[]> {
    const found = await this.find('terms', LEASES, { name }, { sort: { term: -1 }, limit });
    return found.flatMap((document) => {
      const reader = this.reader(document);
      return readableIn(() => ({ ...reader.termRecord(), at: readableIn(() => reader.date('at'))[0] ?? null }));
    });
  }

  async members(name: string | null): Promise<Member[]> {
    // Notices are in the same collection, and have no host.
    const filter = { ...(name === null ? {} : { name }), host: { $exists: true } };
    const found = await this.find('members', MEMBERS, filter, { limit: MEMBERS_MAX });
    return found.flatMap((document) => readableIn(() => this.reader(document).member('_id')));
  }

  orders(names: readonly string[]): Promise<SeenOrders[]> {
    return this.requests.readOrders(names.map((name) => ({ name })));
  }

  drains(): Promise<Drain[]> {
    return this.requests.listDrains();
  }

  async highestTask(name: string): Promise<number> {
    const options = { sort: { seq: -1 }, limit: 1, projection: { seq: 1, format: 1 }, ...majority };
    const [task] = await this.find('highestTask', TASKS, { name }, options);
    return task === undefined ? 0 : this.reader(task).serial('seq');
  }

  async taskNames(except: readonly string[], limit: number): Promise<string[]> {
    const names: string[] = [];
    while (names.length < limit) {
      // One after another: a server finds the next of an index at once, and would go through all tasks for a list.
      const filter = { name: { $type: 'string', $nin: [...except, ...names] } };
      const [found] = await this.find('taskNames', TASKS, filter, { limit: 1, projection: { name: 1, _id: 0 } });
      if (typeof found?.name !== 'string') break;
      names.push(found.name);
    }
    return names;
  }

  async tasks(name: string, { after, limit }: Page<number>, withPayload: boolean): Promise<TaskEntry[]> {
    const options = { sort: { seq: 1 }, limit, ...shown(withPayload), ...majority };
    const find = (seq: Fields) => this.find('tasks', TASKS, { name, seq }, options);
    // Some servers order all that a filter finds, and the numbers of what is queued have no gaps.
    let found = await find({ $gt: after, $lte: after + limit });
    if (found.length < limit) found = await find({ $gt: after });
    // One that was done long ago, and whose id came again, has no key any more.
    return found.filter((task) => !isRetired(task)).map((task) => this.reader(filled(task, withPayload)).task());
  }

  countLetters(name: string, max: number): Promise<number> {
    return this.commands.count('countLetters', DEAD_LETTERS, { name }, max);
  }

  async letters(name: string, { after, limit }: Page<number>, withPayload: boolean): Promise<LetterEntry[]> {
    // No index has this order. A server keeps only the first `limit` of them while it goes through those of the name.
    const options = { sort: { seq: 1 }, limit, ...shown(withPayload), ...majority };
    const found = await this.find('letters', DEAD_LETTERS, { name, seq: { $gt: after } }, options);
    return found.map((letter) => this.reader(filled(letter, withPayload)).deadLetter());
  }

  async letterOf(name: string, id: TaskId): Promise<LetterEntry | null> {
    const options = { sort: { seq: 1 }, limit: 1, ...shown(false), ...majority };
    const [letter] = await this.find('letters', DEAD_LETTERS, { name, key: storedId(id) }, options);
    return letter === undefined ? null : this.reader(filled(letter, false)).deadLetter();
  }

  schedules(name: string): Promise<StoredSchedule[]> {
    return new MongodbSchedules(this.commands).readSchedules(name, null);
  }

  async letterAt(name: string, seq: number): Promise<LetterEntry | null> {
    const [letter] = await this.find('letters', DEAD_LETTERS, { _id: taskKey(name, seq) }, { limit: 1, ...majority });
    return letter === undefined ? null : this.reader(letter).deadLetter();
  }

  outbox(known: readonly string[], before: Date): Promise<SeenOutbox> {
    return lookAtOutbox(this.commands, known, before);
  }

  async clockAhead(): Promise<number | null> {
    return (await greet({ commands: this.commands, ...clocks }, 'clockAhead')).clockAhead;
  }

  examine(): Promise<MongodbFacts> {
    const { commands, label } = this;
    const database = label.slice(label.lastIndexOf('/') + 1);
    return examine({ commands, label, database, ...clocks });
  }

  private find(what: string, collection: string, filter: Fields, options: Fields): Promise<Fields[]> {
    return this.commands.find(what, collection, filter, options);
  }

  private reader(document: Fields): TaskReader {
    return new TaskReader(document, this.commands.where(document._id));
  }
}

function shown(withPayload: boolean): Fields {
  return withPayload ? {} : { projection: { payload: 0 } };
}

function filled(document: Fields, withPayload: boolean): Fields {
  return withPayload || !isFields(document) ? document : { ...document, payload: NO_BYTES };
}
