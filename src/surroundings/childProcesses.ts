/** Whether this process can start another one that runs files of this package. */
import { FailoverError, InvalidOptionError } from '../errors.js';
import { isSingleExecutable } from './ownFiles.js';

interface Surroundings {
  isSingleExecutable(): boolean;
  /** Returns whether the permission model of Node.js allows child processes; undefined where it is off. */
  isAllowed(): boolean | undefined;
}

const here: Surroundings = {
  isSingleExecutable,
  isAllowed: () => process.permission?.has('child'),
};

/**
 * Refuses a guard that could not be started.
 * @throws InvalidOptionError
 * @throws FailoverError `ERR_PERMISSION`
 */
export function mustStartProcesses({ isSingleExecutable, isAllowed }: Surroundings = here): void {
  if (isSingleExecutable()) {
    throw new InvalidOptionError(
      'guard: true is not possible here: this program is one executable file, which would start itself in the place of a guard. Leave the option out',
    );
  }
  if (isAllowed() === false) {
    throw new FailoverError(
      'ERR_PERMISSION',
      'guard: true starts a process, which the permission model of Node.js must allow: start the program with `--allow-child-process`',
    );
  }
}
