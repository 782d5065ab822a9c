/**
 * One process at a time makes the store. A second one that opened it in the same moment, before the first commit, would
 * write its own first commit over a later one of the other: see lastCommit.ts.
 */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { hasCode } from '../../values/hasCode.js';
import { LastCommit } from './lastCommit.js';

const FILE = 'making';
/** How long the file may be empty, between its creation and its writing, in ms. */
const WRITE_MAX_MS = 10_000;

/** Returns whether anything has been committed in the data file. */
export function isMade(folder: string): boolean {
  if (!existsSync(join(folder, 'data.mdb'))) return false;
  const commits = new LastCommit(folder);
  try {
    return commits.read() > 0;
  } finally {
    commits.close();
  }
}

/**
 * Takes the right to make the store, which ends with `endMaking`. Returns false if another thread has it. `me` is the
 * path of the caller's file among the owners; a thread whose file is gone has died, and its right is taken away. `now`
 * in ms of the wall clock.
 */
export function beginMaking(folder: string, me: string, now: number): boolean {
  const file = join(folder, FILE);
  try {
    // Without its folder: another container may have the store at another path.
    writeFileSync(file, basename(me), { flag: 'wx' });
    return true;
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  const other = contentOf(file);
  if (other === undefined) return false;
  const isLeft = other === '' ? now - modifiedAt(file) > WRITE_MAX_MS : !existsSync(join(dirname(me), other));
  if (isLeft) endMaking(folder);
  return other === basename(me);
}

export function endMaking(folder: string): void {
  rmSync(join(folder, FILE), { force: true });
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // Its owner has just removed it.
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function modifiedAt(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
