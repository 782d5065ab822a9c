/**
 * Dead letters: a task that fails for good leaves the queue, so the tasks behind it go on. Its letter is kept in the store
 * until people have mended what was wrong, and put the task back.
 *
 *     npm run sample:dead-letters                ends by itself
 *     node dist/samples/dead-letters.js mongodb://localhost:27017/test
 *
 * On MongoDB the letter is a document of `failover_deadletters`, with the task, its error and the number of attempts.
 */
import { failover } from 'mongo-failover';
import { chooseStore, log, logEvents } from './setup.js';

const accounts = new Map([['alice', 0]]);

// Short, so the first start in a new store takes a second and a half.
const intervals = { MASTER: 200, SLAVE: 1000, TICKING: 500, POLL: 50 };
const service = failover({ ...chooseStore(), intervals });
const cluster = new service.managed<{ id: number; account: string }>('sample-dead-letters', 'id', book, {
  durable: true,
  retry: { attempts: 3, minDelay: 50, exhausted: 'dead-letter' },
});
logEvents(cluster);
cluster.on('failed', (id, error, attempt) => log('task %d failed at attempt %d: %s', id, attempt, error.message));

function book({ account }: { account: string }): boolean {
  const balance = accounts.get(account);
  if (balance === undefined) throw new Error(`there is no account of ${account}`);
  accounts.set(account, balance + 1);
  return true;
}

const letter = new Promise<string>((resolve) => cluster.once('deadletter', (_id, error) => resolve(error.message)));
const done = (awaited: number): Promise<void> =>
  new Promise((resolve) => cluster.on('done', (id) => id === awaited && resolve()));
const behind = done(2);

await cluster.run();
await cluster.submitWork({ id: 1, account: 'bob' });
await cluster.submitWork({ id: 2, account: 'alice' });

log('task 1 is a dead letter: %s', await letter);
await behind;
const { dead, queued } = await cluster.status();
log('task 2 is done behind it; %d dead letter, %d queued', dead, queued);

// What people do: they mend what was wrong, and put the task back with all its attempts.
accounts.set('bob', 0);
const requeued = done(1);
log('requeued: %s', await cluster.requeue(1));
await requeued;
log('task 1 is done; %d dead letters', (await cluster.status()).dead);
await service.close();
