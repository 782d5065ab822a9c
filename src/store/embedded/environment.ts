/**
 * LMDB as the embedded store uses it: entries with a version that every write raises, conditional puts, ranges.
 *
 * `overlappingSync` is off. It would acknowledge a write before it is on disk, and its second lock is one that a process
 * killed at the wrong moment leaves in a state which the others take for a fatal error of their own. `eventTurnBatching`
 * is off because the batch has a promise of its own, whose rejection, on a full disk, nobody could handle.
 *
 * Opening takes the write lock on the calling thread, the one wait here that no time limit ends.
 */
import type { Fields } from '../documents.js';
import { prepareFolder } from './folder.js';
import type { KeyRange } from './keys.js';
import { embeddedError } from './storeErrors.js';

/** Address space, not disk: the file is as large as what it holds, a few pages for each subsystem. */
const MAP_SIZE = 256 * 1024 * 1024;
/** Processes and threads that read at the same time. */
const MAX_READERS = 1024;

export interface Entry {
  readonly value: unknown;
  readonly version: number;
}

export interface Environment {
  /** Reads that follow see everything that was written before now, by whomever. */
  refresh(): void;
  get(key: Buffer): Entry | undefined;
  /** In order; with `last` only the last one. */
  values(range: KeyRange & { readonly last?: boolean }): unknown[];
  keys(range: KeyRange): Buffer[];
  /** Writes if the entry still has this version, or, with `undefined`, if there is none. Whether it did. */
  put(key: Buffer, value: Fields, version: number | undefined): Promise<boolean>;
  remove(keys: readonly Buffer[]): Promise<void>;
  /** Waits for the writes under way. */
  close(): Promise<void>;
}

/** Opens the environment in the folder, or makes both. Throws `StoreError`. */
export async function openEnvironment(path: string): Promise<Environment> {
  try {
    await prepareFolder(path);
    // Only now: those who use a server need no native code.
    const { open } = await import('lmdb');
    const db = open<unknown, Buffer>({
      path,
      noSubdir: false,
      keyEncoding: 'binary',
      useVersions: true,
      overlappingSync: false,
      eventTurnBatching: false,
      mapSize: MAP_SIZE,
      maxReaders: MAX_READERS,
    });
    return environment(db);
  } catch (error) {
    throw embeddedError(error, 'open', path);
  }
}

function environment(db: Lmdb): Environment {
  return {
    refresh: () => db.resetReadTxn(),
    get(key) {
      const entry = db.getEntry(key);
      return entry === undefined ? undefined : { value: entry.value, version: entry.version ?? 0 };
    },
    values({ start, end, last = false }) {
      const found = last
        ? db.getRange({ start: end, end: start, reverse: true, limit: 1 })
        : db.getRange({ start, end });
      return [...found.map(({ value }) => value)];
    },
    keys: ({ start, end }) => [...db.getKeys({ start, end })],
    put(key, value, version) {
      if (version === undefined) return reasoned(db.ifNoExists(key, () => db.put(key, value, 1)));
      return reasoned(db.put(key, value, version + 1, version));
    },
    async remove(keys) {
      await Promise.all(keys.map((key) => reasoned(db.remove(key))));
    },
    close: () => db.close(),
  };
}

/** A commit that fails says why in a second promise, whose rejection ends the process unless somebody handles it. */
async function reasoned<T>(writing: Promise<T>): Promise<T> {
  try {
    return await writing;
  } catch (error) {
    if (error instanceof Error && 'commitError' in error && error.commitError instanceof Promise)
      await error.commitError;
    throw error;
  }
}

type Lmdb = ReturnType<typeof import('lmdb').open<unknown, Buffer>>;
