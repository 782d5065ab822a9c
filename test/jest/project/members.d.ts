import type { Cluster, Failover, failover } from 'mongo-failover';

export function withFailover(
  made: { failover: typeof failover },
  use: (made: Failover) => Promise<void>,
): Promise<void>;
export function eventsOf(cluster: Cluster, name: 'done' | 'master'): { next(): Promise<unknown[]> };
