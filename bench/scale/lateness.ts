/** How late the beats of all subsystems went out between two readings of the metrics. */
import type { MetricFamily } from 'mongo-failover';
import type { SampleSpread } from '../support/spread.js';

const NAME = 'mongo_failover_heartbeat_lateness_seconds';

interface Bucket {
  /** In ms; the last one has no bound. */
  readonly bound: number;
  /** How many were up to here. */
  readonly count: number;
}

function bucketsOf(families: readonly MetricFamily[]): Bucket[] {
  const samples = families.find(({ name }) => name === NAME)?.samples ?? [];
  return samples
    .filter(({ name }) => name === `${NAME}_bucket`)
    .map(({ labels, value }) => ({
      bound: labels.le === '+Inf' ? Number.POSITIVE_INFINITY : 1000 * Number(labels.le),
      count: value,
    }));
}

/**
 * The bound of its bucket is what a share of the beats was late at most: a figure in the middle of a bucket might flatter. The least
 * is 0; of what is above all bounds it is the highest of these, which is far beyond any goal.
 */
export function latenessBetween(before: readonly MetricFamily[], after: readonly MetricFamily[]): SampleSpread {
  const earlier = bucketsOf(before);
  const buckets = bucketsOf(after).map(({ bound, count }, index) => ({
    bound,
    count: count - (earlier[index]?.count ?? 0),
  }));
  const total = buckets.at(-1)?.count ?? 0;
  const at = (share: number): number => {
    let below = 0;
    for (const { bound, count } of buckets) {
      if (count > 0 && count >= share * total) return Number.isFinite(bound) ? bound : below;
      below = bound;
    }
    return 0;
  };
  return { count: total, min: 0, p50: at(0.5), p99: at(0.99), max: at(1) };
}
