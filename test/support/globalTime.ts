/** The clocks and timers that are global at the moment of each call: those that `vi.useFakeTimers` puts there, or the real ones. */
import type { Clocks, Timers } from '../../src/time/realTime.ts';

export const globalTime: Clocks & Timers = {
  monotonic: () => process.hrtime.bigint(),
  wall: () => Date.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout: (timer) => clearTimeout(timer),
  setInterval: (callback, delay) => setInterval(callback, delay),
  clearInterval: (timer) => clearInterval(timer),
};
