/** How commands end: the exit codes, and the errors that lead to them. */

/** All exit codes of the command line, but for those of a signal. Scripts branch on them, so they stay as they are. */
export const exits = {
  /** It did what was asked. */
  done: 0,
  /** It failed, or what it looked at is not as it must be. */
  failed: 1,
  /** The arguments cannot be used. */
  usage: 2,
  /** The store cannot be reached, or refused. */
  store: 3,
  /** There is nothing of the kind. */
  none: 4,
  /** It was refused, or it is so already. */
  refused: 5,
  /** It was not done in time. */
  late: 75,
} as const;

export interface ExitCode {
  readonly code: string;
  readonly meaning: string;
}

/** The table that the help and the reference show. */
export const exitCodes: readonly ExitCode[] = [
  { code: '0', meaning: 'done; `status --check`: healthy' },
  { code: '1', meaning: 'failed, or `doctor` and `demo` found an error; `status --check`: warning' },
  { code: '2', meaning: 'wrong arguments; `status --check`: critical' },
  { code: '3', meaning: 'the store cannot be reached or refuses; `status --check`: unknown' },
  { code: '4', meaning: 'nothing found: no such subsystem, member, task or dead letter' },
  { code: '5', meaning: 'refused, or it is so already' },
  { code: '75', meaning: 'not done in time' },
  { code: '129, 130, 143', meaning: 'ended by SIGHUP, SIGINT (Ctrl-C) or SIGTERM' },
  { code: '141', meaning: 'the reader of the output went away' },
];

/** Arguments that cannot be used: told in one line, with what is right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command that ends with this exit code, and says why in one line. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    readonly exit: number,
    message: string,
    /** Names the reason for programs that read the output. */
    readonly code?: string,
  ) {
    super(message);
  }
}
