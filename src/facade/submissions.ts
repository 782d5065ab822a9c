/** What `submitMany` tells of each of its tasks, beside the counts. */
import type { TaskId } from '../task/task.js';

/**
 * Adds the submission of each task to a result, made when it is asked for. It is not enumerable: there may be a hundred thousand, and
 * who prints the result, or compares it, means the counts.
 */
export function withSubmissions<Result extends object, Made>(
  result: Result,
  ids: readonly TaskId[],
  make: (id: TaskId, index: number) => Made,
): Result & { readonly submissions: readonly Made[] } {
  let made: readonly Made[] | undefined;
  const get = (): readonly Made[] => {
    made ??= Object.freeze(ids.map(make));
    return made;
  };
  return Object.defineProperty(result, 'submissions', { get }) as Result & { readonly submissions: readonly Made[] };
}
