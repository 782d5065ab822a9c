/**
 * Lowers the priority of the calling thread, so CPU-heavy work on all cores does not make beats wait for a
 * core. Raising niceness needs no privilege.
 */
import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * On Linux niceness belongs to the thread, by its kernel id; elsewhere it belongs to the process, so it is left alone.
 * True when it was lowered. Never throws: a container may hide /proc, and work then runs at normal priority.
 */
export function lowerThreadPriority(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    if (!Number.isInteger(thread) || thread <= 0) return false;
    setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
    return true;
  } catch {
    return false;
  }
}
