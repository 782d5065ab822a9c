import { expect, test, vi } from 'vitest';
import type { FileTask } from '../../../../src/cli/demo/files/tasks.ts';
import { planWork } from '../../../../src/cli/demo/plan.ts';
import { UsageError } from '../../../../src/cli/exit.ts';

const files = (count: number, size: number): FileTask[] =>
  Array.from({ length: count }, (_, index) => ({ path: `file${index}`, size, mtime: 1 }));

/** Each quality half as fast as the one before: 1000, 500, 250, 125, ... bytes per ms. */
const speedOf = (quality: number): number => 1000 / 2 ** ((quality - 1) / 2);

test('takes every file, at the highest quality that fits into the time', () => {
  // 1 MB at 1000 bytes per ms is 1 s; 37 s leave 30.
  const plan = planWork(files(1000, 5000), 37, speedOf);
  expect(plan.tasks).toHaveLength(1000);
  expect(plan.quality).toBe(5);
  expect(plan.expected).toBeLessThanOrEqual(30_000);
});

test('takes a folder with more files than one call can have arguments', () => {
  expect(planWork(files(300_000, 10), 3600, speedOf).tasks).toHaveLength(300_000);
});

test('does not measure qualities that are out of reach', () => {
  const measured = vi.fn(speedOf);
  planWork(files(1000, 5000), 37, measured);
  expect(measured.mock.calls.flat()).toEqual([1, 3, 5, 7]);
});

test('takes the first files when not even the lowest quality fits', () => {
  const all = files(100_000, 1_000_000);
  const plan = planWork(all, 37, speedOf);
  expect(plan.quality).toBe(1);
  expect(plan.tasks.length).toBeGreaterThan(20);
  expect(plan.tasks).toEqual(all.slice(0, plan.tasks.length));
  expect(plan.expected).toBeLessThanOrEqual(30_000);
});

test('stretches the tasks of a small folder, so there is time for a block and a kill', () => {
  const plan = planWork(files(100, 10), 37, speedOf);
  expect(plan.quality).toBe(11);
  expect(plan.atLeast * 100).toBeGreaterThanOrEqual(12_000);
  expect(plan.expected).toBeLessThan(13_000);
});

test('stretches no further than the time that is there', () => {
  const plan = planWork(files(100, 10), 16, speedOf);
  expect(plan.expected).toBeGreaterThanOrEqual(9000);
  expect(plan.expected).toBeLessThan(10_000);
});

test('keeps to a quality at which the largest file is done while the main thread is blocked', () => {
  // 750,000 bytes: 1.5 s at 500 bytes per ms, 3 s at 250.
  const plan = planWork([...files(30, 10), { path: 'large', size: 750_000, mtime: 1 }], 600, speedOf);
  expect(plan.quality).toBe(3);
});

test('refuses a folder with too few files to show anything', () => {
  expect(() => planWork(files(19, 10), 37, speedOf)).toThrow(UsageError);
  expect(planWork(files(20, 0), 37, speedOf).tasks).toHaveLength(20);
});
