/** The indexes of a server in memory: lists them, makes them, and refuses what a user may not do. */
import { MongoServerError } from 'mongodb';
import type { StoreError } from '../../../../src/errors.ts';
import { type Fields, isFields } from '../../../../src/store/documents.ts';
import { indexes, specification } from '../../../../src/store/mongodb/indexes/indexes.ts';
import { storeError } from '../../../../src/store/mongodb/storeErrors.ts';

/** What the store makes of a server's error. */
export function refused(what: string, code: number, errmsg: string): StoreError {
  return storeError(new MongoServerError({ code, errmsg }), what, { label: 'mongodb://fake/tasks', secrets: [] });
}

export class FakeIndexes {
  readonly collections = new Map<string, Fields[]>();
  /** The commands that the user may not send. */
  denied: readonly string[] = [];
  /** Names of indexes that are listed and cannot be used yet. */
  building: readonly unknown[] = [];
  /** Whether a unique index can be made. */
  hasDuplicates = (): boolean => false;

  constructor() {
    for (const index of indexes) this.of(index.collection).push(specification(index));
  }

  of(collection: string): Fields[] {
    const found = this.collections.get(collection) ?? [];
    this.collections.set(collection, found);
    return found;
  }

  names(): string[] {
    return [...this.collections]
      .flatMap(([collection, found]) => found.map(({ name }) => `${collection}.${name}`))
      .sort();
  }

  drop(collection: string, name: string): void {
    this.collections.set(
      collection,
      this.of(collection).filter((index) => index.name !== name),
    );
  }

  get isUnique(): boolean {
    return this.of('failover_tasks').some(({ unique }) => unique === true);
  }

  /** Answers a command on indexes; undefined for all others. */
  answer(what: string, command: Fields): Fields | undefined {
    const [name = ''] = Object.keys(command);
    const collection = String(command[name]);
    if (this.denied.includes(name)) throw refused(what, 13, `not authorized to execute command ${name}`);
    if (name === 'listIndexes') return this.list(what, collection);
    if (name === 'createIndexes') return this.create(what, collection, command.indexes);
    // A collection that is not there has nothing to find, by whatever index.
    const isThere = this.collections.has(collection);
    if (name === 'find' && isThere && isFields(command.hint) && !this.has(collection, command.hint)) {
      throw refused(what, 2, 'hint provided does not correspond to an existing index');
    }
    return undefined;
  }

  private list(what: string, collection: string): Fields {
    if (!this.collections.has(collection)) throw refused(what, 26, `ns does not exist: ${collection}`);
    return { cursor: { firstBatch: this.of(collection) } };
  }

  private create(what: string, collection: string, made: unknown): Fields {
    for (const index of Array.isArray(made) ? made : []) {
      if (this.building.includes(index.name)) return { ok: 1 };
      if (this.of(collection).some(({ name }) => name === index.name))
        throw refused(what, 86, 'another index is there');
      if (index.unique === true && this.hasDuplicates()) throw refused(what, 11000, 'E11000 duplicate key');
      this.of(collection).push(index);
    }
    return { ok: 1 };
  }

  private has(collection: string, key: Fields): boolean {
    const isIt = (index: Fields) => JSON.stringify(index.key) === JSON.stringify(key);
    return this.of(collection).some(
      (index) => isIt(index) && index.hidden !== true && !this.building.includes(index.name),
    );
  }
}
