/** A disk that takes long to sync, for one process: a small library in C, which is compiled when a run begins. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sources } from '../servers/files.ts';

const run = promisify(execFile);
/** By which it slows the sync that is tried first, in ms. */
const TRIED = 100;

/** Returns the library; undefined if this machine is no Linux, or has no C compiler. */
export async function buildSlowDisk(folder: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const library = join(folder, 'slow-disk.so');
  const source = join(sources('slow-disk'), 'slowDisk.c');
  try {
    await run('cc', ['-O2', '-shared', '-fPIC', '-o', library, source, '-ldl']);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  await mustSlow(library, join(folder, 'disk'));
  return library;
}

/** The environment of a process whose syncs take longer by as many ms as this file says. */
export function slowDiskEnvironment(library: string, file: string): Record<string, string> {
  return { LD_PRELOAD: library, SLOW_DISK_FILE: file };
}

/** Throws if a sync does not take as long as it should: the faults would do nothing. */
async function mustSlow(library: string, file: string): Promise<void> {
  writeFileSync(file, `${TRIED}\n`);
  const program = `
    const from = performance.now();
    fs.fsyncSync(fs.openSync(${JSON.stringify(file)}, 'r+'));
    console.log(performance.now() - from);`;
  const env = { ...process.env, ...slowDiskEnvironment(library, file) };
  const { stdout } = await run(process.execPath, ['-e', program], { env });
  if (!(Number(stdout) >= TRIED)) throw new Error(`a sync on a slow disk took ${stdout.trim()} ms, not ${TRIED}`);
}
