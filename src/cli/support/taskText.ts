/** Tasks as arguments and lines: EJSON. */
import { TaskError } from '../../errors.js';
import { bson } from '../../task/bson.js';
import { UsageError } from '../exit.js';

/**
 * Returns what `use` makes of the task.
 *
 * @param where Names the task in a message: `line 3`.
 * @param effect Says there what was not done: `no task was stored`.
 * @throws UsageError
 */
export function readTask<T>(
  text: string,
  { where, effect }: { readonly where: string; readonly effect: string },
  use: (task: unknown) => T,
): T {
  try {
    return use(parsed(text));
  } catch (error) {
    if (!(error instanceof TaskError || error instanceof NoTask)) throw error;
    throw new UsageError(`${where}: ${error.message}; ${effect}`);
  }
}

class NoTask extends Error {}

function parsed(text: string): unknown {
  let task: unknown;
  try {
    task = bson.EJSON.parse(text, { relaxed: true });
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof bson.BSONError) throw new NoTask(error.message);
    if (error instanceof RangeError) throw new NoTask('it is nested too deeply');
    // It reads {"$numberLong":7} as if the 7 were a text, and fails by chance.
    throw new NoTask(`it has a value that EJSON does not have (${error instanceof Error ? error.message : error})`);
  }
  const wrong = wrongDate(task);
  if (wrong !== undefined) throw new NoTask(`the {"$date": …} of ${JSON.stringify(wrong)} is no time`);
  return task;
}

/** Returns the name of a property whose date is none. */
function wrongDate(task: unknown): string | undefined {
  const open: [name: string, value: unknown][] = [['', task]];
  for (const [name, value] of open) {
    if (value instanceof Date && Number.isNaN(value.getTime())) return name;
    if (Array.isArray(value) || isPlain(value)) {
      for (const each of Object.entries(value)) open.push(each);
    }
  }
  return undefined;
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
