/**
 * Preload of a supervisor: blocks its main thread for a while at each SIGIO. The command does not inherit it, nor the library
 * that makes its disk slow.
 */
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  const ms = Number(process.env.BLOCK_MS ?? 0);
  delete process.env.NODE_OPTIONS;
  delete process.env.BLOCK_MS;
  delete process.env.LD_PRELOAD;
  process.on('SIGIO', () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms));
}
