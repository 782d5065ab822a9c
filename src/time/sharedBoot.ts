/**
 * The boot clock for many on one thread. Reading it opens a file (libuv reads /proc/uptime on Linux), and a thousand members that
 * wake in one turn would each read it again. The clock itself counts in 10 ms, so a reading serves for a while. An event within
 * that time after a sleep sees the wall clock alone run ahead, and the next one both.
 */
import type { Clock } from './clock.js';

/** How long a reading serves, by the monotonic clock, in ms: less than the boot clock can tell apart. */
const SERVES_MS = 1;

/** Returns a clock that reads the boot clock of `clock` again only when the last reading is old. */
export function sharingBoot(clock: Clock): Clock {
  let readAt = Number.NEGATIVE_INFINITY;
  let boot = 0;
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    at: (time, callback) => clock.at(time, callback),
    sinceBoot: () => {
      const now = clock.now();
      if (now - readAt < SERVES_MS) return boot;
      readAt = now;
      boot = clock.sinceBoot();
      return boot;
    },
  };
}
