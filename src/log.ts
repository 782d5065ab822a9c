/**
 * Debug output, by the `debug` package and its namespaces. It goes out by a synchronous write, because the stderr of a
 * worker thread waits for the main thread, which may be blocked just when the output matters.
 */
import { writeSync } from 'node:fs';
import { formatWithOptions } from 'node:util';
import createDebug from 'debug';

export type Namespace = 'failover' | 'failover:tests' | 'failover:states' | 'failover:managed' | 'mongodb';

export interface Log {
  (format: string, ...values: unknown[]): void;
  readonly enabled: boolean;
}

/** A log for one namespace; silent unless the environment variable DEBUG names it. */
export function logFor(namespace: Namespace): Log {
  const log = createDebug(namespace);
  log.log = (...values: unknown[]) => writeLine(formatWithOptions({}, ...values));
  return log;
}

/** Writes a line to stderr at once. A pipe that nobody reads loses the line, never holds the thread up. */
export function writeLine(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // EAGAIN of a full pipe, or a stderr that is closed: there is nobody to tell.
  }
}
