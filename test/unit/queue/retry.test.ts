import { expect, test } from 'vitest';
import { retryDelay } from '../../../src/queue/retry.ts';

const delays = (minDelay: number, maxDelay: number, attempts: number, random: () => number): number[] =>
  Array.from({ length: attempts }, (_, index) => retryDelay({ minDelay, maxDelay }, index + 1, random));
const most = (): number => 1 - 2 ** -53;

test('waits exactly as long after each failure when both delays are equal, whatever is drawn', () => {
  for (const drawn of [0, 0.5, most()]) expect(delays(100, 100, 3, () => drawn)).toEqual([100, 100, 100]);
});

test('draws from nothing up to a delay that doubles up to the longest, and stays there', () => {
  const rounded = delays(100, 10_000, 9, most).map(Math.round);
  expect(rounded).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  expect(delays(100, 10_000, 9, () => 0.5)).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
});

test('is never less than a millisecond', () => {
  expect(delays(100, 10_000, 3, () => 0)).toEqual([1, 1, 1]);
});

test('stays a number after any count of failures', () => {
  expect(retryDelay({ minDelay: 100, maxDelay: 10_000 }, 1e9, () => 0.5)).toBe(5000);
});
