/** A process for the picture of `top`: a member of three subsystems. The first one to be told so fills the queue. */
import { failover } from '../dist/src/index.js';

const [, , path, fills] = process.argv;
const TASKS = 400;
const intervals = { MASTER: 500, SLAVE: 1000, TICKING: 1000, POLL: 200 };

async function work({ ms, fails }) {
  await new Promise((resolve) => setTimeout(resolve, ms));
  if (fails) throw new Error('the card was declined');
  return true;
}

const service = failover({ nodb: { path }, intervals });
const retry = { attempts: 1, exhausted: 'dead-letter' };
const billing = new service.managed('billing', 'invoice', work, { durable: true, retry });
const mailer = new service.managed('mailer', 'id', work);
const importer = new service.unmanaged('importer');
for (const cluster of [billing, mailer, importer]) await cluster.run();
if (fills === 'fills') {
  const tasks = Array.from({ length: TASKS }, (_, number) => ({
    invoice: `2026-${number}`,
    ms: 40,
    fails: number % 60 === 20,
  }));
  await billing.submitMany(tasks);
}
process.on('SIGTERM', () => void service.close());
