import { describe, expect, test } from 'vitest';
import { churn, deathOfOne, drainOfOne, join } from './runs.ts';

const TIME_MS = 60_000;

describe('processes with many subsystems', () => {
  test('follow one that had all masterships, each a part of them', { timeout: TIME_MS }, async () => {
    expect(await deathOfOne({ seed: 1, leases: 60, processes: 5 })).toMatch(/by 4/);
  });

  test('are handed all that a drained one has, one after another', { timeout: TIME_MS }, async () => {
    expect(await drainOfOne({ seed: 1, leases: 30, processes: 4 })).toMatch(/handed 30 over/);
  });

  test('even out when others join, by no more moves than that needs', { timeout: TIME_MS }, async () => {
    expect(await join({ seed: 2, leases: 40, processes: 4 })).toMatch(/moves/);
  });

  test.each([11, 12])('bear churn, seed %d', { timeout: TIME_MS }, async (seed) => {
    expect(await churn({ seed, leases: 24, processes: 5 }, 120_000)).toMatch(/moves/);
  });
});
