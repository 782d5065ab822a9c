/** What each signal means to a supervisor. */

/** Those that end it: with its command if there is one. */
const stopping: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGQUIT'];
/** Those that are for the command. The first ends a supervisor that has none. */
const forwarded: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGTSTP'];

/** All signals that a supervisor handles, from its first instant on. */
export const handledSignals: readonly NodeJS.Signals[] = [...stopping, ...forwarded];

/** npm, npx and watchers pass on the signal that a terminal has sent to all already, within so many ms. */
const SAME_SIGNAL_MS = 1000;

export type SignalRole = 'stop' | 'forward' | 'ignore';

export function roleOf(signal: NodeJS.Signals, hasCommand: boolean): SignalRole {
  if (stopping.includes(signal)) return 'stop';
  if (hasCommand) return 'forward';
  return signal === 'SIGHUP' ? 'stop' : 'ignore';
}

/** The first signal that asked to stop. */
export interface Asked {
  readonly signal: NodeJS.Signals;
  /** By the monotonic clock, in ms. */
  readonly at: number;
}

/** Returns whether a further signal is one of its own, which asks for a kill, and no echo of the first. */
export function isImpatient(first: Asked, signal: NodeJS.Signals, now: number): boolean {
  return signal !== first.signal || now - first.at > SAME_SIGNAL_MS;
}
