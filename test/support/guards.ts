/** The guards of a process, as Linux lists processes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Returns the parent of a process; undefined if there is no such process, or if it has ended. */
export function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

/** Returns the guards of a process; none where there is no /proc to look at. */
export function guardsOf(ward: number | undefined): number[] {
  if (ward === undefined || !existsSync('/proc/self/stat')) return [];
  const isGuard = (pid: number): boolean => {
    if (parentOf(pid) !== ward) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('guard.cjs');
    } catch {
      return false;
    }
  };
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) && isGuard(Number(name)) ? [Number(name)] : []));
}
