import { describe, expect, test } from 'vitest';
import { resolveRebalance } from '../../../src/options/rebalance.ts';

const defaults = { settle: 60_000, threshold: 0.1, every: 10_000, patience: 300_000, rest: 600_000 };

describe('rebalance', () => {
  test('is off by default', () => {
    expect([undefined, false].map(resolveRebalance)).toEqual([null, null]);
  });

  test('has defaults, of which each may be another', () => {
    expect(resolveRebalance(true)).toEqual(defaults);
    expect(resolveRebalance({})).toEqual(defaults);
    const given = { settle: 0, threshold: 0, every: 100, patience: 0, rest: 0 };
    expect(resolveRebalance(given)).toEqual(given);
    expect(resolveRebalance({ threshold: 1, every: undefined })).toEqual({ ...defaults, threshold: 1 });
  });

  test.each([
    [1, 'rebalance must be true, false or an object, not 1'],
    [null, 'rebalance must be true, false or an object, not null'],
    [{ every: 99 }, 'rebalance.every must be a number from 100 to 86400000, not 99'],
    [{ threshold: 1.01 }, 'rebalance.threshold must be a number from 0 to 1, not 1.01'],
    [{ settle: Number.NaN }, 'rebalance.settle must be a number from 0 to 86400000, not NaN'],
    [{ rests: 1 }, 'rebalance.rests is not a known option; did you mean rest?'],
  ])('%j is refused', (given, message) => {
    expect(() => resolveRebalance(given)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION', message }));
  });
});
