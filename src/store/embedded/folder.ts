/**
 * The folder of an embedded store, looked at before LMDB opens it: LMDB ends the whole process when it cannot use what
 * it finds there.
 */
import { constants } from 'node:fs';
import { access, mkdir, open, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../../errors.js';

/** More than enough for the first pages and the table of readers, in bytes. */
const NEEDED_SPACE = 1024 * 1024;
/** At byte 24 of the file: LMDB's magic number, and the version of its format, both in the machine's order of bytes. */
const MAGIC = 0xbeefc0de;
const FORMAT = 2;
const MAGIC_AT = 24;

/** Makes the folder, for this user alone, if it is not there. Throws what the file system throws, or a `StoreError`. */
export async function prepareFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  const isNew = !(await usable(join(path, 'data.mdb')));
  await usable(join(path, 'lock.mdb'));
  if (isNew) await checkSpace(path);
  else await checkFormat(path);
}

/**
 * Whether there is such a file with something in it. Throws when it may not be read and written. The file is not opened:
 * closing the lock file again would drop the locks that this process has on it.
 */
async function usable(file: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK | constants.W_OK);
    return (await stat(file)).size > 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

async function checkSpace(path: string): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  if (bavail * bsize < NEEDED_SPACE)
    throw new StoreError('ERR_STORE', `the store ${path}: there is no space left on the disk`);
}

async function checkFormat(path: string): Promise<void> {
  const handle = await open(join(path, 'data.mdb'));
  try {
    const head = new Uint32Array(2);
    const { bytesRead } = await handle.read(head, 0, head.byteLength, MAGIC_AT);
    if (bytesRead === head.byteLength && head[0] === MAGIC && head[1] === FORMAT) return;
  } finally {
    await handle.close();
  }
  throw new StoreError('ERR_STORE', `the store ${path}: what is there is not a store, or is damaged`);
}
