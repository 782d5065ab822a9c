/**
 * Tasks that wait are changed: one is cancelled, one gets another payload, and the one that runs is ended.
 *
 *     npm run sample:changing-tasks              ends by itself
 *     node dist/samples/changing-tasks.js mongodb://localhost:27017/test
 */
import { failover, type TaskContext } from 'mongo-failover';
import { chooseStore, log, logEvents } from './setup.js';

interface Mail {
  id: number;
  to: string;
}

// Short, so the first start in a new store takes a second and a half.
const intervals = { MASTER: 200, SLAVE: 1000, TICKING: 500, POLL: 50 };
const service = failover({ ...chooseStore(), intervals });
const cluster = new service.managed<Mail>('sample-changing-tasks', 'id', send, { durable: true });
logEvents(cluster);
cluster.on('cancelled', (id) => log('task %d is cancelled', id));

let begins: () => void = () => {};
const begun = new Promise<void>((resolve) => {
  begins = resolve;
});

/** The first mail hangs until it is told to end. */
async function send({ id, to }: Mail, { signal }: TaskContext): Promise<boolean> {
  if (id === 1) {
    begins();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return false; // it counts as no attempt
  }
  log('mail %d goes to %s', id, to);
  return true;
}

for (const [index, to] of ['dave@example.com', 'alice@example.com', 'bob@example.com'].entries()) {
  await cluster.submitWork({ id: index + 1, to });
}
const done = new Promise<void>((resolve) => cluster.on('done', (id) => id === 3 && resolve()));
await cluster.run();
await begun;
log('cancel 2: %s', await cluster.cancel(2));
log('update 3: %s', await cluster.update(3, { id: 3, to: 'carol@example.com' }));
log('cancel 1: %s', await cluster.cancel(1, { running: true }));
await done;
log('cancel 4: %s', await cluster.cancel(4));
await service.close();
