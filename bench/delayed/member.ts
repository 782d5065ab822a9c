/** Entry: a member of a cluster whose tasks are due later. It tells its states, and what it costs whenever it is asked. */
import { failover } from 'mongo-failover';
import { settledResident } from '../memory/resident.js';
import { settingsOf, tell } from '../support/entry.js';
import type { DelayedMemberMessage, DelayedRunnerMessage, DelayedSettings } from './messages.js';

const { name, options } = settingsOf<DelayedSettings>();
const { managed: Managed } = failover(options);
const work = new URL('../throughput/work.js', import.meta.url);
const cluster = new Managed<{ id: number }>(name, 'id', work, { durable: true });
/** Above the ids of the filler; the work takes no negative one. */
let submitted = 1_000_000_000;
cluster.on('error', (error) => console.error(`delayed: ${error.message}`));
cluster.on('panic', (error) => console.error(`delayed: ${error.message}`));
cluster.on('statechange', (_from, state) => void tell<DelayedMemberMessage>({ type: 'state', state }));
cluster.on('done', () => void tell<DelayedMemberMessage>({ type: 'done' }));
process.on('message', async (message: DelayedRunnerMessage) => {
  if (message.type === 'submit') return cluster.submitWork({ id: ++submitted });
  const [before, from] = [process.cpuUsage(), performance.now()];
  const resident = await settledResident(message.time, 500);
  const { user, system } = process.cpuUsage(before);
  const share = (user + system) / 1000 / (performance.now() - from);
  return tell<DelayedMemberMessage>({ type: 'cost', share, resident });
});
await cluster.run();
