/**
 * A managed subsystem: every process is fed the same tasks, one a second, and the master works them off.
 *
 *     npm run sample:managed                     in two terminals or more, then Ctrl-C in the master's
 *     node dist/samples/managed.js mongodb://localhost:27017/test
 */
import { failover } from 'mongo-failover';
import { chooseStore, log, logEvents, stopOnInterrupt } from './setup.js';

const service = failover(chooseStore());
const cluster = new service.managed<{ id: number }>(
  'sample-managed',
  'id',
  new URL('./managedWork.js', import.meta.url),
);
logEvents(cluster);
cluster.on('done', (id) => log('done %d', id));
cluster.on('failed', (id, error, attempt) => log('task %d failed at attempt %d: %s', id, attempt, error.message));
await cluster.run();

// The feeds of all processes must name a task alike, whenever they were started: here by the second it belongs to.
const feeding = setInterval(() => {
  const id = Math.floor(Date.now() / 1000);
  cluster.submitWork({ id }).catch((error: Error) => log('task %d was not queued: %s', id, error.message));
}, 1000);

stopOnInterrupt(service, () => clearInterval(feeding));
