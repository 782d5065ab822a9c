import { expect, test } from 'vitest';
import { columns } from '../../../../src/cli/text/columns.ts';
import { shortId } from '../../../../src/cli/text/subsystem.ts';
import { clean, showCount, showTime, some } from '../../../../src/cli/text/words.ts';

test('nothing of a text moves the cursor or turns a line round', () => {
  expect(clean('a\u001b[2Jb\nc\u202ed\u0007\ud800')).toBe('a\\u{1b}[2Jb\\u{a}c\\u{202e}d\\u{7}\\u{d800}');
  expect(clean('für 日本 😀')).toBe('für 日本 😀');
});

test('times are as the user asked for them', () => {
  const at = new Date(1000);
  expect(showTime(at, 'iso', 5000)).toBe('1970-01-01T00:00:01.000Z');
  expect(showTime(at, 'relative', 5000)).toBe('4 s ago');
  expect(showTime(at, 'relative', 0)).toBe('in 1 s');
  expect(showTime(null, 'iso', 0)).toBe('-');
});

test('counts are words', () => {
  expect([some(1, 'task'), some(2, 'task'), showCount(3, 9), showCount(9, 9)]).toEqual([
    '1 task',
    '2 tasks',
    '3',
    '9+',
  ]);
});

test('a short id is a beginning of the id', () => {
  const id = 'my-host:123:0f9b2c1d-aaaa';
  expect(shortId(id)).toBe('my-host:123:0f9b');
  expect(id.startsWith(shortId(id))).toBe(true);
  expect(shortId('other')).toBe('other');
});

test('a table has no borders, and columns of numbers are aligned to the right', () => {
  expect(
    columns(
      ['NAME', '>N', 'X'],
      [
        ['a', '1', ''],
        ['long', '100', 'x'],
      ],
    ),
  ).toBe('NAME    N  X\na       1\nlong  100  x');
});
