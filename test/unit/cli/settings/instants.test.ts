import { expect, test } from 'vitest';
import { UsageError } from '../../../../src/cli/exit.ts';
import { parseInstant, parseLater } from '../../../../src/cli/settings/instants.ts';

const now = Date.UTC(2026, 4, 1);

test.each([
  ['2026-05-01T00:00Z', now],
  ['2026-05-01T02:00:00+02:00', now],
  ['2026-04-30T18:30:01.250-05:30', now + 1250],
  ['1969-12-31T23:59Z', -60_000],
])('reads %s', (text, at) => {
  expect(parseInstant(text, '--from')).toBe(at);
});

test.each([
  ...['', '5', '10', 'noon 1', 'tomorrow 5', 'soon', '2026', '2026-05-01', '2026-05-01T00:00', '2026-05-01 00:00Z'],
  ...['2026-05-01T24:00Z', '2026-05-01T00:60Z', '2026-02-30T00:00Z', '2026-13-01T00:00Z', '2026-05-01T00:00+99:00'],
  ...['May 1, 2026 00:00 Z', '+012026-05-01T00:00Z', '2026-05-01T00:00Z\n', ' 2026-05-01T00:00Z'],
])('refuses %j', (text) => {
  expect(() => parseInstant(text, '--from')).toThrow(UsageError);
  expect(() => parseInstant(text, '--from')).toThrow(/^--from takes a time with its zone/);
  expect(() => parseLater(text, '--at', 0)).toThrow(/^--at takes a time with its zone.* or "in 10m"/);
});

test('takes a time to come, or how long until then, and none that has passed', () => {
  expect(parseLater('2026-05-01T00:00Z', '--at', now)).toBe(now);
  expect(parseLater('in 10m', '--at', now)).toBe(now + 600_000);
  expect(() => parseLater('2026-05-01T00:00Z', '--at', now + 1)).toThrow(/^--at takes a time to come, and 2026-05-01/);
  expect(() => parseLater('in -5m', '--at', now)).toThrow(/^--at in takes a duration/);
  expect(() => parseLater('in 40000d', '--at', now)).toThrow(/^--at in takes a duration/);
});
