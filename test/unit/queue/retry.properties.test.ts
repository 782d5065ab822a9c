/** Delays after failures: never hot, never longer than was asked for, and in the mean they grow. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryDelay } from '../../../src/queue/retry.ts';
import { runs } from '../../support/propertyRuns.ts';

const TIMER_MAX_MS = 2 ** 31 - 1;
const delay = fc.oneof(
  fc.integer({ min: 1, max: 1000 }),
  fc.integer({ min: 1, max: TIMER_MAX_MS }),
  fc.double({ min: 1, max: 100, noNaN: true }),
);
const options = fc.tuple(delay, delay).map(([a, b]) => ({ minDelay: Math.min(a, b), maxDelay: Math.max(a, b) }));
const attempt = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.maxSafeInteger().map((n) => Math.max(1, Math.abs(n))),
);
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('is at least 1 ms, and at most what doubling and maxDelay allow', () => {
  const property = fc.property(options, attempt, chance, ({ minDelay, maxDelay }, number, random) => {
    const wait = retryDelay({ minDelay, maxDelay }, number, () => random);
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(wait).toBeLessThanOrEqual(maxDelay);
    expect(wait).toBeLessThanOrEqual(minDelay * 2 ** (number - 1));
    if (minDelay === maxDelay) expect(wait).toBe(minDelay);
  });
  fc.assert(property, runs(2000));
});

test('never falls from one failure to the next by the same chance', () => {
  const property = fc.property(options, attempt, chance, (retry, number, random) => {
    const wait = (failures: number): number => retryDelay(retry, failures, () => random);
    expect(wait(number + 1)).toBeGreaterThanOrEqual(wait(number));
  });
  fc.assert(property, runs(1000));
});

test('full jitter: evenly from nothing up to the doubled delay, at least 1 ms', () => {
  const delays = fc.record({
    minDelay: fc.integer({ min: 1, max: 10_000 }),
    more: fc.integer({ min: 1, max: 1_000_000 }),
    attempt: fc.integer({ min: 1, max: 1000 }),
  });
  const property = fc.property(delays, chance, ({ minDelay, more, attempt }, random) => {
    const maxDelay = minDelay + more;
    const most = Math.min(maxDelay, minDelay * 2 ** (attempt - 1));
    const delay = retryDelay({ minDelay, maxDelay }, attempt, () => random);
    expect(delay).toBe(Math.max(1, random * most));
    expect(Number.isFinite(delay)).toBe(true);
  });
  fc.assert(property, runs(300));
});
