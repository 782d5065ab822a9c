/**
 * Where the starters find their files: the sources (Java, Go) in the repository, also when a starter runs from dist/,
 * and what they install in a cache of this user.
 *
 * An installation is made in a temporary folder and renamed when it is whole, so a cache never holds half of one. The
 * lock only keeps two runs from doing the same work twice: should it fail, the later rename finds the place taken.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The folder of a starter's sources. */
export function sources(name: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return join(folder, 'test', 'servers', name);
    if (folder === dirname(folder)) throw new Error('No package.json above the starters of the test servers.');
  }
}

/** The cache; the environment variable MONGO_FAILOVER_CACHE names another one. */
export function cacheFolder(): string {
  return process.env.MONGO_FAILOVER_CACHE ?? join(homedir(), '.cache', 'mongo-failover', 'servers');
}

/** The folder `name` in the cache. If it is not there yet, `install` fills an empty folder that becomes it. */
export async function installed(name: string, install: (folder: string) => Promise<void>): Promise<string> {
  const target = join(cacheFolder(), name);
  if (existsSync(target)) return target;
  await mkdir(cacheFolder(), { recursive: true });
  const lock = `${target}.lock`;
  while (!(await take(lock))) {
    await sleep(200);
    if (existsSync(target)) return target;
  }
  const temporary = `${target}.${process.pid}`;
  try {
    if (existsSync(target)) return target;
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary);
    await install(temporary);
    await rename(temporary, target).catch((error: unknown) => {
      if (!existsSync(target)) throw error;
    });
    return target;
  } finally {
    await rm(temporary, { recursive: true, force: true });
    await rm(lock, { force: true });
  }
}

/** Makes the lock file; false while another process that is alive has it. */
async function take(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const owner = Number(await readFile(lock, 'utf8').catch(() => 'gone'));
  // An empty file is one that its owner is about to fill; a file that has gone is free at the next try.
  if (owner > 0 && !isAlive(owner)) await rm(lock, { force: true });
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
