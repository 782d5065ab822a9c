import { expect, test } from 'vitest';
import { UsageError } from '../../../../src/cli/exit.ts';
import { parseDuration, showDuration } from '../../../../src/cli/settings/durations.ts';

test.each([
  ['250ms', 250],
  ['1.5s', 1500],
  ['10s', 10_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
])('reads %s', (text, ms) => {
  expect(parseDuration(text, '--for')).toBe(ms);
});

test.each(['', '5', 's', '-5s', '5 s', '5S', '5w', '1e3ms', 'Infinitys', '0s', '1000d'])('refuses %j', (text) => {
  expect(() => parseDuration(text, '--for')).toThrow(UsageError);
  expect(() => parseDuration(text, '--for')).toThrow(/^--for takes a duration/);
});

test('names the range', () => {
  expect(() => parseDuration('10ms', '--timeout', { min: 100 })).toThrow('from 100 ms to 25 d, not 10ms');
});

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1500, '1.5 s'],
  [59_000, '59 s'],
  [90_000, '1.5 min'],
  [7_200_000, '2 h'],
  [40 * 3_600_000, '40 h'],
  [5 * 86_400_000, '5 d'],
])('shows %d ms as %s', (ms, text) => {
  expect(showDuration(ms)).toBe(text);
});
