/**
 * node-cron: each run of a job is on the master alone. node-cron asks a coordinator before each run.
 */
import { failover, installSignalHandlers } from 'mongo-failover';
import { runCoordinator } from 'mongo-failover/node-cron';
import cron from 'node-cron';
import { follow, log, options } from './billing.js';

const service = failover(options);
const cluster = new service.unmanaged('cron');
follow(cluster);
installSignalHandlers(service, { before: () => void job.stop() });

await cluster.run();
const job = cron.schedule('* * * * * *', ({ date }) => log(`run ${date.toISOString()}, term ${cluster.term}`), {
  name: 'billing',
  distributed: true,
  runCoordinator: runCoordinator(cluster),
});
