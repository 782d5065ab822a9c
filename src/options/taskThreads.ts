/** The option `taskThreads`: how many task threads may live at once. */
import { checkNumber, readFields } from './checks.js';

/** Each is a thread of the system, with a heap of its own. */
const MOST_MAX = 10_000;

/** @throws InvalidOptionError */
export function resolveTaskThreads(given: unknown): { readonly most: number } {
  const { most } = readFields(given === undefined ? {} : given, 'taskThreads', ['most']);
  // Written out by who wants the default to be seen.
  if (most === undefined || most === Number.POSITIVE_INFINITY) return { most: Number.POSITIVE_INFINITY };
  return { most: checkNumber(most, 'taskThreads.most', { min: 1, max: MOST_MAX, integer: true }) };
}
