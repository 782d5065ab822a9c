/** What must not outlast the benchmark, however it ends: child processes, servers, folders. */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const pending = new Set<() => void>();

/** Calls `undo` when the process ends, unless what it returns is called before. `undo` must be synchronous. */
export function atEnd(undo: () => void): () => void {
  pending.add(undo);
  return () => pending.delete(undo);
}

/** Undoes everything when the process ends, on Ctrl-C too. */
export function cleanUpAtEnd(): void {
  process.once('exit', () => {
    for (const undo of pending) undo();
  });
  // 128 + the signal's number is what a shell expects.
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}

/** Calls `use` with a folder of its own, and removes it afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'mongo-failover-bench-'));
  const kept = atEnd(() => rmSync(folder, { recursive: true, force: true }));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    kept();
  }
}
