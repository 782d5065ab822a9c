/** How samples are summed up: always as minimum, median, 99th percentile and maximum, never as a mean. */

/** In the unit of the samples. */
export interface SampleSpread {
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Percentiles by nearest rank, so each is a sample that was really taken. All 0 without samples. */
export function spreadOf(samples: readonly number[]): SampleSpread {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return { count: sorted.length, min: rank(0), p50: rank(0.5), p99: rank(0.99), max: rank(1) };
}
