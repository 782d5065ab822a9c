/** Counts `done` events, as a user who listens does. */
import type { ManagedCluster } from 'mongo-failover';

/** Resolves after so many of them, from now on. */
export function doneEvents(cluster: ManagedCluster<never>, tasks: number): Promise<void> {
  let done = 0;
  return new Promise((resolve) => {
    const count = (): void => {
      done += 1;
      if (done < tasks) return;
      cluster.off('done', count);
      resolve();
    };
    cluster.on('done', count);
  });
}
