/** How many members go into one call, by what the calls before took. */
import { expect, test } from 'vitest';
import { CallSize } from '../../../../src/coordinator/together/callSize.ts';

const LIMIT = 900;

/** Returns the sizes of so many calls, one after another, to a store that takes this long for each. */
function sizesOf(size: CallSize, calls: number, took: (members: number) => number): number[] {
  return Array.from({ length: calls }, () => {
    const { most } = size;
    size.answered(took(most), most);
    return most;
  });
}

const hasCliff = (members: number): number => (members <= 250 ? 5 : 700);

test('a size that was too slow is tried ever more rarely, however quick the smaller one is', () => {
  const sizes = sizesOf(new CallSize(LIMIT), 1000, hasCliff);
  const slow = sizes.map((size) => hasCliff(size) > 600);
  expect(slow.filter(Boolean).length).toBeLessThan(20);
  expect(slow.slice(-200).filter(Boolean).length).toBeLessThanOrEqual(1);
});

test('it grows again when a larger one has become quick', () => {
  const size = new CallSize(LIMIT);
  sizesOf(size, 20, hasCliff);
  const later = sizesOf(size, 300, () => 5);
  expect(later.at(-1)).toBe(1000);
});
