/** The subsystems of one process, and what goes wrong with them. */
import type { Failover, ManagedCluster, UnmanagedCluster } from 'mongo-failover';
import type { ScaleSettings } from './messages.js';

type Cluster = UnmanagedCluster | ManagedCluster<{ id: number }>;

export interface Submit {
  /** How many tasks were submitted, and how many were done. */
  readonly submitted: number;
  readonly done: number;
  /** Submits one to the subsystem of this index. */
  to(index: number): void;
}

export function makeClusters(
  service: Failover,
  kind: ScaleSettings['kind'],
  count: number,
): { readonly clusters: readonly Cluster[]; readonly submit: Submit } {
  const names = Array.from({ length: count }, (_, index) => `scale-${index}`);
  if (kind === 'unmanaged') {
    const clusters = names.map((name) => new service.unmanaged(name));
    return { clusters, submit: { submitted: 0, done: 0, to: () => {} } };
  }
  const work = new URL('../heartbeats/idleWork.js', import.meta.url);
  const counter = { done: 0 };
  const clusters = names.map((name) => {
    const cluster = new service.managed<{ id: number }>(name, 'id', work, { durable: true });
    cluster.on('done', () => {
      counter.done += 1;
    });
    return cluster;
  });
  let id = 0;
  const to = (index: number): void => {
    id += 1;
    // What the store refuses is an `error` for the caller, and told by the count of what was done.
    clusters[index]?.submitWork({ id }).catch(() => {});
  };
  return {
    clusters,
    submit: {
      get submitted() {
        return id;
      },
      get done() {
        return counter.done;
      },
      to,
    },
  };
}

export interface Errors {
  readonly count: number;
  readonly codes: Map<string, number>;
  /** Returns the codes with their counts, the most frequent first. */
  frequent(): string[];
}

export function countErrors(clusters: readonly Cluster[]): Errors {
  const codes = new Map<string, number>();
  let count = 0;
  const heard = (error: Error & { code?: unknown }): void => {
    count += 1;
    const code = String(error.code ?? error.name);
    codes.set(code, (codes.get(code) ?? 0) + 1);
  };
  for (const cluster of clusters) {
    cluster.on('error', heard);
    cluster.on('panic', heard);
  }
  return {
    get count() {
      return count;
    },
    codes,
    frequent: () => [...codes].sort(([, one], [, other]) => other - one).map(([code, times]) => `${code} x ${times}`),
  };
}
