import { expect, test } from 'vitest';
import { leaseKey, memberKey, memberRange, termKey, termRange } from '../../../../src/store/embedded/keys.ts';

const within = (key: Buffer, { start, end }: { start: Buffer; end: Buffer }) =>
  Buffer.compare(start, key) <= 0 && Buffer.compare(key, end) < 0;

test('the records of a subsystem sort by term, far beyond 32 bits', () => {
  const terms = [1, 2, 10, 255, 256, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER - 1];
  const keys = terms.map((term) => termKey('name', term));
  expect([...keys].reverse().sort(Buffer.compare)).toEqual(keys);
  for (const key of keys) expect(within(key, termRange('name'))).toBe(true);
  expect(keys.filter((key) => within(key, termRange('name', 10)))).toEqual(keys.slice(0, 2));
});

test.each([
  ['a', 'ab'],
  ['', 'a'],
  ['a', 'a\0'],
  ['a', 'b'],
  ['é', 'e'],
  ['a'.repeat(255), 'a'.repeat(256)],
])('no record of %j is among those of %j, nor the other way about', (one, other) => {
  for (const term of [1, 2 ** 40]) {
    expect(within(termKey(one, term), termRange(other))).toBe(false);
    expect(within(termKey(other, term), termRange(one))).toBe(false);
  }
});

test('members are among members only', () => {
  expect(within(memberKey('\u{10ffff}'), memberRange)).toBe(true);
  expect(within(leaseKey('m'), memberRange)).toBe(false);
  expect(within(termKey('m', 1), memberRange)).toBe(false);
});
