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
 * Within a bucket evenly, as `histogram_quantile` of Prometheus has it. The least is 0, and `max` the bound below which all were;
 * of what is above all bounds the highest of these.
 */
export function latenessBetween(before: readonly MetricFamily[], after: readonly MetricFamily[]): SampleSpread {
  const earlier = bucketsOf(before);
  const buckets = bucketsOf(after).map(({ bound, count }, index) => ({
    bound,
    count: count - (earlier[index]?.count ?? 0),
  }));
  const total = buckets.at(-1)?.count ?? 0;
  const at = (share: number): number => {
    let below: Bucket = { bound: 0, count: 0 };
    for (const bucket of buckets) {
      if (bucket.count >= share * total && bucket.count > below.count) {
        if (!Number.isFinite(bucket.bound)) return below.bound;
        const within = (share * total - below.count) / (bucket.count - below.count);
        return below.bound + within * (bucket.bound - below.bound);
      }
      below = bucket;
    }
    return 0;
  };
  return { count: total, min: 0, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/**
 * Returns what share of the beats between two readings was at most `most` ms late for sure: those of a bucket with this bound in its
 * middle count as later. 0 if none went out.
 */
export function shareWithin(before: readonly MetricFamily[], after: readonly MetricFamily[], most: number): number {
  const earlier = bucketsOf(before);
  const counts = bucketsOf(after).map(({ bound, count }, index) => ({
    bound,
    count: count - (earlier[index]?.count ?? 0),
  }));
  const total = counts.at(-1)?.count ?? 0;
  const within = counts.filter(({ bound }) => bound <= most).at(-1)?.count ?? 0;
  return total === 0 ? 0 : within / total;
}
