/** A command that runs without any election, in the place of this process as far as that is possible. */
import { spawn } from 'node:child_process';
import { hasCode } from '../values/hasCode.js';
import { exitCode } from './exitCodes.js';

const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;
const passedOn: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGTERM',
  'SIGQUIT',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
];

/** Resolves to the exit code. Signals are passed on, and the command has the terminal. */
export function runDirectly([program = '', ...args]: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    for (const signal of passedOn) process.on(signal, () => void child.kill(signal));
    child.once('exit', (code, signal) => resolve(exitCode({ code, signal })));
    child.once('error', (error) => {
      process.stderr.write(`mongo-failover: ${program} cannot be started: ${error.message}\n`);
      resolve(hasCode(error, 'ENOENT') ? NOT_FOUND : NOT_EXECUTABLE);
    });
  });
}
