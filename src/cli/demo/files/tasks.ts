/** Which files are tasks, and in what order. Every member must be fed the same list, so it is made once. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asTaskId } from '../../../task/taskId.js';

/** One file, as it was when the list was made. */
export interface FileTask {
  /** Relative to the folder, with slashes on every system. */
  readonly path: string;
  readonly size: number;
  /** When it was last changed, in ms since 1970. */
  readonly mtime: number;
}

export interface Listing {
  readonly tasks: readonly FileTask[];
  /** Files that are no tasks: unreadable, larger than `FILE_BYTES_MAX`, or with a path that cannot be an id. */
  readonly skipped: number;
}

/** Larger files are left out: one native call over such a file takes seconds, in which nothing can be watched. */
export const FILE_BYTES_MAX = 4 * 1024 * 1024;
/** Where the walk through a folder without end stops. */
const FILES_MAX = 100_000;

/**
 * Returns the readable regular files below a folder; links are not followed. Their order is the same each time
 * and scatters large ones and small ones, so any part of the list is like the whole.
 */
export async function listTasks(folder: string, signal?: AbortSignal, most = FILES_MAX): Promise<Listing> {
  const tasks: FileTask[] = [];
  let skipped = 0;
  const folders = [''];
  for (let at = folders.pop(); at !== undefined && tasks.length < most; at = folders.pop()) {
    signal?.throwIfAborted();
    const entries = await readdir(join(folder, at), { withFileTypes: true }).catch((error: Error) => {
      // The folder itself must be readable; one below it may not be.
      if (at === '') throw error;
      return [];
    });
    const files: string[] = [];
    for (const entry of entries) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) files.push(path);
    }
    const found = await Promise.all(files.map((path) => taskOf(folder, path)));
    for (const task of found) {
      if (task === null) skipped += 1;
      else tasks.push(task);
    }
  }
  return { tasks: inStableOrder(tasks), skipped };
}

async function taskOf(folder: string, path: string): Promise<FileTask | null> {
  if (asTaskId(path) === undefined) return null;
  const file = join(folder, path);
  try {
    const { size, mtimeMs } = await lstat(file);
    if (size > FILE_BYTES_MAX) return null;
    await access(file, constants.R_OK);
    return { path, size, mtime: mtimeMs };
  } catch {
    return null;
  }
}

function inStableOrder(tasks: readonly FileTask[]): FileTask[] {
  return tasks
    .map((task) => ({ task, rank: createHash('sha256').update(task.path).digest('hex') }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ task }) => task);
}

/** Reads what the file is now. */
export type FileFacts =
  | { readonly sha256: string; readonly size: number; readonly mtime: number }
  | { readonly error: string };

export async function readFacts(folder: string, path: string): Promise<FileFacts> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(join(folder, path));
    const { mtimeMs } = await handle.stat();
    const bytes = await handle.readFile();
    return { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, mtime: mtimeMs };
  } catch (error) {
    return { error: errorCode(error) };
  } finally {
    await handle?.close();
  }
}

/** Returns the code of a system error, like ENOENT. */
export function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return String(error);
}
