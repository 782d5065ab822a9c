/**
 * The clocks and timers of Node.js, as they are when this module loads. The main thread is the user's, whose tests may put
 * fake ones in the place of the global ones later. A lease that stops with them, or ends at once, would be no lease.
 */
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';

/** The global timers have the same shape, for tests that fake those. */
export interface Timers {
  readonly setTimeout: (callback: () => void, delay: number) => NodeJS.Timeout;
  readonly clearTimeout: (timer: NodeJS.Timeout | undefined) => void;
  readonly setInterval: (callback: () => void, delay: number) => NodeJS.Timeout;
  readonly clearInterval: (timer: NodeJS.Timeout | undefined) => void;
}

export interface Clocks {
  /** Nanoseconds, the same in every thread. */
  monotonic(): bigint;
  /** Milliseconds since 1970. */
  wall(): number;
}

export const realTime: Clocks & Timers = {
  monotonic: process.hrtime.bigint,
  wall: Date.now,
  ...{ setTimeout, clearTimeout, setInterval, clearInterval },
};
