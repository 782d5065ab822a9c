import { describe, expect, test } from 'vitest';
import { ChunkSize } from '../../../src/queue/chunkSize.ts';

const make = (budget = 10, most = 256): ChunkSize => new ChunkSize(budget, most);

/** The sizes of so many runs, each full, of tasks that take so long each. */
function sizes(chunks: ChunkSize, runs: number, each: (run: number) => number): number[] {
  return Array.from({ length: runs }, (_, run) => {
    const size = chunks.tasks;
    chunks.ran(size, size * each(run));
    return size;
  });
}

test.each([
  ['1 µs', 0.001, [1, 4, 16, 64, 256, 256]],
  ['100 µs', 0.1, [1, 4, 16, 64, 100, 100]],
  ['3 ms', 3, [1, 3, 3]],
  ['7 ms', 7, [1, 1, 1]],
  ['a minute', 60_000, [1, 1, 1]],
])('tasks of %s: at most four times as many each time, up to what fits into the budget', (_name, each, expected) => {
  expect(sizes(make(), expected.length, () => each)).toEqual(expected);
});

test('keeps to the budget and to the most tasks that it is given', () => {
  expect(sizes(make(5, 128), 6, () => 0.001)).toEqual([1, 4, 16, 64, 128, 128]);
  expect(sizes(make(5, 128), 5, () => 0.1)).toEqual([1, 4, 16, 50, 50]);
  expect(sizes(make(10, 1), 3, () => 0.001)).toEqual([1, 1, 1]);
});

describe('a change', () => {
  const warm = (each: number): ChunkSize => {
    const chunks = make();
    sizes(chunks, 10, () => each);
    return chunks;
  };

  test('to slower tasks counts at once', () => {
    const chunks = warm(0.001);
    chunks.ran(256, 256 * 2);
    expect(chunks.tasks).toBe(5);
  });

  test('to faster tasks counts little by little, and never by more than four times', () => {
    const chunks = warm(10);
    const grown = sizes(chunks, 40, () => 0.001);
    expect(grown.at(-1)).toBe(256);
    for (const [index, size] of grown.entries()) expect(size).toBeLessThanOrEqual(4 * (grown[index - 1] ?? 1));
    expect(grown.findIndex((size) => size > 1)).toBeGreaterThan(1);
  });

  test('one slow run among fast ones holds the size down for some runs, and not for ever', () => {
    const chunks = warm(0.01);
    chunks.ran(256, 200);
    const after = sizes(chunks, 20, () => 0.01);
    expect(after[0]).toBeLessThan(20);
    expect(after.at(-1)).toBe(256);
  });
});

test('runs that are small because the queue is do not bring the size down', () => {
  const chunks = make();
  sizes(chunks, 6, () => 0.001);
  chunks.ran(1, 0.001);
  expect(chunks.tasks).toBe(256);
});

test('what was not measured, or not begun, says nothing', () => {
  const chunks = make();
  sizes(chunks, 3, () => 0.1);
  const before = chunks.tasks;
  chunks.ran(before, 0);
  chunks.ran(0, 5);
  expect(chunks.tasks).toBe(before);
});

test('a run that began less than nothing, or ended before it began, is a mistake', () => {
  expect(() => make().ran(-1, 1)).toThrow('a run takes its time');
  expect(() => make().ran(1, -1)).toThrow('a run takes its time');
});
