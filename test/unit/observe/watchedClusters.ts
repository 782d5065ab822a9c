/** Clusters as shared memory shows them, which a test sets by hand. */
import { familiesOf, type MetricFamily } from '../../../src/observe/families.ts';
import { type Health, healthOf } from '../../../src/observe/health.ts';
import type { Build, WatchedCluster } from '../../../src/observe/watched.ts';
import { resolveIntervals } from '../../../src/options/intervals.ts';
import { MemberCounts, ServiceCounts } from '../../../src/wire/sharedCounts.ts';
import { SharedLease } from '../../../src/wire/sharedLease.ts';

export const build: Build = {
  version: '1.2.3',
  node: '20.19.0',
  store: 'mongodb',
  format: '1',
  intervals: resolveIntervals(undefined),
};

export class WatchedClusters {
  /** In monotonic ms. */
  now = 100_000;
  /** Since when the thread that judges is awake. */
  awakeSince = 0;
  readonly counts = new ServiceCounts();
  readonly clusters: WatchedCluster[] = [];
  private readonly clocks = {
    monotonic: () => BigInt(Math.round(this.now * 1e6)),
    wall: () => this.now,
  };

  add(name: string): WatchedCluster {
    const cluster = { name, lease: new SharedLease(undefined, this.clocks), counts: new MemberCounts() };
    this.clusters.push(cluster);
    return cluster;
  }

  /** Adds one that is master, and a coordinator thread that turns. */
  addMaster(name: string): WatchedCluster {
    const cluster = this.add(name);
    cluster.counts.ran = true;
    cluster.counts.joined = true;
    cluster.counts.state = 'master';
    cluster.lease.hold(7, this.now + 4000);
    this.counts.coordinatorStarts(this.now - 60_000);
    this.counts.coordinatorTicks(this.now);
    return cluster;
  }

  health(): Health {
    return healthOf(this, this.now, this.awakeSince);
  }

  families(): MetricFamily[] {
    return familiesOf(this, build, this.now);
  }

  /** Returns the values of a metric, by their labels. */
  values(name: string): Record<string, number> {
    const family = this.families().find((each) => each.samples.some((sample) => sample.name === name));
    const samples = family?.samples.filter((sample) => sample.name === name) ?? [];
    return Object.fromEntries(samples.map(({ labels, value }) => [Object.values(labels).join(' '), value]));
  }
}
