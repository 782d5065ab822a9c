/** Times that many share: multiples of a period from a phase, by the monotonic clock. All in ms. */

/** The part of a period by which a time may miss the grid, because sums of fractions are not exact. */
const SLACK = 1e-6;

/** Returns the last time of the grid up to `time`. */
export function lastOnGrid(time: number, period: number, phase: number): number {
  return phase + Math.floor((time - phase) / period + SLACK) * period;
}

/** Returns the first time of the grid after `time`. */
export function nextOnGrid(time: number, period: number, phase: number): number {
  return lastOnGrid(time, period, phase) + period;
}
