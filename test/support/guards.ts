/** What a process has started, its guards among it, as Linux lists processes. */
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

/** Returns the processes that a process has started; none where there is no /proc to look at. */
export function childrenOf(parent: number): number[] {
  if (!existsSync('/proc/self/stat')) return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => parentOf(pid) === parent);
}

/** Returns the guards among them. */
export function guardsOf(ward: number | undefined): number[] {
  return ward === undefined ? [] : childrenOf(ward).filter(isGuard);
}

function isGuard(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('guard.cjs');
  } catch {
    return false;
  }
}
