/** How late heartbeats were, out of a histogram. */
import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { isHere, latenessOf } from '../../../src/page/lateness.ts';

const bounds = [0.001, 0.005, 1];

test.each([
  [[0, 0, 0, 0], null],
  [[1, 0, 0, 0], { p50: 1, p99: 1, max: 1 }],
  [[50, 49, 1, 0], { p50: 1, p99: 5, max: 1000 }],
  [[98, 0, 0, 2], { p50: 1, p99: 1000, max: 1000 }],
  [[0, 0, 0, 5], { p50: 1000, p99: 1000, max: 1000 }],
])('%j is %j', (counts, lateness) => {
  expect(latenessOf({ bounds, counts, sum: 0 })).toEqual(lateness);
});

test('only the beats of a master in this process were measured here', () => {
  const master = { id: 'x', host: hostname(), pid: process.pid };
  expect(isHere({ state: 'held', master })).toBe(true);
  expect(isHere({ state: 'overdue', master })).toBe(false);
  expect(isHere({ state: 'held', master: { ...master, host: 'elsewhere' } })).toBe(false);
  expect(isHere({ state: 'held', master: { ...master, pid: 1 } })).toBe(false);
  expect(isHere({ state: 'held', master: null })).toBe(false);
});
