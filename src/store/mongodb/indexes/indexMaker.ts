/**
 * Looks at the indexes of a collection and makes those that are missing. It looks first, because a user who may not make
 * indexes is enough where all are there.
 */

import { StoreError } from '../../../errors.js';
import type { Clock } from '../../../time/clock.js';
import { pause } from '../../../time/pause.js';
import { type Fields, isFields } from '../../documents.js';
import { serverCode } from '../storeErrors.js';
import { duplicates } from '../tasks/duplicates.js';
import { createCommand, dropCommand, type Index, judge, show, specification, type Verdict } from './indexes.js';

export interface IndexSite {
  send(what: string, command: Fields): Promise<Fields>;
  /** The database, as messages call it. */
  readonly label: string;
  readonly clock: Pick<Clock, 'now' | 'at'>;
}

/** Codes of a command that this user may not send, or that this server does not know. */
const UNAUTHORIZED = [13, 8000];
const CANNOT = [...UNAUTHORIZED, 59, 115, 238];
const NAMESPACE_NOT_FOUND = 26;
/** An index of this name, or on these fields, is there with other options. */
const INDEX_EXISTS = [85, 86];

/** As all that is written: otherwise an index could be gone with its primary, and members go on without it. */
const byMajority = { writeConcern: { w: 'majority' } };
/** Before an index is made again, in ms, for the first time. */
const INDEX_PAUSE_MS = 50;
const INDEX_ATTEMPTS_MAX = 5;

export class IndexMaker {
  constructor(private readonly site: IndexSite) {}

  /** Returns the indexes of the collection, none if there is no collection; null if the user may not see them. */
  async list(what: string, collection: string): Promise<Fields[] | null> {
    try {
      const { cursor } = await this.site.send(what, { listIndexes: collection, cursor: {} });
      const batch: unknown = isFields(cursor) ? cursor.firstBatch : undefined;
      if (Array.isArray(batch) && batch.every(isFields)) return batch;
    } catch (error) {
      if (serverCode(error) === NAMESPACE_NOT_FOUND) return [];
      if (!isOneOf(CANNOT, error)) throw error;
      return null;
    }
    throw new StoreError('ERR_STORE', `the store ${this.site.label} sent a malformed list of indexes to ${what}`);
  }

  /**
   * Makes those of the indexes that are not among `listed`. Returns those that are missing and that the user may not
   * make.
   *
   * @throws StoreError `ERR_STORE_INDEX` if another index is in the place of one that must be right;
   * `ERR_STORE_DUPLICATES` if ids are stored more than once.
   */
  async make(what: string, indexes: readonly Index[], listed: readonly Fields[] | null): Promise<Index[]> {
    const denied: Index[] = [];
    for (const index of indexes) {
      const verdict: Verdict = listed === null ? { type: 'missing' } : judge(index, listed);
      if (verdict.type === 'wrong') this.refuse(index, verdict.found);
      // One collection's indexes one after another: some servers lock it for each.
      if (verdict.type !== 'missing' || (await this.create(what, index))) continue;
      if (listed !== null || !(await this.isUsable(what, index))) denied.push(index);
    }
    return denied;
  }

  /** Returns the error for indexes that an administrator must make. */
  missing(indexes: readonly Index[]): StoreError {
    const commands = indexes.map(createCommand).join('; ');
    return new StoreError(
      'ERR_STORE_INDEX',
      `the store ${this.site.label} lacks indexes, and its user may not make them. Let an administrator run in mongosh: ${commands}`,
    );
  }

  /** Only a collection's uniqueness must be right: an index that makes calls fast may have other options. */
  private refuse(index: Index, found: Fields): void {
    if (index.use !== 'correct') return;
    const commands = `${dropCommand(index, found)}; ${createCommand(index)}`;
    throw new StoreError(
      'ERR_STORE_INDEX',
      `the store ${this.site.label} has the index ${show(found)} in ${index.collection}, which does not keep ids unique. Let an administrator run in mongosh: ${commands}`,
    );
  }

  /** Returns false if the user may not make indexes. Otherwise the index is there, made by this or another member. */
  private async create(what: string, index: Index): Promise<boolean> {
    const command = { createIndexes: index.collection, indexes: [specification(index)], ...byMajority };
    for (let attempt = 1; ; attempt++) {
      try {
        await this.site.send(what, command);
        return true;
      } catch (error) {
        if (isOneOf(UNAUTHORIZED, error)) return false;
        if (isOneOf(INDEX_EXISTS, error)) return this.afterConflict(what, index, error);
        const mayPass = isPassing(error);
        if (!mayPass) await this.mustNotBeDuplicates(what, index, error);
        if (!mayPass || attempt === INDEX_ATTEMPTS_MAX) throw error;
        await pause(this.site.clock, attempt * INDEX_PAUSE_MS);
      }
    }
  }

  private async afterConflict(what: string, index: Index, error: unknown): Promise<boolean> {
    if (index.use !== 'correct') return true;
    const listed = await this.list(what, index.collection);
    const verdict: Verdict = listed === null ? { type: 'missing' } : judge(index, listed);
    if (verdict.type === 'wrong') this.refuse(index, verdict.found);
    if (verdict.type === 'there') return true;
    throw error;
  }

  /**
   * Finds out by a read that names the index, for a user who may not list indexes. A server refuses it if the collection
   * has no such index, but not if there is no collection.
   */
  async isUsable(what: string, { collection, key }: Index): Promise<boolean> {
    try {
      await this.site.send(what, { find: collection, filter: {}, hint: key, limit: 1, singleBatch: true });
      return true;
    } catch (error) {
      if (error instanceof StoreError && error.code === 'ERR_STORE') return false;
      throw error;
    }
  }

  private async mustNotBeDuplicates(what: string, index: Index, error: unknown): Promise<void> {
    if (index.use !== 'correct' || serverCode(error) === undefined) return;
    const found = await duplicates((command) => this.site.send(what, command)).catch(() => []);
    if (found.length === 0) return;
    throw new StoreError(
      'ERR_STORE_DUPLICATES',
      `the store ${this.site.label} has ids more than once in ${index.collection}, because its unique index was gone. ${found.join(' ')} Compare them, and delete all but one of each id by their _id, with db.${index.collection}.deleteOne; until then no task is stored or run`,
      { cause: error },
    );
  }
}

function isOneOf(codes: readonly number[], error: unknown): boolean {
  const code = serverCode(error);
  return code !== undefined && codes.includes(code);
}

/**
 * Members that start together may make the same indexes, and on some servers one of them then has to give way. And on some a
 * collection that is dropped while its index is made is told as missing.
 */
function isPassing(error: unknown): boolean {
  if (serverCode(error) === NAMESPACE_NOT_FOUND) return true;
  return error instanceof StoreError && error.message.includes('deadlock');
}
