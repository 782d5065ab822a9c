/**
 * LMDB as the embedded store uses it: entries with a version, read and written in one transaction at a time, which runs
 * on the calling thread from its beginning until it is on the disk. Nothing of it uses the thread pool of libuv, and
 * nothing reads outside the write lock: LMDB counts readers by process id, which two containers may share.
 *
 * `overlappingSync` is off: it would acknowledge a write before it is on the disk.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { KeyRange } from './keys.js';
import { LastCommit } from './lastCommit.js';

const require = createRequire(import.meta.url);
/** By the path: Turbopack cannot follow a `require` of a variable, and would fail before `failover()` can say what to do. */
const load = createRequire(fileURLToPath(import.meta.url));

/** Threads of processes that may have the store open at the same time: the size of a table that older versions use. */
const READERS_MAX = 1024;

/** How often a transaction is begun that LMDB begins from an older state: others open the store at the same time. */
const BEGIN_ATTEMPTS_MAX = 100;

interface Entry {
  readonly value: unknown;
  readonly version: number;
}

/** What one transaction reads and writes. It sees its own writes. */
export interface Entries {
  get(key: Buffer): Entry | undefined;
  /** Returns the value of the last entry of the range. */
  last(range: KeyRange): unknown;
  /** In order, and read one by one as they are asked for. */
  each(range: KeyRange): Iterable<{ readonly key: Buffer; readonly value: unknown }>;
  count(range: KeyRange): number;
  put(key: Buffer, value: unknown, version: number): void;
  remove(key: Buffer): void;
  /** How many entries were put or removed since the environment was opened. */
  readonly writes: number;
}

/** LMDB could not begin a transaction: the environment is of no use any more, and may be opened again. */
export class CannotBegin extends Error {}

export interface Environment {
  /** Runs all of it in one transaction, and commits what it wrote. Throws what it throws, and then nothing was written. */
  transact<T>(run: (entries: Entries) => T): T;
  close(): void;
}

/** Returns where the copy of LMDB lies that belongs to this package. */
export function ownLmdb(): string {
  return require.resolve('lmdb');
}

/** Opens the environment in the folder, or makes it. The folder has been checked: see folder.ts. */
export function openEnvironment(path: string, mapSize: number, lmdb: string = ownLmdb()): Environment {
  const { open }: typeof import('lmdb') = load(lmdb);
  const db = open<unknown, Buffer>({
    path,
    noSubdir: false,
    keyEncoding: 'binary',
    useVersions: true,
    overlappingSync: false,
    eventTurnBatching: false,
    mapSize,
    maxReaders: READERS_MAX,
  });
  const commits = lastCommitOf(path, db);
  let writes = 0;
  const entries: Entries = {
    get writes() {
      return writes;
    },
    get(key) {
      const entry = db.getEntry(key);
      return entry === undefined ? undefined : { value: entry.value, version: entry.version ?? 0 };
    },
    last({ start, end }) {
      for (const { value } of db.getRange({ start: end, end: start, reverse: true, limit: 1 })) return value;
      return undefined;
    },
    each: ({ start, end }) => db.getRange({ start, end }),
    count: ({ start, end }) => db.getKeysCount({ start, end }),
    put(key, value, version) {
      writes += 1;
      db.putSync(key, value, version);
    },
    remove(key) {
      writes += 1;
      db.removeSync(key);
    },
  };
  return {
    transact<T>(run: (entries: Entries) => T): T {
      for (let attempt = 0; attempt < BEGIN_ATTEMPTS_MAX; attempt++) {
        const outcome = db.transactionSync(() => {
          const number = db.getWriteTxnId();
          // Nothing else tells: another thread of this process may have died within a transaction, or the map may be too small.
          if (!(number > 0)) throw new CannotBegin('LMDB could not begin a transaction');
          const last = commits.read();
          if (number === last + 1) return { value: run(entries) };
          if (!commits.restore(last))
            throw new CannotBegin(`LMDB took commit ${number - 1} for the last one: it is ${last}`);
          return undefined;
        });
        if (outcome !== undefined) return outcome.value;
      }
      throw new CannotBegin('LMDB took an older commit for the last one, again and again');
    },
    close: () => {
      commits.close();
      void db.close();
    },
  };
}

function lastCommitOf(path: string, db: { close(): unknown }): LastCommit {
  try {
    return new LastCommit(path);
  } catch (error) {
    void db.close();
    throw error;
  }
}
