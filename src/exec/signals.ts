/** What each signal means to a supervisor. */
export { type Asked, isImpatient } from '../surroundings/repeatedSignals.js';

/** Those that end it: with its command if there is one. */
const stopping: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGQUIT'];
/** Those that are for the command. The first ends a supervisor that has none. */
const forwarded: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGTSTP'];

/** All signals that a supervisor handles, from its first instant on. */
export const handledSignals: readonly NodeJS.Signals[] = [...stopping, ...forwarded];

export type SignalRole = 'stop' | 'forward' | 'ignore';

export function roleOf(signal: NodeJS.Signals, hasCommand: boolean): SignalRole {
  if (stopping.includes(signal)) return 'stop';
  if (hasCommand) return 'forward';
  return signal === 'SIGHUP' ? 'stop' : 'ignore';
}
