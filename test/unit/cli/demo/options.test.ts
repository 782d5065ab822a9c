import { expect, test } from 'vitest';
import { readDemoOptions } from '../../../../src/cli/demo/options.ts';
import { UsageError } from '../../../../src/cli/exit.ts';

test('gives the defaults', () => {
  const defaults = { folder: undefined, mongodb: undefined, members: 3, seconds: 35, json: false, keep: false };
  expect(readDemoOptions(undefined, {})).toEqual(defaults);
});

test('takes what was given', () => {
  const given = { mongodb: 'mongodb://h/d', members: '2', seconds: '15', json: true, keep: true };
  expect(readDemoOptions('folder', given)).toEqual({ folder: 'folder', ...given, members: 2, seconds: 15 });
});

test.each([
  [{ members: '1' }, '--members takes one whole number from 2 to 16'],
  [{ members: '2.5' }, '--members'],
  [{ members: [2, 3] }, '--members'],
  [{ members: 'three' }, '--members'],
  [{ seconds: '14' }, '--seconds takes one whole number from 15 to'],
  [{ seconds: true }, '--seconds'],
  [{ mongodb: 7 }, '--mongodb takes one connection string'],
  [{ mongodb: '' }, '--mongodb'],
  [{ json: [true, true] }, '--json'],
  [{ keep: 'yes' }, '--keep'],
])('refuses %o', (given, message) => {
  expect(() => readDemoOptions(undefined, given)).toThrow(UsageError);
  expect(() => readDemoOptions(undefined, given)).toThrow(message);
});
