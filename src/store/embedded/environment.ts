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

/**
 * The most that the file can hold, in bytes. It is address space, not disk: the file is as large as what it holds. On
 * Windows it is kept small, because what is mapped counts there.
 */
const MAP_SIZE = process.platform === 'win32' ? 256 * 1024 * 1024 : 64 * 1024 * 1024 * 1024;
/** Processes and threads that read at the same time. */
const MAX_READERS = 1024;

/** LMDB begins to write a batch when all of it is there: it would have the lock while it waits for this thread. */
const wholeBatches = { batchStartThreshold: Number.MAX_SAFE_INTEGER };

export interface Entry {
  readonly value: unknown;
  readonly version: number;
}

export interface Written {
  readonly key: Buffer;
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
  /** In order, and read one by one as they are asked for, in one look: to be gone through at once. */
  each(range: KeyRange): Iterable<{ readonly key: Buffer; readonly value: unknown }>;
  count(range: KeyRange): number;
  /** Writes if the entry still has this version, or, with `undefined`, if there is none. Whether it did. */
  put(key: Buffer, value: Fields, version: number | undefined): Promise<boolean>;
  /** As `put`, and with it, or not at all, puts the others, whatever is there. */
  putAll(key: Buffer, value: Fields, version: number | undefined, others: readonly Written[]): Promise<boolean>;
  remove(keys: readonly Buffer[]): Promise<void>;
  /** All in one transaction; those with a version only if the entry has it. */
  removeAll(entries: readonly { readonly key: Buffer; readonly version?: number }[]): Promise<void>;
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
      ...wholeBatches,
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
    each: ({ start, end }) => db.getRange({ start, end }),
    count: ({ start, end }) => db.getKeysCount({ start, end }),
    keys: ({ start, end }) => [...db.getKeys({ start, end })],
    put(key, value, version) {
      if (version === undefined) return reasoned(db.ifNoExists(key, () => db.put(key, value, 1)));
      return reasoned(db.put(key, value, version + 1, version));
    },
    putAll(key, value, version, others) {
      const write = () => {
        db.put(key, value, (version ?? 0) + 1);
        for (const other of others) db.put(other.key, other.value, other.version);
      };
      return reasoned(version === undefined ? db.ifNoExists(key, write) : db.ifVersion(key, version, write));
    },
    async removeAll(entries) {
      const removals: Promise<boolean>[] = [];
      const batch = db.batch(() => {
        for (const { key, version } of entries) {
          removals.push(version === undefined ? db.remove(key) : db.remove(key, version));
        }
      });
      await Promise.all([batch, ...removals].map(reasoned));
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
