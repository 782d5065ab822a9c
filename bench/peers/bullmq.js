/**
 * Entry: BullMQ, from the first job that is added to the last one that is completed, in one process, as ours is. Its work
 * is an empty function on the main thread, and at a concurrency above 1 jobs keep no order: both in its favour.
 * How jobs are added: `calls`, so many calls of `add` under way at once; `bulk`, so many with each `addBulk`, one call
 * after another; `before`, like that, and the clock starts when all are there and the worker sets out.
 */
import { Queue, Worker } from 'bullmq';
import { settingsOf, tellAndEnd } from './entry.js';

const { port, rounds, jobs, concurrency, atOnce, adding } = settingsOf();
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };

async function rate(round) {
  const name = `work-${round}`;
  const queue = new Queue(name, { connection, defaultJobOptions: { removeOnComplete: true } });
  const options = { connection, concurrency, autorun: false };
  const worker = new Worker(name, async (job) => job.data.id >= 0, options);
  worker.on('error', (error) => console.error(`bullmq: ${error.message}`));
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  let done = 0;
  const all = new Promise((resolve) => {
    worker.on('completed', () => {
      done += 1;
      if (done === jobs) resolve(undefined);
    });
  });
  if (adding === 'before') await addInBulk(queue);
  const from = performance.now();
  const running = worker.run();
  if (adding === 'bulk') await addInBulk(queue);
  if (adding === 'calls') await addByCalls(queue);
  await all;
  const seconds = (performance.now() - from) / 1000;
  await worker.close();
  await running;
  await queue.close();
  return jobs / seconds;
}

async function addInBulk(queue) {
  for (let next = 0; next < jobs; next += atOnce) {
    const length = Math.min(atOnce, jobs - next);
    await queue.addBulk(Array.from({ length }, (_, index) => ({ name: 'work', data: { id: next + index } })));
  }
}

async function addByCalls(queue) {
  let next = 0;
  const caller = async () => {
    while (next < jobs) await queue.add('work', { id: next++ });
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
}

const rates = [];
for (let round = 0; round <= rounds; round++) {
  const measured = await rate(round);
  if (round > 0) rates.push(measured);
}
await tellAndEnd({ rates });
