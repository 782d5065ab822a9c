import { expect, test } from 'vitest';
import { UsageError } from '../../../../src/cli/exit.ts';
import { taskIdsOf } from '../../../../src/cli/support/taskIds.ts';

test.each([
  ['7', [7, '7']],
  ['-1.5', [-1.5, '-1.5']],
  ['007', ['007']],
  ['1e3', ['1e3']],
  ['12e5', ['12e5']],
  ['"7"', ['7']],
  ['invoice 3', ['invoice 3']],
  ['"', ['"']],
])('%s may mean %j', (argument, ids) => {
  expect(taskIdsOf(argument)).toEqual(ids);
});

test.each(['', '""', 'x'.repeat(2000)])('%j is no id', (argument) => {
  expect(() => taskIdsOf(argument)).toThrow(UsageError);
});
