/** Ids of every shape that a store has to give back as it got them: what an encoding or a server could alter. */
import type { TaskId } from '../../src/task/task.ts';

export const ids: readonly TaskId[] = [
  ...['', 'a', '1', 'null', 'é😀', 'a\0b', '$set', 'a.b', 'x'.repeat(1000), '\ud800', 'a\udc00b'],
  ...[0, -0, 1, -1, 0.1, 1e300, 5e-324, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32, 2 ** 32 + 0.5],
  ...[Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, Number.POSITIVE_INFINITY],
];
