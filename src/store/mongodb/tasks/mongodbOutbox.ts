/**
 * The outbox in the user's MongoDB:
 *
 *   failover_outbox   { _id, name, key, payload, at, origin, due, refused }
 *
 * An entry of a transaction has any `_id`, of a task that is due later one that is made of its id. `at` is missing where it is due at
 * once, `origin` where `_id` is an ObjectId of another program. `due: true` marks it as due, `refused` says why it cannot become a task.
 * docs/guide/transactions.md documents it for other languages.
 */
import { bson } from '../../../task/bson.js';
import type { TaskId } from '../../../task/task.js';
import { problemOf } from '../../../task/wellFormed.js';
import type { Clock } from '../../../time/clock.js';
import { type Fields, isFields, storedId } from '../../documents.js';
import type { BadEntry, Entry, EntryRef, NewEntry, OutboxPlace, OutboxStore } from '../../outbox.js';
import { EntryReader } from '../../outboxDocuments.js';
import type { Commands } from '../commands.js';
import { OUTBOX } from '../indexes/indexes.js';
import type { IndexKeeper } from '../indexes/indexKeeper.js';
import { majority, type TaskReads } from './taskReads.js';

/** Names in one look, and how many of its answers. */
const LOOK_NAMES_MAX = 1000;
const LOOK_FOUND_MAX = 1000;
/** The order in which entries leave. */
const line = { due: -1, at: 1, origin: 1, _id: 1 } as const;
const notRefused = { refused: null };

export class MongodbOutbox implements OutboxStore {
  constructor(
    private readonly commands: Commands,
    private readonly reads: TaskReads,
    private readonly indexes: Pick<IndexKeeper, 'beforeOutbox'>,
    private readonly epoch: () => Promise<string>,
    private readonly database: string,
    private readonly clock: Pick<Clock, 'wall'>,
  ) {}

  async putEntries(name: string, entries: readonly NewEntry[]): Promise<boolean[]> {
    return this.commands.withTimeLimit('putEntries', async () => {
      await this.indexes.beforeOutbox();
      const documents = entries.map(({ id, bytes, at, origin }): Fields => {
        const fields = { _id: delayedId(name, id), name, key: storedId(id), payload: bytes };
        return { ...fields, at, origin, written: new Date(this.clock.wall()) };
      });
      const failures = await this.commands.insertAll('putEntries', OUTBOX, documents);
      const failed = [...failures.values()].find(({ code }) => code !== DUPLICATE_KEY);
      if (failed !== undefined) throw failed.error;
      return entries.map((_, index) => !failures.has(index));
    });
  }

  async namesWaiting(names: readonly string[], now: Date): Promise<string[]> {
    const found = new Set<string>();
    for (let from = 0; from < names.length; from += LOOK_NAMES_MAX) {
      const some = { name: { $in: names.slice(from, from + LOOK_NAMES_MAX) }, ...notRefused };
      // Each of them is one stretch of the index, however many wait for later.
      const $or = [
        { ...some, due: true },
        { ...some, due: null, at: null },
        { ...some, due: null, at: { $lte: now } },
      ];
      const options = { limit: LOOK_FOUND_MAX, projection: { _id: 0, name: 1 }, ...majority };
      for (const { name } of await this.commands.find('namesWaiting', OUTBOX, { $or }, options)) {
        if (typeof name === 'string') found.add(name);
      }
    }
    return [...found];
  }

  async readEntries(name: string, now: Date, most: number): Promise<(Entry | BadEntry)[]> {
    const filter = { name, ...notRefused };
    // Without the payloads of those that wait for later.
    const probe = { sort: line, limit: 1, projection: { at: 1, due: 1 } };
    const [first] = await this.reads.fresh('readEntries', OUTBOX, filter, probe);
    if (first === undefined || !isDue(first, now)) return [];
    const found = await this.reads.fresh('readEntries', OUTBOX, filter, { sort: line, limit: most });
    const end = found.findIndex((document) => !isDue(document, now));
    return (end < 0 ? found : found.slice(0, end)).map((document) => this.entryOf(document));
  }

  private entryOf(document: Fields): Entry | BadEntry {
    const { _id: key } = document;
    const origin = originOf(document);
    const ref = { key, origin: origin ?? '' };
    try {
      if (origin === undefined) {
        return { ...ref, problem: 'its _id is no ObjectId, and it has no origin, a text that no other entry ever had' };
      }
      const entry = new EntryReader(document, this.commands.where(key)).entry(ref);
      const problem = problemOf(entry.bytes);
      return problem === null ? entry : { ...ref, problem };
    } catch (error) {
      return { ...ref, problem: error instanceof Error ? error.message : String(error) };
    }
  }

  async markEntries(_name: string, entries: readonly EntryRef[]): Promise<void> {
    const u = { $set: { due: true } };
    await this.commands.updateEach(
      'markEntries',
      OUTBOX,
      entries.map((entry) => ({ q: only(entry), u })),
    );
  }

  async refuseEntries(_name: string, entries: readonly BadEntry[]): Promise<void> {
    const at = new Date(this.clock.wall());
    const updates = entries.map((entry) => {
      return { q: only(entry), u: { $set: { refused: { reason: entry.problem, at } } } };
    });
    await this.commands.updateEach('refuseEntries', OUTBOX, updates);
  }

  async removeEntries(_name: string, entries: readonly EntryRef[]): Promise<void> {
    await this.commands.deleteEach('removeEntries', OUTBOX, entries.map(only));
  }

  async outboxPlace(): Promise<OutboxPlace> {
    await this.indexes.beforeOutbox();
    return { database: this.database, epoch: await this.epoch() };
  }
}

const DUPLICATE_KEY = 11000;

function delayedId(name: string, id: TaskId): string {
  return `at/${name.length}/${name}/${typeof id}/${id}`;
}

/** Finds this entry, and none that came later under its `_id`. */
function only({ key, origin }: EntryRef): Fields {
  return isObjectId(key) || origin === '' ? { _id: key } : { _id: key, origin };
}

/** Returns undefined for an entry of another program that nothing tells from a later one. */
function originOf({ _id, origin }: Fields): string | undefined {
  if (typeof origin === 'string' && origin !== '') return origin;
  return isObjectId(_id) ? String(_id) : undefined;
}

function isObjectId(value: unknown): boolean {
  return value instanceof bson.ObjectId || (isFields(value) && value._bsontype === 'ObjectId');
}

/** One whose time is no time is due: it is refused. */
function isDue({ at, due }: Fields, now: Date): boolean {
  return due === true || !(at instanceof Date) || at <= now;
}
