import { describe, expect, test } from 'vitest';
import { Living } from '../../../../src/coordinator/spread/living.ts';
import type { Presence } from '../../../../src/store/presence.ts';

const SILENCE = 12_000;
const line = (key: string, count: number, fields: Partial<Presence> = {}): Presence => ({
  ...{ key, process: `process/${key}`, holders: `${key}:`, count, held: 0, set: 'all' },
  candidacies: [{ priority: 50, names: Uint32Array.of(3, 5, 8, 4_000_000_000) }],
  ...fields,
});
const keysAt = (living: Living, now: number): string[] => living.neighbours(now).map(({ key }) => key);

describe('a process lives', () => {
  test('once its line was seen to change, and not because it is there', () => {
    const living = new Living('me', SILENCE);
    living.observe([line('a', 7)], 0);
    expect(keysAt(living, 0)).toEqual([]);
    living.observe([line('a', 7)], 4000);
    expect(keysAt(living, 4000)).toEqual([]);
    living.observe([line('a', 8)], 8000);
    expect(keysAt(living, 8000)).toEqual(['a']);
  });

  test('until its line was not seen to change for the silence', () => {
    const living = new Living('me', SILENCE);
    living.observe([line('a', 1)], 0);
    living.observe([line('a', 2)], 1000);
    living.observe([line('a', 2)], 9000);
    expect(keysAt(living, 1000 + SILENCE - 1)).toEqual(['a']);
    expect(keysAt(living, 1000 + SILENCE)).toEqual([]);
  });

  test('no more once its line is gone, and anew only when a new one changes', () => {
    const living = new Living('me', SILENCE);
    living.observe([line('a', 1)], 0);
    living.observe([line('a', 2)], 1000);
    living.observe([], 2000);
    expect(keysAt(living, 2000)).toEqual([]);
    living.observe([line('a', 3)], 3000);
    expect(keysAt(living, 3000)).toEqual([]);
  });

  test('no longer because an older line is seen again', () => {
    const living = new Living('me', SILENCE);
    living.observe([line('a', 4)], 0);
    living.observe([line('a', 5, { held: 7 })], 1000);
    living.observe([line('a', 4, { held: 3 })], 9000);
    expect(living.neighbours(9000)).toMatchObject([{ key: 'a', held: 7, count: 5 }]);
    // The next line after that is one that was seen.
    living.observe([line('a', 5, { held: 7 })], 10_000);
    expect(keysAt(living, 1000 + SILENCE)).toEqual([]);
  });

  test('and is not this one', () => {
    const living = new Living('me', SILENCE);
    living.observe([line('me', 1)], 0);
    living.observe([line('me', 2)], 1000);
    expect(keysAt(living, 1000)).toEqual([]);
  });

  test('since it was first seen, without a break', () => {
    const living = new Living('me', SILENCE);
    for (const [count, now] of [
      [1, 0],
      [2, 1000],
      [3, 5000],
    ] as const)
      living.observe([line('a', count)], now);
    expect(living.neighbours(5000)[0]?.since).toBe(1000);
    living.observe([line('a', 4)], 5000 + SILENCE);
    expect(living.neighbours(5000 + SILENCE)[0]?.since).toBe(5000 + SILENCE);
  });
});

describe('its candidacies', () => {
  test('are found by the hash of a name, with their priorities', () => {
    const living = new Living('me', SILENCE);
    const candidacies = [
      { priority: 20, names: Uint32Array.of(1) },
      { priority: 50, names: Uint32Array.of(3, 5, 8, 4_000_000_000) },
    ];
    living.observe([line('a', 1, { candidacies })], 0);
    living.observe([line('a', 2, { candidacies })], 1);
    const [found] = living.neighbours(1);
    expect([1, 3, 5, 8, 4_000_000_000].map((name) => found?.priorityFor(name))).toEqual([20, 50, 50, 50, 50]);
    expect([0, 2, 4, 9, 4_294_967_295].map((name) => found?.priorityFor(name))).toEqual([null, null, null, null, null]);
  });

  test('are kept by the set that they are of, and those of another set are read again', () => {
    const living = new Living('me', SILENCE);
    living.observe([line('a', 1)], 0);
    expect(living.sets).toEqual(['all']);
    const { candidacies: _, ...short } = line('a', 2);
    living.observe([short, { ...short, key: 'b', count: 1 }], 1);
    living.observe(
      [
        { ...short, count: 3 },
        { ...short, key: 'b', count: 2 },
      ],
      2,
    );
    expect(living.neighbours(2).map(({ priorityFor }) => priorityFor(5))).toEqual([50, 50]);
    // A set that was not read in time: nothing is known of that process.
    living.observe([{ ...short, count: 4, set: 'other' }], 3);
    expect(keysAt(living, 3)).toEqual([]);
    expect(living.sets).toEqual([]);
  });
});
