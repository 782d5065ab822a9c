/**
 * How to guard your own writes with the term. A lease can end while work is on its way to the database: the network
 * holds a write back, or the process is suspended between its last look at the lease and the write. No library can call
 * such a write back; but the database can refuse it, because terms only rise: let each write carry its term, and let no
 * document go back to an earlier one. A task that runs twice, which at-least-once allows, may do so under a higher term;
 * so the document remembers the last payment as well.
 *
 *     npm run sample:fenced-writes mongodb://localhost:27017/test      (or MONGODB_URI)
 *
 * It plays the worst case on purpose: the first master decides what to write and is held up before it does; a second
 * master is elected and writes; then the first one's write arrives: of a payment that is not booked yet, so nothing
 * but its term tells it apart from one that is to be.
 */

import { failover, type TaskContext } from 'mongo-failover';
import { MongoClient } from 'mongodb';

interface Account {
  _id: string;
  balance: number;
  /** The term of the last write. */
  term: number;
  /** The last payment that was booked: who comes with it again changes nothing. */
  payment: number;
}

interface Payment {
  id: number;
  amount: number;
}

const connectString = process.argv[2] ?? process.env.MONGODB_URI;
if (connectString === undefined) {
  console.error('usage: npm run sample:fenced-writes mongodb://HOST/DATABASE');
  process.exit(2);
}
const client = new MongoClient(connectString);
const accounts = client.db().collection<Account>('sample_accounts');
await accounts.replaceOne({ _id: 'alice' }, { balance: 0, term: 0, payment: 0 }, { upsert: true });

/** True when it was booked, now or before; false when a later master has written since: then nothing has changed. */
async function book({ id, amount }: Payment, { term }: Pick<TaskContext, 'term'>): Promise<boolean> {
  const guard = { _id: 'alice', term: { $lte: term }, payment: { $lt: id } };
  const { modifiedCount } = await accounts.updateOne(guard, { $inc: { balance: amount }, $set: { term, payment: id } });
  if (modifiedCount === 1) return true;
  return (await accounts.countDocuments({ _id: 'alice', payment: { $gte: id } })) === 1;
}

/** The payment whose write comes late. */
const LAST = 3;
let lateWrite: () => Promise<boolean> = async () => false;
const intervals = { MASTER: 200, SLAVE: 1000, TICKING: 500, POLL: 50 };

// The first master: its write of the last payment is held up, as if by the network, and it reports failure.
const first = failover({ mongodb: { connectString }, intervals });
const slow = new first.managed<Payment>('sample-fenced-writes', 'id', async (payment, context) => {
  console.log(`term ${context.term} is about to book payment ${payment.id}, and is held up`);
  lateWrite = () => book(payment, context);
  return false;
});
await slow.submitWork({ id: LAST, amount: 100 });
const failed = new Promise((resolve) => slow.once('failed', resolve));
await slow.run();
await failed;
await slow.stop();

// The second one takes over, and books the payments before that one.
const second = failover({ mongodb: { connectString }, intervals });
const prompt = new second.managed<Payment>('sample-fenced-writes', 'id', async (payment, context) => {
  const booked = await book(payment, context);
  console.log(`term ${context.term} books payment ${payment.id}: ${booked ? 'booked' : 'refused'}`);
  return booked;
});
const payments = [1, 2];
await Promise.all(payments.map((id) => prompt.submitWork({ id, amount: 100 })));
const done = new Promise<void>((resolve) => prompt.on('done', (id) => id === payments.at(-1) && resolve()));
await prompt.run();
await done;

const before = await accounts.findOne({ _id: 'alice' });
await lateWrite();
const after = await accounts.findOne({ _id: 'alice' });
console.log(`the late write of the first term was ${before?.balance === after?.balance ? 'refused' : 'BOOKED'}`);
console.log(`alice has ${after?.balance}, written under term ${after?.term}`);

await prompt.stop();
await client.close();
