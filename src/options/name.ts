/**
 * The checks of a subsystem's name and of the identifier that an unmanaged cluster begins with.
 */

import { showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError } from '../errors.js';
import type { TaskId } from '../task/task.js';
import { asTaskId, isWellFormed, taskIdRule } from '../task/taskId.js';

const NAME_BYTES_MAX = 256;

/** @throws InvalidOptionError */
export function resolveName(name: unknown): string {
  const fits =
    typeof name === 'string' &&
    name !== '' &&
    name.length <= NAME_BYTES_MAX &&
    Buffer.byteLength(name) <= NAME_BYTES_MAX &&
    !name.includes('\0') &&
    isWellFormed(name);
  if (fits) return name;
  throw new InvalidOptionError(
    `the name of the subsystem must be a string of 1 to ${NAME_BYTES_MAX} bytes of well-formed text without NUL, not ${showValue(name)}`,
  );
}

/** @throws InvalidOptionError */
export function resolveIdentifier(identifier: unknown): TaskId | undefined {
  if (identifier === undefined) return undefined;
  const id = asTaskId(identifier);
  if (id !== undefined) return id;
  throw new InvalidOptionError(`the identifier must be ${taskIdRule}, not ${showValue(identifier)}`);
}
