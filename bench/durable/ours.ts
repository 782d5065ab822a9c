/** Entry: stored tasks through one member, from the first `submitWork` to the last acknowledgement. */
import { once } from 'node:events';
import { failover } from 'mongo-failover';
import { callAtOnce } from '../support/callers.js';
import { settingsOf, tellAndEnd } from '../support/entry.js';
import { patiently } from '../support/patiently.js';
import type { OurDurableReport, OurDurableSettings } from './messages.js';

const { options, rounds, tasks, atOnce } = settingsOf<OurDurableSettings>();
const { managed: Managed, close } = failover(options);
// The same work as in the question `throughput`.
const work = new URL('../throughput/work.js', import.meta.url);
const cluster = new Managed<{ id: number }>('durable', 'id', work, { durable: true });
cluster.on('error', (error) => console.error(`ours: ${error.message}`));
cluster.on('panic', (error) => console.error(`ours: ${error.message}`));
let left = 0;
let allDone: () => void = () => {};
cluster.on('done', () => {
  left -= 1;
  if (left === 0) allDone();
});
const elected = once(cluster, 'master');
await cluster.run();
await elected;

const rates: number[] = [];
const stored: number[] = [];
let nextId = 0;
let refused = 0;
for (let round = 0; round <= rounds; round++) {
  left = tasks;
  const done = new Promise<void>((resolve) => {
    allDone = resolve;
  });
  const from = performance.now();
  await callAtOnce(atOnce, tasks, () => {
    const id = nextId++;
    return patiently(
      () => cluster.submitWork({ id }),
      () => {
        refused += 1;
      },
    );
  });
  const storedAfter = performance.now() - from;
  await done;
  const doneAfter = performance.now() - from;
  // The first round runs code that is not compiled yet.
  if (round === 0) continue;
  stored.push((tasks / storedAfter) * 1000);
  rates.push((tasks / doneAfter) * 1000);
}
await close();
await tellAndEnd<OurDurableReport>({ type: 'report', rates, stored, refused });
