import { expect, test } from 'vitest';
import { WorkError } from '../../../src/errors.ts';
import { queueBlocked, verdictOn } from '../../../src/queue/givingUp.ts';

const cause = new WorkError('ERR_TASK_TIMEOUT', 'too slow');

test('a verdict is what is kept of the error, and how often the task was tried', () => {
  expect(verdictOn(cause, 3)).toEqual({
    name: 'WorkError',
    message: 'too slow',
    code: 'ERR_TASK_TIMEOUT',
    attempts: 3,
  });
});

test('texts without end are cut, because they stand in the lease', () => {
  const long = Object.assign(new Error('m'.repeat(100_000)), { name: 'n'.repeat(100_000), code: 'c'.repeat(100_000) });
  const { name, message, code = '' } = verdictOn(long, 1);
  for (const text of [name, message, code]) expect(text).toMatch(/^(.)\1{4094}…$/);
});

test('a queue that is blocked says which one, at what task and why', () => {
  const error = queueBlocked('billing', 'a "b"', cause);
  expect(error.code).toBe('ERR_QUEUE_BLOCKED');
  expect(error.cause).toBe(cause);
  expect(error.message).toBe(
    'the queue \'billing\' is blocked: the attempts of task "a \\"b\\"" are used up: too slow',
  );
});
