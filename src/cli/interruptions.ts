/**
 * What ends a command before its time: signals, and an output that is not read any more. The command is aborted, removes
 * what it has made, and the process ends with the exit code that a shell expects.
 */

/** As a shell has it: 128 and the signal's number. */
const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143, SIGBREAK: 149 } as const;
/** As of a program that SIGPIPE ends, which Node ignores. */
const BROKEN_PIPE = 141;
const FAILED = 1;
/** `npx`, `npm` and watchers pass on the signal that a terminal has sent to all already, in ms. */
const SAME_SIGNAL_MS = 1000;

/** The command was interrupted, and has said all that it can. */
export class Interrupted extends Error {}

interface Output {
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
}

/** The part of `process` that this needs. */
export interface Interruptible {
  exitCode?: number | string | null | undefined;
  readonly stdout: Output;
  readonly stderr: Output & { write(text: string): unknown };
  on(signal: string, listener: () => void): unknown;
  exit(code: number): void;
}

/** Returns a signal that aborts with `Interrupted`. A second signal of the user ends the process at once. */
export function interruptions(program: Interruptible, now: () => number): AbortSignal {
  const controller = new AbortController();
  let first: number | undefined;
  const interrupt = (code: number): void => {
    program.exitCode = code;
    controller.abort(new Interrupted());
  };
  for (const [signal, code] of Object.entries(signals)) {
    // Not `once`: what restores the cursor ends the process at a signal that has no other listener.
    program.on(signal, () => {
      // Who asks a second time does not want to wait for the members.
      if (first !== undefined && now() - first > SAME_SIGNAL_MS) return program.exit(code);
      first ??= now();
      interrupt(code);
    });
  }
  program.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (controller.signal.aborted) return;
    if (error.code !== 'EPIPE') program.stderr.write(`mongo-failover: stdout cannot be written: ${error.message}\n`);
    interrupt(error.code === 'EPIPE' ? BROKEN_PIPE : FAILED);
  });
  // What goes to stderr is for people who watch. The result is for stdout, and is still wanted.
  program.stderr.on('error', () => {});
  return controller.signal;
}
