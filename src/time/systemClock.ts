/**
 * The real clock. `setTimeout` counts whole milliseconds and fires up to one early or late, which is more than a
 * beat may be late, so a timer is set a little short and the rest is slept off to the microsecond. That blocks the
 * calling thread for less than `NEAR_MS`: right for the coordinator, whose only business is to be on time.
 */
import { uptime } from 'node:os';
import type { Cancel, Clock } from './clock.js';

/** How near a timer gets before the rest is slept off, in ms: above the granularity of `setTimeout`. */
const NEAR_MS = 1.2;
/** The longest delay that `setTimeout` takes, in ms. */
const TIMER_MAX_MS = 2 ** 31 - 1;

const cell = new Int32Array(new SharedArrayBuffer(4));

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export const systemClock: Clock = {
  now,
  sinceBoot: () => uptime() * 1000,
  wall: () => Date.now(),
  at(time: number, callback: () => void): Cancel {
    let timer: NodeJS.Timeout | undefined;
    let immediate: NodeJS.Immediate | undefined;
    const finish = (): void => {
      // Again, should the wait end a little early: no callback may come before its time.
      for (let left = time - now(); left > 0; left = time - now()) Atomics.wait(cell, 0, 0, left);
      callback();
    };
    const arm = (): void => {
      const left = time - now();
      // Never from within `at` itself: a caller must have its `Cancel` before the call comes.
      if (left <= NEAR_MS) immediate = setImmediate(finish);
      else timer = setTimeout(wake, Math.max(1, Math.min(TIMER_MAX_MS, Math.floor(left - NEAR_MS + 0.5))));
    };
    const wake = (): void => {
      if (time - now() <= NEAR_MS) finish();
      else arm();
    };
    arm();
    return () => {
      clearTimeout(timer);
      clearImmediate(immediate);
    };
  },
};
