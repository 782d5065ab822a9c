/**
 * Who has the store open, as files beside it: one for each thread, written before it opens the store and removed after it
 * has closed it. A file says which process that is and which files it has open, and its time is renewed while the thread
 * lives. They answer two questions before LMDB opens anything:
 *
 * - May a member still have *other* files open than those that lie here now? Without its lock file, or with one that
 *   belongs to other data, a store must not be opened by two: each would write over what the other one wrote.
 * - Which copy of LMDB does this process use? A second copy of it would not see the locks of the first.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  isAlive,
  type ProcessIdentity,
  type ProcessTable,
  processKey,
  thisProcess,
} from '../../surroundings/processIdentity.js';
import { hasCode } from '../../values/hasCode.js';
import type { StoreFiles } from './files.js';
import type { EmbeddedPlace } from './place.js';

const FOLDER = 'owners';
/** An owner in another namespace of processes counts as alive for so long after it last renewed its file, in ms. */
const FRESH = 30_000;

export interface OwnersParts {
  /** The folder of the store. */
  readonly path: string;
  readonly me: ProcessIdentity;
  readonly table: ProcessTable;
  /** Unique among the threads of this process. */
  readonly thread: string;
  /** Returns the wall clock, in ms. */
  wall(): number;
}

interface OwnerRecord extends ProcessIdentity {
  /** The files that it has open; null while it is about to open them. */
  readonly files: { readonly data: string | null; readonly lock: string | null } | null;
}

interface Owner {
  readonly record: OwnerRecord;
  /** How its process is called in a message. */
  readonly text: string;
}

export class Owners {
  private readonly folder: string;
  /** The file of this thread. */
  readonly file: string;

  constructor(private readonly parts: OwnersParts) {
    this.folder = join(parts.path, FOLDER);
    this.file = join(this.folder, `${processKey(parts.me)}.${parts.thread}.json`);
  }

  /** Says that this thread is about to open the store, or which files it has open. */
  register(files: StoreFiles | null): void {
    const record: OwnerRecord = {
      ...this.parts.me,
      files: files === null ? null : { data: files.data?.key ?? null, lock: files.lock?.key ?? null },
    };
    mkdirSync(this.folder, { recursive: true, mode: statSync(this.parts.path).mode & 0o777 });
    // By a rename: half a file would be taken for no owner.
    writeFileSync(`${this.file}.new`, JSON.stringify(record));
    renameSync(`${this.file}.new`, this.file);
  }

  /** Renews the time of the file. */
  renew(files: StoreFiles): void {
    const now = new Date(this.parts.wall());
    try {
      utimesSync(this.file, now, now);
    } catch {
      this.register(files);
    }
  }

  unregister(): void {
    rmSync(this.file, { force: true });
  }

  /** Returns the other threads and processes that may have the store open. Removes the files of those that are gone. */
  others(): Owner[] {
    const { me, table, wall } = this.parts;
    const found: Owner[] = [];
    for (const name of this.names('.json')) {
      const file = join(this.folder, name);
      const record = file === this.file ? undefined : read(file);
      if (record === undefined) continue;
      const age = wall() - modifiedAt(file);
      const alive = isAlive(record, me, table) ?? age < FRESH;
      if (alive)
        found.push({
          record,
          text: `process ${record.pid}${record.namespace === me.namespace ? '' : ' in another container'}`,
        });
      else rmSync(file, { force: true });
    }
    return found;
  }

  /**
   * Which copy of LMDB this process uses for this store, as a path: the one that the first thread of it named. `own` is
   * the copy of the caller.
   */
  copyOfLmdb(own: string): string {
    const name = `${processKey(this.parts.me)}.lmdb`;
    const file = join(this.folder, name);
    for (const other of this.names('.lmdb')) {
      const [pid] = other.split('-');
      if (other !== name && !this.mayLive(other, Number(pid))) rmSync(join(this.folder, other), { force: true });
    }
    try {
      writeFileSync(file, own, { flag: 'wx' });
      return own;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    // Empty for the moment between its creation and its writing, by another thread.
    return readFileSync(file, 'utf8') || own;
  }

  private mayLive(name: string, pid: number): boolean {
    const { me, table } = this.parts;
    const isOfOurNamespace = name.endsWith(`-${processKey(me).split('-').at(-1)}.lmdb`);
    return !isOfOurNamespace || table.look(pid) !== 'none';
  }

  private names(ending: string): string[] {
    try {
      return readdirSync(this.folder).filter((name) => name.endsWith(ending));
    } catch {
      return [];
    }
  }
}

/** Takes away the files of threads of this process that have ended, by how their names begin. Never throws. */
export function forgetOwners({ path, earlierPath }: EmbeddedPlace, thread: string): void {
  const begin = `${processKey(thisProcess())}.${thread}`;
  for (const place of [path, earlierPath]) {
    if (place === undefined) continue;
    try {
      for (const name of readdirSync(join(place, FOLDER))) {
        if (name.startsWith(begin)) rmSync(join(place, FOLDER, name), { force: true });
      }
    } catch {
      // There is no such folder, or no right to it: then there is no such file either.
    }
  }
}

/** Returns the first owner that has other files open than those that are here. */
export function conflictIn(owners: readonly Owner[], { data, lock }: StoreFiles): Owner | undefined {
  return owners.find(({ record: { files } }) => {
    // About to open the very files that are here.
    if (files === null) return false;
    return files.data !== (data?.key ?? null) || files.lock !== (lock?.key ?? null);
  });
}

function read(file: string): OwnerRecord | undefined {
  try {
    const { boot, namespace, pid, start, files }: OwnerRecord = JSON.parse(readFileSync(file, 'utf8'));
    return { boot, namespace, pid, start, files };
  } catch {
    // Gone by now, or half written by a process that died.
    return undefined;
  }
}

function modifiedAt(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}
