/** Samples for people, and times between readings of the clock. How they are summed up is as in the command `bench`. */
import { spreadOf } from '../../src/operations/spread.js';

export { type SampleSpread, spreadOf } from '../../src/operations/spread.js';

export function median(samples: readonly number[]): number {
  return spreadOf(samples).p50;
}

/** Milliseconds for people: three digits that mean something. */
export function ms(value: number): string {
  if (value >= 100) return `${Math.round(value)} ms`;
  if (value >= 10) return `${value.toFixed(1)} ms`;
  if (value >= 1) return `${value.toFixed(2)} ms`;
  return `${value.toFixed(3)} ms`;
}

/** A whole number with separators, the same in every locale. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Nanoseconds between two readings of `process.hrtime.bigint()`, as ms. */
export function msBetween(from: bigint, to: bigint): number {
  return Number(to - from) / 1e6;
}
