/**
 * Debug output, by the `debug` package and its namespaces. It goes out by a synchronous write, because the stderr of a
 * worker thread waits for the main thread, which may be blocked just when the output matters.
 */
import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isatty } from 'node:tty';
import { formatWithOptions } from 'node:util';

type Namespace = 'failover' | 'failover:tests' | 'failover:states' | 'failover:managed' | 'mongodb';

interface Log {
  (format: string, ...values: unknown[]): void;
  readonly enabled: boolean;
}

/** Makes the log of one namespace; it is silent unless the environment variable DEBUG names it. */
export function logFor(namespace: Namespace): Log {
  // Not imported: the main thread, which logs nothing, would load it.
  const createDebug: typeof import('debug') = createRequire(import.meta.url)('debug');
  const log = createDebug(namespace);
  log.log = (...values: unknown[]) => writeLine(formatWithOptions({}, ...values));
  return log;
}

let stderr: number | undefined;

/**
 * Writing to a terminal that was stopped (Ctrl-S), or to a pipe whose reader does not read, would wait for it, and
 * beats with it. When it is opened once more, which Linux can do, it takes what it can and never waits. A file is
 * not: its end is a property of the descriptor that was inherited.
 */
function openStderr(): number {
  if (!isatty(2) && !fstatSync(2).isFIFO()) return 2;
  try {
    return openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return 2;
  }
}

/** Writes a line to stderr at once. A pipe or a terminal that is not read loses the line, never holds the thread up. */
export function writeLine(line: string): void {
  try {
    stderr ??= openStderr();
    writeSync(stderr, `${line}\n`);
  } catch {
    // EAGAIN of a full pipe, or a closed stderr: there is no place to tell it.
  }
}
