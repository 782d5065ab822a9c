/** The delay before another try, whatever the options: members whose tasks fail for one reason must not try again together. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryDelay } from '../../../src/queue/retry.ts';
import { runs } from './runs.ts';

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

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
