/**
 * What the samples share: where they coordinate, and what they tell.
 *
 * Without anything the embedded store in the system's temporary folder is used, which needs no server: start a sample
 * in two terminals, and end the master's with Ctrl-C. A connection string, as the argument or in MONGODB_URI, selects
 * MongoDB. DEBUG selects what is shown: `failover:client` (the default), `failover*` for the states, tests and tasks
 * too, `mongodb` for the commands that are sent to the server.
 */
import createDebug from 'debug';
import { type Cluster, type Failover, type FailoverOptions, installSignalHandlers } from 'mongo-failover';

if (process.env.DEBUG === undefined) createDebug.enable('failover:client');

export const log = createDebug('failover:client');

export function chooseStore(): FailoverOptions {
  const connectString = process.argv[2] ?? process.env.MONGODB_URI;
  if (connectString === undefined || connectString === '') return { nodb: true };
  return { mongodb: { connectString, debug: createDebug.enabled('mongodb') } };
}

export function logEvents(cluster: Cluster): void {
  cluster.on('statechange', (from, to) => log('state %s -> %s', from, to));
  cluster.on('master', () => log('this process is the master, of term %d', cluster.term));
  cluster.on('slave', () => log('this process is a slave'));
  cluster.on('synchronize', (id) => log('the master has come to %s', id));
  cluster.on('info', (text) => log('info: %s', text));
  cluster.on('error', (error) => log('error: %s', error.message));
  cluster.on('panic', (error) => log('panic: %s', error.message));
}

/** On Ctrl-C or SIGTERM: let the running task end and release the lease, so the other process takes over at once. */
export function stopOnInterrupt(service: Failover, before: () => void): void {
  installSignalHandlers(service, {
    before: () => {
      log('stopping');
      before();
    },
    after: () => log('stopped'),
  });
}
