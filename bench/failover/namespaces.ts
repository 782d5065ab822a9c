/** PID namespaces: what plays machines of their own for processes that must not see each other's deaths. */
import { spawnSync } from 'node:child_process';

/** Returns the command that starts a program in one; undefined where this user may make none. */
export function namespaces(): readonly string[] | undefined {
  const flags = ['--pid', '--fork', '--kill-child', '--mount-proc'];
  const ways = [flags, ['--user', '--map-root-user', ...flags]];
  const way = ways.find((tried) => spawnSync('unshare', [...tried, 'true']).status === 0);
  return way === undefined ? undefined : ['unshare', ...way];
}
