/**
 * A lock file that was cut short under LMDB, which maps it and would end the process on its next touch, as late as when it
 * closes. It is taken out of the folder first: the other processes then see that it is gone, and do not go on with what is
 * empty now.
 */
import { fstatSync, ftruncateSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FileIdentity } from './files.js';

/** Gives the file that LMDB has open its size back, where the system lets us find it. */
export function releaseCutLock(folder: string, opened: FileIdentity): void {
  rmSync(join(folder, 'lock.mdb'), { force: true });
  for (const name of descriptors()) {
    try {
      const { dev, ino } = fstatSync(Number(name), { bigint: true });
      if (`${dev}:${ino}` === opened.key) return ftruncateSync(Number(name), opened.size);
    } catch {
      // The descriptor of the listing itself, which is closed by now, or one that is not for writing.
    }
  }
}

function descriptors(): string[] {
  try {
    return readdirSync('/proc/self/fd');
  } catch {
    return [];
  }
}
