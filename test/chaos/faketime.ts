/**
 * libfaketime shows a wall clock of our choice to a process, and leaves its monotonic clock alone. Debian has it in the
 * package `faketime`.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The one for programs with threads. */
const NAME = 'libfaketimeMT.so.1';

export function findFaketime(): string | undefined {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib') : [];
  return folders.map((folder) => join('/usr/lib', folder, 'faketime', NAME)).find((file) => existsSync(file));
}

/** The environment of a process whose wall clock is as far off as this file says, at every look. */
export function faketimeEnvironment(library: string, file: string): Record<string, string> {
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    // Its name in older releases, and in newer ones.
    DONT_FAKE_MONOTONIC: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

/** What a process that was killed has left in shared memory. */
export function removeFaketime(pid: number): void {
  for (const name of [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`])
    rmSync(join('/dev/shm', name), { force: true });
}
