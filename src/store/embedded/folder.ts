/**
 * The folder of an embedded store, looked at before LMDB opens it: LMDB ends the whole process when it cannot use what
 * it finds there. Everything here is synchronous, because it runs on the thread of the store.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readSync,
  statfsSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../../errors.js';
import type { StoreFiles } from './files.js';
import { strangerAt } from './place.js';

/** More than enough for the first pages and the table of locks, in bytes. */
const SPACE_BYTES_MIN = 1024 * 1024;
/** File descriptors that opening takes. */
const FREE_FILES_MIN = 8;
/** At byte 24 of the file: LMDB's magic number, and the version of its format, both in the machine's order of bytes. */
const MAGIC = 0xbeefc0de;
const FILE_FORMAT = 2;
const MAGIC_AT = 24;
/** Two meta pages; LMDB reads no less. */
const FILE_BYTES_MIN = 8192;
/**
 * File systems that several machines share, by the number that Linux gives them (`man 2 statfs`). The locks and the map
 * of LMDB hold on one machine.
 */
const networkFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x73757245, 'Coda'],
]);

const STICKY = 0o1000;

/**
 * Makes the folder, for this user alone, if it is not there. Throws what the file system throws, or a `StoreError`, also
 * if the folder must have an owner and others can have written there.
 */
export function prepareFolder(path: string, owner?: number): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stranger = strangerAt(path, owner);
  if (stranger !== undefined) {
    throw new StoreError(
      'ERR_STORE',
      `the store ${path} is the default one of this user, and ${stranger}; remove it, or give a folder by nodb.path`,
    );
  }
  accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  refuseNetworkFileSystem(path);
  for (const descriptor of Array.from({ length: FREE_FILES_MIN }, () => openSync(path, 'r'))) closeSync(descriptor);
}

/** Throws if the files are there and LMDB could not use them. */
export function checkFiles(path: string, { data, lock }: StoreFiles): void {
  // Not opened: closing the lock file again would drop the locks that this process has on it.
  if (lock !== undefined) accessSync(join(path, 'lock.mdb'), constants.R_OK | constants.W_OK);
  if (data !== undefined) accessSync(join(path, 'data.mdb'), constants.R_OK | constants.W_OK);
  if (data === undefined || data.size === 0 || lock === undefined || lock.size === 0) checkSpace(path);
  if (data !== undefined && data.size > 0) checkFormat(path, data.size);
}

/**
 * Keeps cleaners of temporary folders away: systemd-tmpfiles leaves files with the sticky bit alone, others go by the
 * age of files, which do not change on their own where they are written through a map.
 */
export function keepFromCleaners(path: string, now: Date): void {
  for (const file of ['data.mdb', 'lock.mdb', '']) {
    try {
      const { mode } = statSync(join(path, file));
      if (file !== '' && (mode & STICKY) === 0) chmodSync(join(path, file), (mode & 0o777) | STICKY);
      utimesSync(join(path, file), now, now);
    } catch {
      // The file of another user, or a file system without such bits.
    }
  }
}

function refuseNetworkFileSystem(path: string): void {
  if (process.platform !== 'linux') return;
  const name = networkFileSystems.get(statfsSync(path).type);
  if (name === undefined) return;
  throw new StoreError(
    'ERR_STORE',
    `the store ${path} is on a network file system (${name}), where its locks do not hold; use a folder on a local disk, or MongoDB`,
  );
}

function checkSpace(path: string): void {
  const { bavail, bsize } = statfsSync(path);
  if (bavail * bsize >= SPACE_BYTES_MIN) return;
  throw new StoreError('ERR_STORE', `the store ${path}: there is no space left on the disk`);
}

function checkFormat(path: string, size: number): void {
  const descriptor = openSync(join(path, 'data.mdb'), 'r');
  try {
    const head = new Uint32Array(2);
    const count = readSync(descriptor, head, 0, head.byteLength, MAGIC_AT);
    if (size >= FILE_BYTES_MIN && count === head.byteLength && head[0] === MAGIC && head[1] === FILE_FORMAT) return;
  } finally {
    closeSync(descriptor);
  }
  throw new StoreError('ERR_STORE', `the store ${path}: what is there is not a store, or is damaged`);
}
