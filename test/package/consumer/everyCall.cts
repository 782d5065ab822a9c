/**
 * Stays a member of the cluster of `everyCall.mts`, in CommonJS, until its stdin ends: `node everyCall.cjs FOLDER`. A task
 * that waits for its end holds up those that are behind it, so commands can change them. It prints what came of the tasks.
 */
import mongoFailover = require('mongo-failover');

type Call = {
  readonly id: number | string;
  readonly does: 'greet' | 'fail' | 'wait' | 'tell slot';
  readonly whom?: string;
};

const intervals = { INIT: 0, MASTER: 300, SLAVE: 1000, TICKING: 1000, POLL: 50 };
const service = mongoFailover.failover({ nodb: { path: String(process.argv[2]) }, intervals });
const options: mongoFailover.ManagedOptions = {
  ...{ durable: true, keepOutcomes: 60 * 60 * 1000, results: true, minInterval: 20, cancelTimeout: 1000 },
  retry: { attempts: 3, exhausted: 'dead-letter' },
};
const work = require.resolve('./everyCallWork.mjs');
const cluster = new service.managed<Call>('calls', 'id', work, options);
cluster.on('error', (error) => console.error(error.message));

async function main(): Promise<void> {
  await cluster.schedule('nightly', '0 2 * * *', { does: 'tell slot' }, { timeZone: 'Europe/Berlin' });
  await cluster.run();
  const waiting = await cluster.submitWork({ id: 11, does: 'wait' });
  const many = await cluster.submitMany([12, 13].map((id) => ({ id, does: 'greet', whom: 'all' })));
  const known = [await outcomeOf(1), await outcomeOf(20)].map(({ state }) => state);
  console.log('ready');
  for await (const _ of process.stdin);
  const ends = [await cluster.cancel(11, { running: true }), await waiting.done().catch(codeOf)];
  const greeted = await Promise.all(
    many.submissions.map((submission) => submission.done({ timeout: 20_000 }).then(({ result }) => result, codeOf)),
  );
  const told = [await outcomeOf(14), await outcomeOf(15)].map(({ result }) => result);
  await service.close();
  console.log(JSON.stringify({ known, ends, greeted, told }));
}

/** The outcome of a task that another program has stored. */
async function outcomeOf(id: number): Promise<mongoFailover.Outcome> {
  for (;;) {
    const found = await cluster.outcome(id);
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function codeOf(error: unknown): string {
  return error instanceof mongoFailover.FailoverError ? error.code : String(error);
}

void main();
