/**
 * How long a failed task waits before it is tried again. It stays at the head until then, so the whole queue waits.
 *
 *   minDelay 100, maxDelay 100 (the defaults): 100 ms after every failure
 *   minDelay 100, maxDelay 10,000: up to 100, 200, 400, 800, 1,600, 3,200, 6,400, 10,000, 10,000, … ms, each drawn
 *   evenly from 0 up to that (full jitter), so members whose tasks fail for one reason do not try again together;
 *   on average half of it. Never less than 1 ms: no loop is hot.
 */

/** Both in ms. */
export interface RetryOptions {
  readonly minDelay: number;
  readonly maxDelay: number;
}

/** Doublings beyond any delay that makes sense; a limit keeps 0 × Infinity out. */
const DOUBLINGS_MAX = 60;

/** Returns the delay in ms after failed attempt number `attempt`, which counts from 1. `random` gives from 0 up to 1. */
export function retryDelay({ minDelay, maxDelay }: RetryOptions, attempt: number, random: () => number): number {
  if (minDelay === maxDelay) return minDelay;
  const most = Math.min(maxDelay, minDelay * 2 ** Math.min(attempt - 1, DOUBLINGS_MAX));
  return Math.max(1, random() * most);
}
