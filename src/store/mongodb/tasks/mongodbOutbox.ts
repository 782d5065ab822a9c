/**
 * The outbox in the user's MongoDB:
 *
 *   failover_outbox   { _id, name, key, payload, at, origin, due, refused, wasAt }
 *
 * An entry of a transaction has any `_id`, of a task that is due later one that is made of its id. `at` is missing where it is due at
 * once, `origin` where `_id` is an ObjectId of another program. `due: true` marks it as due, `refused` says why it cannot become a task,
 * and `wasAt` what its `at` was before that (refusedEntries.ts).
 * docs/guide/transactions.md documents it for other languages, so any of the fields may hold anything.
 */
import { showKind, showValue } from '../../../diagnostics/showValue.js';
import { asTaskId, taskIdRule } from '../../../task/taskId.js';
import { problemOf } from '../../../task/wellFormed.js';
import type { Clock } from '../../../time/clock.js';
import { type Fields, isFields, storedId } from '../../documents.js';
import type { BadEntry, Entry, EntryRef, NewEntry, OutboxPlace, OutboxStore } from '../../outbox.js';
import { EntryReader } from '../../outboxDocuments.js';
import type { Commands } from '../commands.js';
import { OUTBOX } from '../indexes/indexes.js';
import type { IndexKeeper } from '../indexes/indexKeeper.js';
import { delayedId, isDelayed, only, originOf } from './entryIds.js';
import { MendedEntries, refusalOf } from './refusedEntries.js';
import { majority, type TaskReads } from './taskReads.js';

/** Names in one look, and how many of its answers. */
const LOOK_NAMES_MAX = 1000;
const LOOK_FOUND_MAX = 1000;
/** The order in which entries leave. */
const line = { due: -1, at: 1, origin: 1, _id: 1 } as const;
/** The same among those that are not marked. */
const byTime = { at: 1, origin: 1, _id: 1 } as const;
/**
 * Each part of a filter is one stretch of an index, however many entries wait for later. Therefore what else is asked of them is
 * asked by a negation: a server must not take an equality with null for the part that finds the fewest, as DocumentDB does.
 */
const isMarked = { due: { $exists: true, $ne: null } };
const isRefused = { refused: { $ne: null } };
const notRefused = { $nor: [isRefused] };
const notMarked = { $nor: [isRefused, isMarked] };

/** The first one of JavaScript. */
const FIRST_DATE = new Date(-8.64e15);

/** Returns the parts of a filter of those that are due without a mark. What is no date is refused, and so it is due. */
function dueParts(name: unknown, now: Date): Fields[] {
  // A comparison finds values of its own type alone, so its negation finds all that are of another, and those without.
  const parts = [{ at: { $not: { $gte: FIRST_DATE } } }, { at: { $lte: now } }];
  return parts.map((part) => ({ name, ...part }));
}

/** In the place of what is no UTF-8. */
const NO_TEXT = '\uFFFD';

export class MongodbOutbox implements OutboxStore {
  private readonly mended: MendedEntries;

  constructor(
    private readonly commands: Commands,
    private readonly reads: TaskReads,
    private readonly indexes: Pick<IndexKeeper, 'beforeOutbox'>,
    private readonly epoch: () => Promise<string>,
    private readonly database: string,
    private readonly clock: Pick<Clock, 'now' | 'wall'>,
  ) {
    this.mended = new MendedEntries(commands, clock);
  }

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
    // Before the look, which then shows those that are due. Should it fail, it is tried again, and what is due must not fail with it.
    await this.mended.restore(names).catch(() => {});
    const found = new Set<string>();
    for (let from = 0; from < names.length; from += LOOK_NAMES_MAX) {
      let left = names.slice(from, from + LOOK_NAMES_MAX);
      // One name with many entries hides the others: these are asked for again.
      for (let isWhole = false; !isWhole && left.length > 0; left = left.filter((name) => !found.has(name))) {
        const name = { $in: left };
        const $or = [{ name, ...isMarked }, ...dueParts(name, now)];
        const options = { limit: LOOK_FOUND_MAX, projection: { _id: 0, name: 1 }, ...majority };
        const answers = await this.commands.find('namesWaiting', OUTBOX, { $or, ...notRefused }, options);
        for (const { name } of answers) if (typeof name === 'string') found.add(name);
        isWhole = answers.length < LOOK_FOUND_MAX;
      }
    }
    return [...found];
  }

  /**
   * The marked ones are read by themselves: what another program writes as `due` sorts before those without. One that is marked
   * between the reads may be missed, and is found by the next look: its task is stored later, so it
   * is not done yet for the caller of this one.
   */
  async readEntries(name: string, now: Date, most: number): Promise<(Entry | BadEntry)[]> {
    // Other programs may have written all that is there.
    void this.indexes.beforeOutbox();
    const marked = { name, ...isMarked, ...notRefused };
    const found = await this.reads.fresh('readEntries', OUTBOX, marked, { sort: line, limit: most });
    if (found.length < most) {
      const due = { $or: dueParts(name, now), ...notMarked };
      const rest = { sort: byTime, limit: most - found.length };
      found.push(...(await this.reads.fresh('readEntries', OUTBOX, due, rest)));
    }
    return found.map((document) => this.entryOf(document));
  }

  private entryOf(document: Fields): Entry | BadEntry {
    const { _id: key, origin: given, at } = document;
    const origin = originOf(document);
    const ref = { key, origin: origin ?? '', ...(typeof given === 'string' && given !== origin ? { given } : {}) };
    try {
      if (origin === undefined) {
        return {
          ...ref,
          at,
          problem: 'its _id is no ObjectId, and it has no origin, a text that no other entry ever had',
        };
      }
      const problem = problemIn(document);
      if (problem !== null) return { ...ref, at, problem };
      const entry = new EntryReader(document, this.commands.where(key)).entry(ref);
      const unreadable = problemOf(entry.bytes);
      return unreadable === null ? entry : { ...ref, at, problem: unreadable };
    } catch (error) {
      return { ...ref, at, problem: error instanceof Error ? error.message : String(error) };
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
    const updates = entries.map((entry) => ({ q: only(entry), u: refusalOf(entry, at) }));
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

/** Returns what is wrong with the fields of an entry. */
function problemIn({ _id, key, at, due, payload }: Fields): string | null {
  if (due !== true && due !== undefined && due !== null) {
    return `its due is ${showValue(due)}, and only a master may set it: unset it`;
  }
  if (!(at instanceof Date) && at !== undefined && at !== null) {
    return `its at is ${showValue(at)}, and no date: a number of ms, or a text, is none`;
  }
  if (typeof key === 'string' && key.includes(NO_TEXT) && !isDelayed(_id)) {
    return 'its key is no text in UTF-8, or it has the character U+FFFD, which stands for what is none';
  }
  // What no call could name, such as `requeue`, must not become a task. Only this package writes an id as JSON.
  if (!isJson(key) && asTaskId(key) === undefined)
    return `its key is ${showValue(key)}, and an id must be ${taskIdRule}`;
  if (!(payload instanceof Uint8Array) && !isBinary(payload)) {
    return `its payload is ${showKind(payload)}, and no binary data: encode the task as a BSON document`;
  }
  return null;
}

function isJson(key: unknown): boolean {
  return isFields(key) && typeof key.json === 'string';
}

function isBinary(payload: unknown): boolean {
  return isFields(payload) && payload._bsontype === 'Binary';
}
