/** The states of a member and the moves between them. protocol.ts says what each waits for and what leaves it. */

/**
 * Names what a member is: a state of the election, or `stopped` before `run()` and after `stop()`. Users know it as
 * `ClusterState`.
 */
export type Phase = 'stopped' | 'init' | 'slave' | 'ticking' | 'master' | 'error';

/** Every legal move; the protocol asserts that no other is made. */
export const transitions: Readonly<Record<Phase, readonly Phase[]>> = {
  stopped: ['init'],
  init: ['master', 'slave', 'error', 'stopped'],
  slave: ['ticking', 'master', 'error', 'stopped'],
  ticking: ['slave', 'master', 'error', 'stopped'],
  master: ['slave', 'error', 'stopped'],
  error: ['master', 'slave', 'stopped'],
};
