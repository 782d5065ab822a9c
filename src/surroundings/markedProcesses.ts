/** Processes that can be recognized by their environment, wherever they went: as `setsid` leaves each group and session. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Returns the ids of the processes whose environment has `marker`, such as `NAME=value`. Only those of this user can be read,
 * and none where there is no /proc. One that has ended has no environment any more.
 */
export function markedProcesses(marker: string): number[] {
  const entry = `\0${marker}\0`;
  return processIds().filter((pid) => environmentOf(pid).includes(entry));
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
}

function environmentOf(pid: number): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`;
  } catch {
    return '';
  }
}
