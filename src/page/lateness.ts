/** How late heartbeats of this process were, out of the histogram that its threads share: as upper bounds of its buckets. */
import { hostname } from 'node:os';
import type { Distribution } from '../wire/sharedCounts.js';
import type { Details, Row } from './contract.js';

type Lateness = Exclude<Details['lateness'], null>;

/** Returns null while nothing was measured. */
export function latenessOf({ bounds, counts }: Distribution): Lateness | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  // What is above all bounds is at least the last one.
  const boundAt = (index: number): number => (bounds[index] ?? bounds.at(-1) ?? 0) * 1000;
  const share = (wanted: number): number => {
    let sum = 0;
    const index = counts.findIndex((count) => {
      sum += count;
      return sum >= wanted * total;
    });
    return boundAt(index);
  };
  return { p50: share(0.5), p99: share(0.99), max: boundAt(counts.findLastIndex((count) => count > 0)) };
}

/** Returns whether the master is of this process, whose beats were measured. */
export function isHere({ state, master }: Pick<Row, 'state' | 'master'>): boolean {
  return state === 'held' && master?.pid === process.pid && master.host === hostname();
}
