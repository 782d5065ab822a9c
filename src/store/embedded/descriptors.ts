/** The files that this process has open, where the system lists them. */
import { readdirSync } from 'node:fs';
import { openFile } from './files.js';

/** Returns the descriptors of the file with this identity. Some of them may be for reading only. */
export function descriptorsOf(key: string): number[] {
  return list().filter((descriptor) => {
    try {
      return openFile(descriptor).key === key;
    } catch {
      // The descriptor of the listing itself, which is closed by now.
      return false;
    }
  });
}

function list(): number[] {
  for (const folder of ['/proc/self/fd', '/dev/fd']) {
    try {
      return readdirSync(folder).map(Number);
    } catch {
      // Another system.
    }
  }
  return [];
}
