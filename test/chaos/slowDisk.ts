/** A disk that takes long to sync, for one process: a small library in C, which is compiled when a run begins. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sources } from '../servers/files.ts';

/** Returns the library; undefined if this machine has no C compiler. */
export async function buildSlowDisk(folder: string): Promise<string | undefined> {
  const library = join(folder, 'slow-disk.so');
  const source = join(sources('slow-disk'), 'slowDisk.c');
  try {
    await promisify(execFile)('cc', ['-O2', '-shared', '-fPIC', '-o', library, source, '-ldl']);
    return library;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The environment of a process whose syncs take longer by as many ms as this file says. */
export function slowDiskEnvironment(library: string, file: string): Record<string, string> {
  return { LD_PRELOAD: library, SLOW_DISK_FILE: file };
}
