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

  /** Updates one document. Returns whether one matched. */
  async update(what: string, collection: string, q: Fields, u: Fields, upsert = false): Promise<boolean> {
    const reply = await this.write(what, { update: collection, updates: [{ q, u, upsert, multi: false }] });
    return this.affected(what, reply) > 0;
  }

  /** Makes the updates one after another, in one command. */
  async updateEach(what: string, collection: string, updates: readonly { q: Fields; u: Fields }[]): Promise<void> {
    if (updates.length > 0) this.affected(what, await this.write(what, { update: collection, updates }));
  }

  /** Deletes one, or with `limit` 0 all that match. Returns how many there were. */
  async delete(what: string, collection: string, q: Fields, limit: 0 | 1): Promise<number> {
    return this.affected(what, await this.write(what, { delete: collection, deletes: [{ q, limit }] }));
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

function firstError(reply: Fields): Fields | undefined {
  const errors = reply.writeErrors;
  if (!Array.isArray(errors) || errors.length === 0) return undefined;
  const [first]: unknown[] = errors;
  return isFields(first) ? first : {};
}
