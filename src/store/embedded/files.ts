/**
 * The two files of a store, told apart from others of the same name. When they are removed or replaced, the members that
 * have them open are left with files that no other member sees.
 */
import { type BigIntStats, fstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../values/hasCode.js';

export interface FileIdentity {
  /** Device and inode: unique among the files that exist or are open. */
  readonly key: string;
  readonly size: number;
}

export interface StoreFiles {
  readonly data: FileIdentity | undefined;
  readonly lock: FileIdentity | undefined;
}

/** Looks at what lies in the folder now. Throws what the file system throws, except that a file is not there. */
export function filesIn(folder: string): StoreFiles {
  return { data: identityOf(join(folder, 'data.mdb')), lock: identityOf(join(folder, 'lock.mdb')) };
}

function identityOf(file: string): FileIdentity | undefined {
  try {
    return identityIn(statSync(file, { bigint: true }));
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** Tells which file is open there. */
export function openFile(descriptor: number): FileIdentity {
  return identityIn(fstatSync(descriptor, { bigint: true }));
}

function identityIn({ dev, ino, size }: BigIntStats): FileIdentity {
  return { key: `${dev}:${ino}`, size: Number(size) };
}

/** Says how `now` differs from what was opened; undefined when it does not. */
export function differenceOf(opened: StoreFiles, now: StoreFiles): string | undefined {
  if (now.data === undefined && now.lock === undefined) return 'its files were removed';
  for (const [name, before, after] of [
    ['data.mdb', opened.data, now.data],
    ['lock.mdb', opened.lock, now.lock],
  ] as const) {
    if (after === undefined) return `${name} was removed`;
    if (after.key !== before?.key) return `${name} was replaced`;
    if (after.size < before.size) return `${name} was cut short`;
  }
  return undefined;
}
