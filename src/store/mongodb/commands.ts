/**
 * The commands that the mongodb store sends, and what their answers say. Writes are acknowledged by the majority, from
 * their journals.
 */

import { showValue } from '../../diagnostics/showValue.js';
import { StoreError } from '../../errors.js';
import { type Fields, FORMAT, isFields } from '../documents.js';
import { withinLimit } from '../timeLimit.js';
import type { Run } from './connection/run.js';
import type { Settings } from './settings.js';
import { writeError } from './storeErrors.js';

export const LEASES = 'failover';
/** The document that names the epoch. It goes with all others when the collection is dropped. */
export const SETTLED = 'settled';
/** For the filter of a write: a newer version's document does not match. Null matches a missing field, too. */
export const ofOurFormat = { format: { $in: [null, FORMAT] } };

const DUPLICATE_KEY = 11000;
/** Of ours: a number, and the name of a subsystem. */
const SHOWN_ID_LENGTH_MAX = 300;

export class Commands {
  constructor(
    readonly run: Run,
    readonly settings: Settings,
    /** How long each command may take, in ms. */
    private readonly limit = settings.commandTimeout,
  ) {}

  async find(what: string, collection: string, filter: Fields, options: Fields): Promise<Fields[]> {
    const most = typeof options.limit === 'number' ? { batchSize: options.limit } : {};
    const command = { find: collection, filter, ...options, ...most, singleBatch: true };
    const { cursor } = await this.run(what, { ...command, maxTimeMS: this.limit }, this.limit);
    const batch = isFields(cursor) ? cursor.firstBatch : undefined;
    if (!Array.isArray(batch) || !batch.every(isFields)) throw this.strange(what);
    return batch;
  }

  /** Returns null if one answer does not hold all that is found, at most `limit` documents. */
  async findWhole(
    what: string,
    collection: string,
    filter: Fields,
    limit: number,
    options: Fields = {},
  ): Promise<Fields[] | null> {
    // A batch that is larger than what is found has the server close its cursor, if the answer holds all of it.
    const command = { find: collection, filter, ...options, limit, batchSize: limit + 1, maxTimeMS: this.limit };
    const { cursor } = await this.run(what, command, this.limit);
    const { firstBatch, id } = isFields(cursor) ? cursor : {};
    if (!Array.isArray(firstBatch) || !firstBatch.every(isFields)) throw this.strange(what);
    if (isClosed(id)) return firstBatch;
    // Of no use any more. A server that does not hear of it closes it by itself.
    this.run(what, { killCursors: collection, cursors: [id] }, this.limit).catch(() => {});
    return null;
  }

  /** Counts what matches, and stops at `limit`. */
  async count(what: string, collection: string, query: Fields, limit: number): Promise<number> {
    const { n } = await this.run(what, { count: collection, query, limit, maxTimeMS: this.limit }, this.limit);
    if (typeof n !== 'number') throw this.strange(what);
    return n;
  }

  /** Inserts one document. Returns false if a unique key of it is taken. */
  async insert(what: string, collection: string, document: Fields): Promise<boolean> {
    return (await this.insertInOrder(what, collection, [document])) === 1;
  }

  /** Inserts the documents up to the first whose unique key is taken. Returns how many were inserted. */
  async insertInOrder(what: string, collection: string, documents: readonly Fields[]): Promise<number> {
    const error = firstError(await this.write(what, { insert: collection, documents, ordered: true }));
    if (error === undefined) return documents.length;
    if (error.code !== DUPLICATE_KEY) {
      throw writeError(error.code, error.errmsg, what, this.settings);
    }
    // The answer's count of what was inserted is not right on every server.
    const { index } = error;
    if (typeof index !== 'number' || !(index >= 0 && index < documents.length)) throw this.strange(what);
    return index;
  }

  /** Inserts documents that do not depend on each other. Returns what the server says of those that it did not insert, by index. */
  async insertAll(
    what: string,
    collection: string,
    documents: readonly Fields[],
  ): Promise<ReadonlyMap<number, { readonly code: unknown; readonly error: StoreError }>> {
    if (documents.length === 0) return new Map();
    const reply = await this.write(what, { insert: collection, documents, ordered: false });
    return new Map(this.errorsIn(what, reply, documents.length));
  }

  /** Updates one document. Returns whether one matched. */
  async update(what: string, collection: string, q: Fields, u: Fields, upsert = false): Promise<boolean> {
    const reply = await this.write(what, { update: collection, updates: [{ q, u, upsert, multi: false }] });
    return this.affected(what, reply) > 0;
  }

  /** Updates all that match. Returns how many did. */
  async updateMany(what: string, collection: string, q: Fields, u: Fields): Promise<number> {
    return this.affected(what, await this.write(what, { update: collection, updates: [{ q, u, multi: true }] }));
  }

  /** Makes the updates one after another, in one command. */
  async updateEach(what: string, collection: string, updates: readonly { q: Fields; u: Fields }[]): Promise<void> {
    if (updates.length > 0) this.affected(what, await this.write(what, { update: collection, updates }));
  }

  /**
   * Makes updates that do not depend on each other, in one command. Returns how many matched, of all together, and what the
   * server says of those that failed, by their index.
   */
  async updateAll(
    what: string,
    collection: string,
    updates: readonly { q: Fields; u: Fields; upsert?: boolean }[],
  ): Promise<{ readonly matched: number; readonly errors: ReadonlyMap<number, StoreError> }> {
    if (updates.length === 0) return { matched: 0, errors: new Map() };
    const reply = await this.write(what, { update: collection, updates, ordered: false });
    const errors = new Map(this.errorsIn(what, reply, updates.length).map(([index, { error }]) => [index, error]));
    const { n } = reply;
    if (typeof n !== 'number' || !(n >= 0 && n <= updates.length - errors.size)) throw this.strange(what);
    return { matched: n, errors };
  }

  /** Deletes one, or with `limit` 0 all that match. Returns how many there were. */
  async delete(what: string, collection: string, q: Fields, limit: 0 | 1): Promise<number> {
    return this.affected(what, await this.write(what, { delete: collection, deletes: [{ q, limit }] }));
  }

  /** Deletes one document for each of the filters, in one command. */
  async deleteEach(what: string, collection: string, filters: readonly Fields[]): Promise<void> {
    if (filters.length === 0) return;
    const deletes = filters.map((q) => ({ q, limit: 1 }));
    this.affected(what, await this.write(what, { delete: collection, deletes }));
  }

  /** Sends a command as it is. */
  send(what: string, command: Fields): Promise<Fields> {
    return this.run(what, command, this.limit);
  }

  /** Gives several commands together the time limit of one; the signal says when there is no use in another. */
  withTimeLimit<T>(what: string, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { limit } = this;
    return withinLimit(limit, () => this.unavailable(what, `no end in ${limit} ms`), call);
  }

  unavailable(what: string, reason: string): StoreError {
    return new StoreError(
      'ERR_STORE_UNAVAILABLE',
      `the store ${this.settings.label} is not available for ${what}: ${reason}`,
    );
  }

  /** Names a document for a message. `id` may be anything that another program wrote. */
  where(id: unknown): string {
    const shown = typeof id === 'string' && id.length <= SHOWN_ID_LENGTH_MAX ? id : showValue(id);
    return `the document ${shown} in ${this.settings.label}`;
  }

  private write(what: string, command: Fields): Promise<Fields> {
    const { limit } = this;
    const writeConcern = { w: 'majority', j: true, wtimeout: limit };
    return this.run(what, { ...command, writeConcern, maxTimeMS: limit }, limit);
  }

  /** Returns what the server says of single statements, with their index. */
  private errorsIn(what: string, reply: Fields, sent: number): [number, { code: unknown; error: StoreError }][] {
    const told: readonly unknown[] = Array.isArray(reply.writeErrors) ? reply.writeErrors : [];
    return told.map((each) => {
      const { index, code, errmsg } = isFields(each) ? each : {};
      if (typeof index !== 'number' || !(index >= 0 && index < sent)) throw this.strange(what);
      return [index, { code, error: writeError(code, errmsg, what, this.settings) }];
    });
  }

  private affected(what: string, reply: Fields): number {
    const error = firstError(reply);
    if (error !== undefined) throw writeError(error.code, error.errmsg, what, this.settings);
    if (typeof reply.n !== 'number') throw this.strange(what);
    return reply.n;
  }

  private strange(what: string): StoreError {
    return new StoreError('ERR_STORE', `the store ${this.settings.label} sent a malformed reply to ${what}`);
  }
}

export function leaseId(name: string): string {
  return `lease/${name}`;
}

/** Numbers come as numbers, but for those that are too large for it. */
function isClosed(cursor: unknown): boolean {
  return cursor === 0 || cursor === 0n || String(cursor) === '0';
}

function firstError(reply: Fields): Fields | undefined {
  const errors = reply.writeErrors;
  if (!Array.isArray(errors) || errors.length === 0) return undefined;
  const [first]: unknown[] = errors;
  return isFields(first) ? first : {};
}
