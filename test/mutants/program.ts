/** One run of a program, with a time limit after which it and its children are gone. */
import { spawn } from 'node:child_process';

export interface ProgramEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly timedOut: boolean;
  readonly output: string;
  /** In ms. */
  readonly took: number;
}

/** The last of what a program says is what tells why it failed; no more is kept, in characters. */
const KEPT = 200_000;

/** So many elections are simulated to find a planted bug: more than every day. */
const ELECTION_SEEDS = '2000';

export function runProgram(args: readonly string[], cwd: string, timeLimit: number): Promise<ProgramEnd> {
  const from = performance.now();
  return new Promise((resolve, reject) => {
    // A group of its own: the test runner has children, which have to go with it.
    const child = spawn(process.execPath, args, {
      cwd,
      env: { ...process.env, ELECTION_SEEDS, NO_COLOR: '1', CI: 'true' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    let timedOut = false;
    const hear = (data: Buffer): void => {
      output = (output + data.toString()).slice(-KEPT);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const end = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, timeLimit);
    process.prependOnceListener('exit', end);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      process.off('exit', end);
      resolve({ code, timedOut, output, took: performance.now() - from });
    });
  });
}
