/**
 * How long a failed task waits before it is tried again. It stays at the head meanwhile, so the whole queue waits.
 *
 *   minDelay 100, maxDelay 100 (the defaults): 100 ms after every failure
 *   minDelay 100, maxDelay 10,000: 100, 200, 400, 800, 1,600, 3,200, 6,400, 10,000, 10,000, … ms
 */

/** Both in ms. */
export interface RetryOptions {
  readonly minDelay: number;
  readonly maxDelay: number;
}

/** Doublings beyond any delay that makes sense; a limit keeps 0 × Infinity out. */
const MOST_DOUBLINGS = 60;

/** The delay in ms after failed attempt number `attempt`, which counts from 1. */
export function retryDelay(options: RetryOptions, attempt: number): number {
  return Math.min(options.maxDelay, options.minDelay * 2 ** Math.min(attempt - 1, MOST_DOUBLINGS));
}
