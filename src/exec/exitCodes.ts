/** The exit codes of `mongo-failover exec`: those of the command, as a shell tells them, and its own. */
import { constants } from 'node:os';

/** How a command ended. */
export interface Exit {
  /** Null: a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Those that are not the command's. */
export const execExits = {
  /** The store could not be reached in the time to wait. */
  unavailable: 69,
  /** Another member has the lease, and the time to wait is over. */
  busy: 75,
  /** The lease was lost, and the command was ended for it. */
  lost: 76,
  /** The command was not started. */
  notStarted: 125,
} as const;

/** As a shell has it: 128 and the number of the signal. */
export function signalCode(signal: NodeJS.Signals): number {
  return 128 + (constants.signals[signal] ?? 0);
}

/** Returns the exit code that a shell would have for a command that ended so. */
export function exitCode({ code, signal }: Exit): number {
  return signal === null ? (code ?? 0) : signalCode(signal);
}
