/**
 * A task if and only if your transaction commits, and a task that is due later. The order and its invoice are written together or
 * not at all.
 *
 *     npm run sample:transactions mongodb://localhost:27017/test      (or MONGODB_URI)
 *
 * It needs a server that has transactions: a replica set or a sharded cluster.
 */
import { failover } from 'mongo-failover';
import { MongoClient } from 'mongodb';
import { log, logEvents } from './setup.js';

interface Invoice {
  readonly id: string;
  readonly total?: number;
}

const connectString = process.argv[2] ?? process.env.MONGODB_URI;
if (connectString === undefined) {
  console.error('usage: npm run sample:transactions mongodb://HOST/DATABASE');
  process.exit(2);
}
const client = await new MongoClient(connectString).connect();
const orders = client.db().collection('sample_orders');

const intervals = { MASTER: 200, SLAVE: 1000, TICKING: 500, POLL: 50 };
const service = failover({ mongodb: { connectString }, intervals });
const write = ({ id }: Invoice): boolean => {
  log('invoice %s is written', id);
  return true;
};
const cluster = new service.managed<Invoice>('sample-transactions', 'id', write, { durable: true });
logEvents(cluster);
cluster.on('duplicate', (id) => log('invoice %s was queued already', id));
const reminded = new Promise<void>((resolve) => {
  cluster.on('done', (id) => {
    if (id === 'reminder') resolve();
  });
});

/** Orders, and has the invoice written: both, or neither. */
async function order(id: string, total: number): Promise<void> {
  await client.withSession((session) =>
    session.withTransaction(async () => {
      await orders.insertOne({ order: id, total }, { session });
      await cluster.submitWork({ id, total }, { session });
      if (total < 0) throw new RangeError(`order ${id} costs less than nothing`);
    }),
  );
}

await cluster.run();
await order('one', 10);
await order('two', -1).catch((error: Error) => log('%s, and has no invoice', error.message));
await cluster.submitWork({ id: 'reminder' }, { at: new Date(Date.now() + 1000) });
await reminded;
await service.close();
await orders.drop();
await client.close();
