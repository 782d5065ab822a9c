/**
 * An unmanaged subsystem: the election alone is the service's. The master does its work by itself, and says how far it
 * has come; a slave hears of that, and goes on from there when it becomes the master.
 *
 *     npm run sample:unmanaged                   in two terminals or more, then Ctrl-C in the master's
 *     node dist/samples/unmanaged.js mongodb://localhost:27017/test
 */
import { failover } from 'mongo-failover';
import { chooseStore, log, logEvents, stopOnInterrupt } from './setup.js';

const service = failover(chooseStore());
const cluster = new service.unmanaged('sample-unmanaged');
let position = 0;
logEvents(cluster);
cluster.on('synchronize', (id) => {
  position = Number(id);
});
await cluster.run();

const working = setInterval(() => {
  // Asked each time, for a lease can end between two events.
  if (!cluster.isMaster) return;
  position += 1;
  log('working on %d', position);
  cluster.synchronize(position).catch((error: Error) => log('not synchronized: %s', error.message));
}, 1000);

stopOnInterrupt(service, () => clearInterval(working));
