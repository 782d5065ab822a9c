/** Uses the types as an ES module does. */
import { type FailoverOptions, failover } from 'mongo-failover';

interface Invoice {
  id: number;
  amount: number;
}

const options: FailoverOptions = { nodb: true, intervals: { MASTER: 100 } };
const { managed: Managed, close } = failover(options);
const cluster = new Managed<Invoice>('billing', 'id', new URL('./work.mjs', import.meta.url), { maxQueue: 10 });
cluster.on('statechange', (from, to) => console.log(from.length + to.length));
await cluster.run();
await cluster.submitWork({ id: 1, amount: 3 });
// @ts-expect-error An amount is missing.
await cluster.submitWork({ id: 1 });
const left: number = cluster.leaseRemaining();
console.log(left);
await close();
