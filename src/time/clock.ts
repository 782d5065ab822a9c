/**
 * Time as everything that decides sees it: handed in, so tests run the same code under virtual time.
 */

/** Undoes a scheduled call; harmless when it has already run. */
export type Cancel = () => void;

export interface Clock {
  /** Monotonic milliseconds with fractions, the same in every thread of the process; stops while the machine sleeps. */
  now(): number;
  /** Milliseconds since boot, which run on while the machine sleeps. */
  sinceBoot(): number;
  /** Wall clock, milliseconds since 1970: only to notice jumps, and for people. */
  wall(): number;
  /** Calls `callback` once, as soon as `now()` has reached `time`. */
  at(time: number, callback: () => void): Cancel;
}
