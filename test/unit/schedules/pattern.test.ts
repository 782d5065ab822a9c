import { expect, test } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.ts';
import { readPattern } from '../../../src/schedules/pattern.ts';

/** The slots after an instant, as ISO texts without seconds. */
function slots(pattern: string, timeZone: string, after: string, count: number): string[] {
  const read = readPattern(pattern, timeZone, 0);
  const found: string[] = [];
  for (let at = read.next(Date.parse(after)); at !== null && found.length < count; at = read.next(at)) {
    found.push(new Date(at).toISOString().slice(0, 16));
  }
  return found;
}

/** As docs/guide/schedules.md has them. */
const daylight = [
  // Berlin: on 29 March 2026 02:00 is followed by 03:00, and on 25 October 03:00 by 02:00.
  ['30 2 * * *', 'Europe/Berlin', '2026-03-27T12:00Z', ['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30']],
  ['30 2 * * *', 'Europe/Berlin', '2026-10-23T12:00Z', ['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30']],
  [
    '*/30 * * * *',
    'Europe/Berlin',
    '2026-10-24T23:45Z',
    ['2026-10-25T00:00', '2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30', '2026-10-25T02:00'],
  ],
  // Santiago: the day of 6 September 2026 begins at 01:00, and 23:00 of 4 April comes twice.
  ['0 0 * * *', 'America/Santiago', '2026-09-04T12:00Z', ['2026-09-05T04:00', '2026-09-06T04:00', '2026-09-07T03:00']],
  [
    '30 23 * * *',
    'America/Santiago',
    '2026-04-03T12:00Z',
    ['2026-04-04T02:30', '2026-04-05T02:30', '2026-04-06T03:30'],
  ],
  // Lord Howe: by half an hour, on 4 October 2026.
  [
    '15 2 * * *',
    'Australia/Lord_Howe',
    '2026-10-02T00:00Z',
    ['2026-10-02T15:45', '2026-10-03T15:30', '2026-10-04T15:15', '2026-10-05T15:15'],
  ],
] as const;

test.each(daylight)('%s in %s after %s has the slots of the table', (pattern, zone, after, expected) => {
  expect(slots(pattern, zone, after, expected.length)).toEqual([...expected]);
});

test('a slot is found from both sides, also from within its second', () => {
  const { next, previous } = readPattern('0 12 * * *', 'UTC', 0);
  const noon = Date.parse('2026-05-01T12:00Z');
  expect(next(noon - 1)).toBe(noon);
  expect(next(noon)).toBe(noon + 86_400_000);
  expect(previous(noon + 1)).toBe(noon);
  expect(previous(noon + 999)).toBe(noon);
  expect(previous(noon)).toBe(noon - 86_400_000);
});

test.each([
  ['', 'UTC'],
  ['x', 'UTC'],
  ['60 * * * *', 'UTC'],
  ['* * * *', 'UTC'],
  ['* * * * * * * *', 'UTC'],
  ['2030-01-01T00:00:00', 'UTC'],
  ['0 0 30 2 *', 'UTC'],
  [`${'1,'.repeat(200)}1 * * * *`, 'UTC'],
  ['* * * * *\n', 'UTC'],
  [null, 'UTC'],
  [{ toString: (): string => '* * * * *' }, 'UTC'],
  ['* * * * *', ''],
  ['* * * * *', 'Mars/Olympus'],
  ['* * * * *', '+02:00'],
  ['* * * * *', 7],
  ['* * * * *', 'x'.repeat(1000)],
])('the pattern %j in %j is refused', (pattern, timeZone) => {
  expect(() => readPattern(pattern, timeZone, Date.parse('2026-01-01T00:00Z'))).toThrow(InvalidOptionError);
});

test('a pattern that never comes is found out in little time', () => {
  const began = performance.now();
  expect(() => readPattern('0 0 31 2,4,6,9,11 *', 'Europe/Berlin', 0)).toThrow('never comes');
  expect(performance.now() - began).toBeLessThan(5000);
});

test.each([
  ['0 0 0 * *', 'Invalid value for day: 0'],
  ['0 0 32 * *', 'Invalid value for day: 32'],
  ['0 0 * 13 *', 'Invalid value for month: 13'],
  ['60 * * * *', 'Invalid value for minute: 60'],
  ['0 0 * * 8', 'Invalid value for dayOfWeek: 8'],
])('the refusal of %s tells the value that is there', (pattern, told) => {
  expect(() => readPattern(pattern, 'UTC', 0)).toThrow(told);
});
