/**
 * node-cron: each run of a job is on the master alone. node-cron has a coordinator for that, which is asked before each run.
 */
import { failover, installSignalHandlers, type UnmanagedCluster } from 'mongo-failover';
import cron, { type RunCoordinator } from 'node-cron';
import { follow, log, options } from './billing.js';

const service = failover(options);
const cluster = new service.unmanaged('cron');
follow(cluster);
installSignalHandlers(service, { before: () => void job.stop() });

/** Lets the master run, and no run twice: a new master, whose clock may be behind, knows the last run of the one before. */
function coordinatorOf(cluster: UnmanagedCluster): RunCoordinator {
  let last: unknown;
  cluster.on('synchronize', (id) => (last = id));
  return {
    async shouldRun(key) {
      if (!cluster.isMaster || key === last) return false;
      last = key;
      // Resolves with false if the mastership has ended.
      return cluster.synchronize(key);
    },
  };
}

await cluster.run();
const job = cron.schedule('* * * * * *', ({ date }) => log(`run ${date.toISOString()}, term ${cluster.term}`), {
  name: 'billing',
  distributed: true,
  runCoordinator: coordinatorOf(cluster),
});
