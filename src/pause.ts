/** Waiting, by the clock that was handed in. */
import type { Clock } from './clock.js';

/** Resolves when `ms` have passed. */
export function pause(clock: Pick<Clock, 'now' | 'at'>, ms: number): Promise<void> {
  return new Promise((resolve) => clock.at(clock.now() + ms, resolve));
}
