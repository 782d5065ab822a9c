import { expect, test } from 'vitest';
import { UsageError } from '../../../../src/cli/exit.ts';
import { readFilled, readReason } from '../../../../src/cli/settings/values.ts';

test('an empty text chooses nothing', () => {
  expect(readFilled('x', '--to')).toBe('x');
  expect(readFilled(undefined, '--to')).toBeUndefined();
  expect(() => readFilled('', '--to')).toThrow(UsageError);
});

test('a reason is as long as the calls take it', () => {
  expect(readReason({ reason: 'x'.repeat(500) })).toHaveLength(500);
  expect(readReason({})).toBeUndefined();
  for (const reason of ['', 'x'.repeat(501)]) expect(() => readReason({ reason })).toThrow(UsageError);
});
