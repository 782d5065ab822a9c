/** The lateness of beats from the buckets of the metrics, between two readings. */
import { expect, test } from 'vitest';
import { latenessBetween } from '../../../bench/scale/lateness.ts';
import { latenessGoal } from '../../../bench/scale/pairRows.ts';
import type { MetricFamily } from '../../../src/observe/families.ts';

const NAME = 'mongo_failover_heartbeat_lateness_seconds';

/** Counts are those of each bucket alone. */
function reading(counts: readonly number[]): MetricFamily[] {
  const bounds = ['0.01', '0.025', '0.05', '+Inf'];
  let sum = 0;
  const samples = bounds.map((le, index) => {
    sum += counts[index] ?? 0;
    return { name: `${NAME}_bucket`, labels: { le }, value: sum };
  });
  return [{ name: NAME, help: '', type: 'histogram', samples }];
}

test('only what came between the two readings counts', () => {
  const { count, p50, p99, max } = latenessBetween(reading([0, 0, 500, 3]), reading([1000, 0, 500, 3]));
  expect(count).toBe(1000);
  expect([p50, p99, max].map((each) => Number(each.toFixed(3)))).toEqual([10, 10, 10]);
});

test('a percentile is the bound of its bucket: never less than it was', () => {
  const { p50, p99, max } = latenessBetween(reading([]), reading([500, 490, 10]));
  expect([p50, p99, max].map((each) => Number(each.toFixed(3)))).toEqual([10, 25, 50]);
});

test('what is above all bounds is told as the highest of them', () => {
  const { p99, max } = latenessBetween(reading([]), reading([10, 0, 0, 90]));
  expect([p99, max]).toEqual([50, 50]);
});

test('without beats there is nothing to tell', () => {
  expect(latenessBetween(reading([1]), reading([1]))).toMatchObject({ count: 0, p50: 0, p99: 0, max: 0 });
});

test.each([
  ['met', [990, 10], true],
  ['not met by beats that may have been 24 ms late', [985, 15], false],
  ['not met where no beat went out', [], false],
])('the goal of 20 ms is %s', (_, counts, met) => {
  expect(latenessGoal('any', latenessBetween(reading([]), reading(counts))).met).toBe(met);
});
