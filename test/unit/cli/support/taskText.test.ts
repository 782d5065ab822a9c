import { expect, test } from 'vitest';
import { UsageError } from '../../../../src/cli/exit.ts';
import { readTask } from '../../../../src/cli/support/taskText.ts';
import { TaskError } from '../../../../src/errors.ts';

const told = { where: 'line 3', effect: 'no task was stored' };
const read = (text: string): unknown => readTask(text, told, (task) => task);

test('gives the values that EJSON has', () => {
  const due = new Date(Date.UTC(2026, 4, 1));
  expect(read('{"id":{"$numberLong":"7"},"due":{"$date":"2026-05-01T00:00:00Z"},"list":[{"a":null}]}')).toEqual({
    ...{ id: 7, due, list: [{ a: null }] },
  });
});

test.each([
  ...['', 'nothing', '{"id":', '{"id":{"$numberLong":7}}', '{"id":{"$numberLong":"x"}}', '{"id":1,"a":{"$binary":5}}'],
  ...['{"id":1,"a":{"$oid":4}}', '{"id":1,"a":{"$regularExpression":4}}', '{"id":1,"a":{"$numberDecimal":4}}'],
  ...['{"id":1,"a":{"$date":{}}}', '{"id":1,"a":{"$date":"x"}}', '{"id":1,"a":[{"b":{"$date":"x"}}]}'],
  '['.repeat(20_000) + ']'.repeat(20_000),
])('tells which task is wrong: %.60s', (text) => {
  expect(() => read(text)).toThrow(UsageError);
  expect(() => read(text)).toThrow(/^line 3: .+; no task was stored$/);
});

test('tells what is wrong with a task that can be read, and lets other errors through', () => {
  const throws = (error: Error) => () => readTask('{}', told, () => raise(error));
  expect(throws(new TaskError('ERR_INVALID_KEY', 'no id'))).toThrow('line 3: no id; no task was stored');
  expect(throws(new UsageError('another id'))).toThrow(/^another id$/);
  expect(throws(new TypeError('a bug'))).toThrow(TypeError);
});

function raise(error: Error): never {
  throw error;
}
