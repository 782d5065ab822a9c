import { expect, test } from 'vitest';
import { addressSpace, mapSizeWithin } from '../../../../src/store/embedded/mapSize.ts';

const GiB = 2 ** 30;
const without = { limit: Number.POSITIVE_INFINITY, used: GiB, bits: 64 } as const;

test('without a limit the map has room for 64 GiB', () => {
  expect(mapSizeWithin(without, 0)).toBe(64 * GiB);
  expect(mapSizeWithin(without, 60 * GiB)).toBe(64 * GiB);
});

test.each([8, 24, 64, 300])('within %d GiB it takes a part of what is free', (gib) => {
  const size = mapSizeWithin({ ...without, limit: gib * GiB }, 0);
  expect(size).toBeLessThan(((gib - 1) * GiB) / 2);
  expect(size % 65_536).toBe(0);
});

test('on 32 bits it is small', () => {
  expect(mapSizeWithin({ ...without, bits: 32 }, 0)).toBe(GiB / 2);
});

test.each([
  ['nothing is free', { ...without, limit: GiB }, 0],
  ['more is used than there may be', { ...without, limit: GiB / 2 }, 0],
  ['the file would not fit', { ...without, limit: 3 * GiB }, GiB],
])('it is refused if %s', (_title, space, size) => {
  const refused = { code: 'ERR_STORE', message: expect.stringContaining('raise the limit') };
  expect(() => mapSizeWithin(space, size)).toThrow(expect.objectContaining(refused));
});

test('this process knows its own limit', () => {
  const { limit, used } = addressSpace();
  expect(limit).toBeGreaterThan(used);
});
