import { expect, test } from 'vitest';
import { retryDelay } from '../../../src/queue/retry.ts';

const delays = (minDelay: number, maxDelay: number, attempts: number): number[] =>
  Array.from({ length: attempts }, (_, index) => retryDelay({ minDelay, maxDelay }, index + 1, () => 1));

test('waits as long after each failure when both delays are equal', () => {
  expect(delays(100, 100, 3)).toEqual([100, 100, 100]);
});

test('doubles up to the longest delay, and stays there', () => {
  expect(delays(100, 10_000, 9)).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
});

test('stays a number after any count of failures', () => {
  expect(retryDelay({ minDelay: 100, maxDelay: 10_000 }, 1e9, () => 1)).toBe(10_000);
  expect(retryDelay({ minDelay: 1, maxDelay: 10_000 }, 1e9, () => 0.5)).toBe(5000);
});

test('draws evenly from nothing up to the delay, and never below 1 ms', () => {
  const options = { minDelay: 100, maxDelay: 10_000 };
  expect(retryDelay(options, 3, () => 0.25)).toBe(100);
  expect(retryDelay(options, 3, () => 0)).toBe(1);
  expect(retryDelay({ minDelay: 100, maxDelay: 100 }, 3, () => 0)).toBe(100);
});
