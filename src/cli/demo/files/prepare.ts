/** Before the run: which files there are, how fast this machine compresses them, and how many fit into the time. */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FailoverError, failover } from '../../../index.js';
import { UsageError } from '../../exit.js';
import type { DemoOptions } from '../options.js';
import { measureSpeed, type Plan, planWork } from '../plan.js';
import { defaultFolder } from './defaultFolder.js';
import { type FileTask, type Listing, listTasks } from './tasks.js';

export interface Prepared {
  /** Absolute. */
  readonly folder: string;
  readonly listing: Listing;
  readonly plan: Plan;
}

/** How many files the speed is measured with; they come first in the list, which scatters them. */
const SAMPLES = 100;

/** @throws UsageError for a folder that cannot be read or has too few files, and for a connection string that is none */
export async function prepare(
  { folder: given, seconds, mongodb }: DemoOptions,
  signal: AbortSignal,
): Promise<Prepared> {
  if (mongodb !== undefined) checkConnectString(mongodb);
  const folder = resolve(given ?? defaultFolder());
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new UsageError(`${folder} is not a folder that can be read`);
  const listing = await listTasks(folder, signal);
  const samples = await readSamples(folder, listing.tasks.slice(0, SAMPLES));
  const plan = planWork(listing.tasks, seconds, (quality) => measureSpeed(samples, quality));
  signal.throwIfAborted();
  return { folder, listing, plan };
}

/** Checks the connect string as the members will, but starts nothing. */
function checkConnectString(connectString: string): void {
  try {
    failover({ mongodb: { connectString } });
  } catch (error) {
    throw error instanceof FailoverError ? new UsageError(error.message) : error;
  }
}

async function readSamples(folder: string, tasks: readonly FileTask[]): Promise<Uint8Array[]> {
  const read = await Promise.all(tasks.map(({ path }) => readFile(join(folder, path)).catch(() => Buffer.alloc(0))));
  return read.filter(({ length }) => length > 0);
}
