/**
 * What may be the id of a task. An id is compared, stored and sent, so it must come back from each of these exactly as
 * it was: no lone surrogates, which UTF-8 cannot hold, no NaN, which equals nothing, and no -0, which equals 0.
 */
import type { TaskId } from './task.js';

/** Ids travel in every beat, so they must stay small. */
const ID_BYTES_MAX = 1024;

/** The rule, as the end of a sentence. */
export const taskIdRule = `a finite number, or a string of 1 to ${ID_BYTES_MAX} bytes of well-formed text`;

/** Returns the value as an id; undefined when it cannot be one. */
export function asTaskId(value: unknown): TaskId | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : undefined;
  if (typeof value !== 'string' || value === '' || value.length > ID_BYTES_MAX) return undefined;
  return Buffer.byteLength(value) <= ID_BYTES_MAX && isWellFormed(value) ? value : undefined;
}

/** Returns whether every surrogate is in a pair. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
