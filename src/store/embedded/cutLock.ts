/**
 * A lock file that was cut short under LMDB, which maps it and would end the process on its next touch, as late as when it
 * closes. It is taken out of the folder first: the other processes then see that it is gone, and do not go on with what is
 * empty now.
 */
import { ftruncateSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { descriptorsOf } from './descriptors.js';
import type { FileIdentity } from './files.js';

/** Gives the file that LMDB has open its size back, where the system lets us find it. */
export function releaseCutLock(folder: string, opened: FileIdentity): void {
  rmSync(join(folder, 'lock.mdb'), { force: true });
  for (const descriptor of descriptorsOf(opened.key)) {
    try {
      return ftruncateSync(descriptor, opened.size);
    } catch {
      // One that is only for reading.
    }
  }
}
