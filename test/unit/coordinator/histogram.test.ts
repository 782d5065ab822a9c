import { expect, test } from 'vitest';
import { Histogram } from '../../../src/coordinator/histogram.ts';
import { randomFrom } from '../../support/random.ts';

function of(...times: number[]): Histogram {
  const histogram = new Histogram();
  for (const ms of times) histogram.record(ms);
  return histogram;
}

test('nothing was measured: all is 0', () => {
  expect(of().spread()).toEqual({ p50: 0, p99: 0, max: 0 });
});

test.each([0, 0.001, 0.031, 0.032, 0.063, 0.064, 0.065, 0.127, 0.128, 1, 3.999, 4, 40, 1000, 59_999, 2_000_000])(
  '%d ms alone is told as it is',
  (ms) => {
    expect(of(ms).spread()).toEqual({ p50: ms, p99: ms, max: ms });
  },
);

test('what no clock can show counts as the nearest that one can', () => {
  expect(of(-1).spread()).toEqual({ p50: 0, p99: 0, max: 0 });
  const beyond = of(1e12, 1e12, 1);
  expect(beyond.spread().max).toBe(1e12);
  expect(beyond.spread().p50).toBeGreaterThan(2_000_000);
});

test('percentiles are those of a sorted list, at most 3 % above it and never below', () => {
  const random = randomFrom(7);
  for (let round = 0; round < 50; round++) {
    const times = Array.from({ length: 1 + Math.floor(random() * 500) }, () => 10 ** (random() * 8 - 3));
    const sorted = times.slice().sort((a, b) => a - b);
    const { p50, p99, max } = of(...times).spread();
    for (const [percent, told] of [
      [50, p50],
      [99, p99],
    ] as const) {
      const real = sorted[Math.ceil((times.length * percent) / 100) - 1] ?? 0;
      expect(told).toBeGreaterThanOrEqual(real - 0.0005);
      expect(told).toBeLessThanOrEqual(real * 1.0313 + 0.001);
    }
    expect(max).toBe(sorted.at(-1));
  }
});
