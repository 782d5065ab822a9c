/** Entry: `submitWork` calls on a cluster that does not run, so that nothing but submitting is measured. */
import { failover } from 'mongo-failover';
import { settingsOf, tellAndEnd } from '../support/entry.js';
import type { RoundSettings, SubmissionReport } from './messages.js';

const { folder, rounds, tasks } = settingsOf<RoundSettings>();
const { managed: Managed, close } = failover({ nodb: { path: folder } });
const rates = [1, 10, 1000].map((concurrent) => ({ concurrent, rates: [] as number[] }));
let queues = 0;

/** Calls in a queue of its own; so many callers, each awaiting one call before the next. */
async function round(concurrent: number): Promise<number> {
  const cluster = new Managed<{ id: number }>(`submission-${queues++}`, 'id', new URL('./work.js', import.meta.url));
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < tasks) await cluster.submitWork({ id: next++ });
  };
  const from = performance.now();
  await Promise.all(Array.from({ length: concurrent }, caller));
  const seconds = (performance.now() - from) / 1000;
  await cluster.stop();
  return tasks / seconds;
}

// Keeps the coordinator thread, which ends with the last cluster.
await new Managed<{ id: number }>('kept', 'id', new URL('./work.js', import.meta.url)).submitWork({ id: 0 });
for (let turn = 0; turn <= rounds; turn++) {
  for (const { concurrent, rates: own } of rates) {
    const measured = await round(concurrent);
    if (turn > 0) own.push(measured);
  }
}
await close();
await tellAndEnd<SubmissionReport>({ type: 'report', rates });
