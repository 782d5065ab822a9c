/**
 * The threads that this package starts, as others tell them apart. Preloads (`--import`, `--require`, `NODE_OPTIONS`) are
 * code of the user that Node runs in every thread before the thread's own entry. One that makes a cluster there would
 * start threads without end, and one that cannot run twice ends each thread before it has begun.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import { FailoverError, toWire } from '../errors.js';

type OwnThread = 'coordinator' | 'observer' | 'store' | 'task';

/** A part of the `workerData` of each of them. */
export interface OwnThreadData {
  readonly mongoFailover: {
    readonly thread: OwnThread;
    /** Not 0 once the entry of the thread has begun. */
    readonly began: Int32Array;
  };
}

export function ownThreadData(thread: OwnThread): OwnThreadData {
  return { mongoFailover: { thread, began: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) } };
}

/** Called by the entry of each thread. */
export function threadBegins({ mongoFailover }: OwnThreadData): void {
  Atomics.store(mongoFailover.began, 0, 1);
}

/** Says why a thread may have ended before it began; empty if it began, or if there are no preloads. */
export function preloadHint(
  { mongoFailover }: OwnThreadData,
  cause: unknown,
  { execArgv, env }: Pick<typeof process, 'execArgv' | 'env'> = process,
): string {
  const preloads = preloadsIn([...execArgv, ...(env.NODE_OPTIONS ?? '').split(/\s+/)]);
  if (toWire(cause).code === 'ERR_PRELOAD') return '';
  if (preloads.length === 0 || Atomics.load(mongoFailover.began, 0) !== 0) return '';
  return (
    ` (it ended before its own code began, and Node runs ${preloads.join(' and ')} in every thread first: ` +
    'a preload that cannot run twice must look at isMainThread of node:worker_threads)'
  );
}

function preloadsIn(options: readonly string[]): string[] {
  const found: string[] = [];
  for (const [index, option] of options.entries()) {
    if (/^(?:-r|--(?:require|import|loader|experimental-loader))$/.test(option)) {
      found.push(`${option} ${options[index + 1] ?? ''}`.trim());
    } else if (/^--(?:require|import|loader|experimental-loader)=/.test(option)) found.push(option);
  }
  return [...new Set(found)];
}

/**
 * Refuses a cluster in a thread of a cluster, unless the work makes it.
 * @throws FailoverError `ERR_PRELOAD`
 */
export function mustNotBePreload(isMain = isMainThread, data: unknown = workerData): void {
  if (isMain || !isOwnThreadData(data)) return;
  const { thread, began } = data.mongoFailover;
  // No code of the user but preloads ever runs in the others.
  if (thread === 'task' && Atomics.load(began, 0) !== 0) return;
  throw new FailoverError(
    'ERR_PRELOAD',
    `failover() was called in the ${thread} thread of another cluster, which would start threads without end. ` +
      'A preload (--import, --require, NODE_OPTIONS) runs in every thread: call failover() only where isMainThread of node:worker_threads is true',
  );
}

function isOwnThreadData(data: unknown): data is OwnThreadData {
  return typeof data === 'object' && data !== null && 'mongoFailover' in data;
}
