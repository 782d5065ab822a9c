/**
 * How a task gets its id: from the property, or by the function, that the user named as the key.
 */

import { showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError, TaskError } from '../errors.js';
import { whenRejected } from '../values/rejections.js';
import type { TaskId } from './task.js';
import { asTaskId, taskIdRule } from './taskId.js';

/** Names the property that holds a task's id, or is a function that returns the id. */
export type TaskKey<Task> = (keyof Task & string) | ((task: Task) => TaskId);

/**
 * Reads ids by `key`, the name of a property (inherited ones and getters count) or a function of the task. What it
 * returns throws `TaskError` `ERR_INVALID_KEY` for a task whose id is missing, no id, or cannot be read.
 * @throws InvalidOptionError when `key` is neither
 */
export function resolveKey(key: unknown): (task: object) => TaskId {
  if (typeof key === 'function') return reader('the key function returned', (task) => key(task));
  if (typeof key === 'string' && key !== '') {
    return reader(`the property ${showValue(key)} of the task is`, (task) => Reflect.get(task, key));
  }
  throw new InvalidOptionError(`the key must be the name of a property or a function, not ${showValue(key)}`);
}

function reader(found: string, read: (task: object) => unknown): (task: object) => TaskId {
  return (task) => {
    let value: unknown;
    try {
      value = read(task);
    } catch (cause) {
      throw new TaskError('ERR_INVALID_KEY', 'the key of the task could not be read: it threw', { cause });
    }
    const id = asTaskId(value);
    if (id !== undefined) return id;
    ignoreRejection(value);
    throw new TaskError('ERR_INVALID_KEY', `${found} ${showValue(value)}, and an id must be ${taskIdRule}`);
  };
}

/** The task is refused in any case, so the promise of an asynchronous key function must not end the process as well. */
function ignoreRejection(value: unknown): void {
  try {
    whenRejected(value, () => {});
  } catch {
    // It is no promise.
  }
}
