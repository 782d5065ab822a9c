/**
 * What a thread writes to stdout and stderr goes to the thread above it, a part at a time, and what has not been taken
 * there when the thread is terminated is lost: the last lines that a task has logged.
 */
import type { Writable } from 'node:stream';

type Output = Pick<Writable, 'writable' | 'writableLength' | 'write'>;

/** Resolves when the thread above has taken all that was written until now. Never rejects. */
export async function flushOutput(streams: readonly Output[] = [process.stdout, process.stderr]): Promise<void> {
  await Promise.all(streams.map(flush));
}

function flush(stream: Output): Promise<void> | void {
  if (!stream.writable || stream.writableLength === 0) return;
  return new Promise((resolve) => {
    try {
      stream.write('', () => resolve());
    } catch {
      // Of a module that has put a function of its own in its place.
      resolve();
    }
  });
}
