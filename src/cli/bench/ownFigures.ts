/** What this command has measured for its authors, to compare with: docs/results/bench.md has the same, and a test compares them. */
import type { BenchFigures, Spread } from './run.js';

export interface OwnRun {
  /** The store as people call it. */
  readonly store: string;
  readonly date: string;
  readonly machine: string;
  readonly figures: BenchFigures;
}

const spread = (count: number, p50: number, p99: number, max: number): Spread => ({ count, p50, p99, max });

export const ownRuns: Readonly<Record<'embedded' | 'mongodb', OwnRun>> = {
  embedded: {
    store: 'embedded store',
    date: '2026-11-26',
    machine: '2 cores of a virtual machine (AMD EPYC), Node.js 20.20.2, load 12 by other tests',
    figures: {
      reads: spread(20, 0.21, 1.45, 1.45),
      writes: spread(20, 12, 23, 23),
      handOver: spread(5, 83, 333, 333),
      failover: spread(5, 64, 112, 112),
      beats: spread(10, 0, 150, 150),
      ...{ submittedPerSecond: 5707, donePerSecond: 1603 },
    },
  },
  mongodb: {
    store: 'mongo-java-server',
    date: '2026-11-26',
    machine: '2 cores of a virtual machine (AMD EPYC), Node.js 20.20.2, load 11 by other tests',
    figures: {
      reads: spread(20, 0.8, 11, 11),
      writes: spread(20, 1.96, 11, 11),
      handOver: spread(5, 1927, 2054, 2054),
      failover: spread(5, 52, 412, 412),
      beats: spread(7, 0, 29, 29),
      ...{ submittedPerSecond: 2040, donePerSecond: 1939 },
    },
  },
};
