/** Entry: `submitWork` calls on a cluster that does not run, so nothing but submitting is measured. */
import { failover } from 'mongo-failover';
import { callAtOnce } from '../support/callers.js';
import { settingsOf, tellAndEnd } from '../support/entry.js';
import type { SubmissionReport, SubmissionSettings } from './messages.js';

const { options, durable, rounds, tasks, limit } = settingsOf<SubmissionSettings>();
const { managed: Managed, close } = failover(options);
const work = new URL('./work.js', import.meta.url);
const rates = [1, 10, 1000].map((concurrent) => ({ concurrent, rates: [] as number[] }));
let queues = 0;

/** Calls in a queue of its own. */
async function round(concurrent: number): Promise<number> {
  const cluster = new Managed<{ id: number }>(`submission-${queues++}`, 'id', work, { durable });
  const from = performance.now();
  const made = await callAtOnce(concurrent, tasks, (id) => cluster.submitWork({ id }), limit);
  const seconds = (performance.now() - from) / 1000;
  await cluster.stop();
  return made / seconds;
}

// Keeps the coordinator thread, which ends with the last cluster.
await new Managed<{ id: number }>('kept', 'id', work).submitWork({ id: 0 });
for (let turn = 0; turn <= rounds; turn++) {
  for (const { concurrent, rates: own } of rates) {
    const measured = await round(concurrent);
    if (turn > 0) own.push(measured);
  }
}
await close();
await tellAndEnd<SubmissionReport>({ type: 'report', rates });
