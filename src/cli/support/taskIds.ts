/** Ids of tasks as arguments: `7` may be the number or the text. */
import type { TaskId } from '../../task/task.js';
import { asTaskId, taskIdRule } from '../../task/taskId.js';
import { UsageError } from '../exit.js';

/**
 * Returns what an argument may mean, the number first. In quotes, as JSON has them, it is a text: `'"7"'`.
 *
 * @throws UsageError
 */
export function taskIdsOf(argument: string): TaskId[] {
  const meanings = isQuoted(argument) ? [JSON.parse(argument)] : [numberIn(argument), argument];
  const ids = meanings.map(asTaskId).filter((id) => id !== undefined);
  if (ids.length > 0) return ids;
  throw new UsageError(`${JSON.stringify(argument)} is no id of a task: it must be ${taskIdRule}`);
}

function isQuoted(text: string): boolean {
  try {
    return text.startsWith('"') && typeof JSON.parse(text) === 'string';
  } catch {
    return false;
  }
}

/** Returns undefined for a text that is not how the number is written, such as `007`. */
function numberIn(text: string): number | undefined {
  const number = Number(text);
  return String(number) === text ? number : undefined;
}
