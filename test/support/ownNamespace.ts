/** PID namespaces: what plays machines of their own for processes that must not see each other, and has a PID 1. */
import { spawnSync } from 'node:child_process';

/** Returns the arguments of `unshare` that start a program in one; undefined where this user may make none. */
export function namespaceArguments(): string[] | undefined {
  const flags = ['--pid', '--fork', '--kill-child', '--mount-proc'];
  const ways = [flags, ['--user', '--map-root-user', ...flags]];
  return ways.find((tried) => spawnSync('unshare', [...tried, 'true']).status === 0);
}

/** Returns the same. Throws where there is no way: for a test that cannot do without. */
export function ownNamespace(): string[] {
  const way = namespaceArguments();
  if (way === undefined) {
    throw new Error('this test needs `unshare` (util-linux) and the right to make a PID namespace, as root has it');
  }
  return way;
}
