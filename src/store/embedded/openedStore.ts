/**
 * A store that is open, together with the knowledge which files it is: it is looked at before the store is opened, and
 * after each transaction, before what that did counts.
 */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../../errors.js';
import type { EmbeddedCalls } from './calls.js';
import { releaseCutLock } from './cutLock.js';
import { type Entries, type Environment, openEnvironment, ownLmdb } from './environment.js';
import { differenceOf, type FileIdentity, filesIn, openFile, type StoreFiles } from './files.js';
import { checkFiles, keepFromCleaners, prepareFolder } from './folder.js';
import { beginMaking, endMaking, isMade } from './making.js';
import { addressSpace, mapSizeWithin } from './mapSize.js';
import { operationsOn } from './operations.js';
import { conflictIn, Owners, type OwnersParts } from './owners.js';

/** Thrown when the store may be opened soon, but not now. */
export class NotYet extends StoreError {
  constructor(
    message: string,
    /** Whether only one of the two files is there, and no owner of the other one is known. */
    readonly isHalf = false,
  ) {
    super('ERR_STORE_UNAVAILABLE', message);
  }
}

export interface OpenParts extends Omit<OwnersParts, 'path'> {
  /** The user who must own the folder. */
  readonly owner?: number | undefined;
}

export class OpenedStore {
  private constructor(
    readonly path: string,
    private readonly environment: Environment,
    private readonly owners: Owners,
    private files: StoreFiles,
    /** Of data.mdb. */
    readonly descriptor: number,
    readonly wall: () => number,
  ) {}

  private others = 0;
  private calls: EmbeddedCalls | undefined;

  /**
   * Opens what is in the folder, or makes it. `half`: only one of the two files is there, and has been for so long that
   * all who had the other one open have noticed. Throws `NotYet`, another `StoreError`, or what the file system throws.
   */
  static open(path: string, parts: OpenParts, half: boolean): OpenedStore {
    prepareFolder(path, parts.owner);
    const before = filesIn(path);
    checkFiles(path, before);
    const owners = new Owners({ ...parts, path });
    const others = owners.others();
    const conflict = conflictIn(others, before);
    if (conflict !== undefined) {
      const text = `${conflict.text} has files of it open that are no longer there; it is opened when that has let go of them`;
      throw new NotYet(`the store ${path} cannot be opened yet: ${text}`);
    }
    if (isHalf(before) && !half) {
      const [here, gone] = before.data === undefined ? ['lock.mdb', 'data.mdb'] : ['data.mdb', 'lock.mdb'];
      const text = `${here} is there without ${gone}, so a process may have the store open that cannot be seen`;
      throw new NotYet(`the store ${path} cannot be opened yet: ${text}`, true);
    }
    owners.register(null);
    let isMaker = false;
    try {
      const isToBeMade = !isMade(path);
      if (isToBeMade && !beginMaking(path, owners.file, parts.wall())) {
        throw new NotYet(`the store ${path} cannot be opened yet: another process is making it`);
      }
      isMaker = isToBeMade;
      return OpenedStore.openFiles(path, parts, owners, before);
    } catch (error) {
      owners.unregister();
      throw error;
    } finally {
      if (isMaker) endMaking(path);
    }
  }

  /** `before` is what lay in the folder when it was looked at. */
  private static openFiles(path: string, parts: OpenParts, owners: Owners, before: StoreFiles): OpenedStore {
    const mapSize = mapSizeWithin(addressSpace(), before.data?.size ?? 0);
    const environment = openEnvironment(path, mapSize, owners.copyOfLmdb(ownLmdb()));
    let descriptor: number | undefined;
    try {
      const files = filesIn(path);
      const expected = { data: before.data ?? files.data, lock: before.lock ?? files.lock };
      descriptor = differenceOf(expected, files) === undefined ? openData(path, files) : undefined;
      if (descriptor === undefined) throw new NotYet(`the store ${path} was replaced while it was opened`);
      owners.register(files);
      keepFromCleaners(path, new Date(parts.wall()));
      return new OpenedStore(path, environment, owners, files, descriptor, parts.wall);
    } catch (error) {
      environment.close();
      if (descriptor !== undefined) closeSync(descriptor);
      throw error;
    }
  }

  /** Returns how the files that lie in the folder now differ from those that are open; undefined when they do not. */
  difference(): string | undefined {
    const now = filesIn(this.path);
    const difference = differenceOf(this.files, now);
    if (difference === undefined) this.files = now;
    else if (isCut(this.files.lock, now.lock)) releaseCutLock(this.path, this.files.lock);
    return difference;
  }

  get dataFile(): string {
    return this.files.data?.key ?? '';
  }

  /** Runs all of it in one transaction. Throws what it throws, and then nothing was written. */
  transact<T>(run: (calls: EmbeddedCalls, entries: Entries) => T): T {
    return this.environment.transact((entries) => {
      this.calls ??= operationsOn(entries, this);
      return run(this.calls, entries);
    });
  }

  /** Returns whether other threads or processes have it open, as of the last `renew`. */
  get isShared(): boolean {
    return this.others > 0;
  }

  /** Says that this thread is still there, and looks who else is. */
  renew(): void {
    this.owners.renew(this.files);
    this.others = this.owners.others().length;
  }

  keepFromCleaners(): void {
    keepFromCleaners(this.path, new Date(this.wall()));
  }

  close(): void {
    try {
      this.letGo();
    } finally {
      closeSync(this.descriptor);
    }
  }

  /** Closes all but the data file, whose descriptor is left to the caller. */
  letGo(): void {
    try {
      this.environment.close();
    } finally {
      this.owners.unregister();
    }
  }
}

/** Returns undefined if another file is there by now. */
function openData(path: string, { data }: StoreFiles): number | undefined {
  try {
    const descriptor = openSync(join(path, 'data.mdb'), 'r');
    if (openFile(descriptor).key === data?.key) return descriptor;
    closeSync(descriptor);
  } catch {
    // It is gone, or this process may open no more files.
  }
  return undefined;
}

function isCut(before: FileIdentity | undefined, now: FileIdentity | undefined): before is FileIdentity {
  return before !== undefined && now?.key === before.key && now.size < before.size;
}

function isHalf({ data, lock }: StoreFiles): boolean {
  return (data === undefined) !== (lock === undefined);
}
