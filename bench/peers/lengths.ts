/** How long faults are, in ms. */
import type { System } from './system.js';

/** Returns by how much the faults are longer than the lock: 8 s and 12 s for a lock of 5 s. */
export function lengthsOf({ lock }: Pick<System, 'lock'>): { blocked: number; away: number } {
  return { blocked: lock + 3000, away: lock + 7000 };
}
