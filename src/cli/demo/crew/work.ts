/**
 * The demo's work module, run in the master's task thread: compresses a file, and writes down that it did. Where it
 * finds the files and the ledger is in the query of its own URL, see `workUrl`.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskContext } from '../../../index.js';
import { monotonicNow } from '../clock.js';
import { compress, compressInPool } from '../files/compress.js';
import { appendLine, type LedgerLine } from '../files/ledger.js';
import { errorCode } from '../files/tasks.js';
import { readSettings } from './workUrl.js';

const { folder, ledger, member, quality, atLeast } = readSettings(import.meta.url);

/** Every second task is asynchronous. */
let turn = 0;

export default async function work({ path }: { path: string }, context: TaskContext): Promise<boolean> {
  const startedAt = monotonicNow();
  turn += 1;
  const found = await examine(join(folder, path), startedAt, turn % 2 === 0);
  // The calls above may have outlived the lease. What is written now would look as if two had worked.
  if (context.signal.aborted || context.leaseRemaining() === 0) return false;
  const endedAt = monotonicNow();
  appendLine(ledger, { path, found, term: context.term, member, pid: process.pid, startedAt, endedAt });
  return true;
}

async function examine(file: string, startedAt: number, inPool: boolean): Promise<LedgerLine['found']> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    // Deleted since the list was made, say. To fail would keep it at the head of the queue for ever.
    return { error: errorCode(error) };
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  let compressed: number;
  do compressed = inPool ? await compressInPool(bytes, quality) : compress(bytes, quality).length;
  while (monotonicNow() - startedAt < atLeast);
  return { sha256, size: bytes.length, compressed };
}
