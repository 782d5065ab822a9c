/** What is seen of a `failover()` from any of its threads: shared memory, and nothing that would have to answer. */
import type { Intervals } from '../options/options.js';
import type { MemberCounts, ServiceCounts } from '../wire/sharedCounts.js';
import type { SharedLease } from '../wire/sharedLease.js';

export interface WatchedCluster {
  readonly name: string;
  readonly lease: SharedLease;
  readonly counts: MemberCounts;
}

export interface Watched {
  readonly counts: ServiceCounts;
  /** Those that were made and have not stopped yet. */
  readonly clusters: readonly WatchedCluster[];
}

/** What does not change. */
export interface Build {
  /** The version of this package. */
  readonly version: string;
  /** The version of Node.js. */
  readonly node: string;
  readonly store: string;
  /** Of the documents in the store. */
  readonly format: string;
  readonly intervals: Intervals;
}
