/** Texts from the store as the page shows them. */
import { expect, test } from 'vitest';

// A script of the browser, which has no types.
const file = new URL('../../../src/page/static/words.js', import.meta.url).href;
const { shown, shownLines }: Record<'shown' | 'shownLines', (text: string, most?: number) => string> = await import(
  file
);

test.each([
  ['a\u200bb', 'a\\u{200b}b'],
  ['\u202eb', '\\u{202e}b'],
  ['a\u3164', 'a\\u{3164}'],
  ['a\ufe0f', 'a\\u{fe0f}'],
  ['a\u{e0100}', 'a\\u{e0100}'],
  ['a\u2800b', 'a\\u{2800}b'],
  ['a\u00a0b', 'a\\u{a0}b'],
  ['a\u3000b', 'a\\u{3000}b'],
  ['a\u034fb', 'a\\u{34f}b'],
  ['a\u2028b', 'a\\u{2028}b'],
  ['a\tb\n', 'a\\tb\\n'],
  ['a  b é 雪', 'a  b é 雪'],
  ['', '(empty)'],
  ['  ', '(blank)'],
])('%j is shown as %j', (text, expected) => {
  expect(shown(text)).toBe(expected);
});

test('what is cut says so, and half a pair is not left', () => {
  expect(shown('abc', 2)).toBe('ab…');
  expect(shownLines('a\nb'.repeat(3), 4)).toBe('a\nba…');
  expect(shownLines('a😀', 2)).toBe('a…');
  expect(shownLines('a'.repeat(4096))).toBe('a'.repeat(4096));
  expect(shownLines('a'.repeat(6000))).toBe(`${'a'.repeat(5000)}…`);
  expect(shownLines('a\u202e\r\n\nb')).toBe('a\\u{202e}\n\nb');
});
