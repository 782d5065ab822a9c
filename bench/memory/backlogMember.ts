/** Entry: a member of a queue that grows long. It tells its states, and what it holds whenever it is asked. */
import { failover } from 'mongo-failover';
import { settingsOf, tell } from '../support/entry.js';
import type { BacklogMemberMessage, BacklogMemberSettings } from './messages.js';
import { settledResident } from './resident.js';

/** How long it is measured, in ms. */
const TIME = 1000;

const { name, options } = settingsOf<BacklogMemberSettings>();
const { managed: Managed } = failover(options);
const work = new URL('./backlogWork.js', import.meta.url);
const cluster = new Managed<{ id: number }>(name, 'id', work, { durable: true, maxQueue: 10_000_000 });
cluster.on('error', (error) => console.error(`backlog: ${error.message}`));
cluster.on('panic', (error) => console.error(`backlog: ${error.message}`));
cluster.on('statechange', (_from, state) => void tell<BacklogMemberMessage>({ type: 'state', state }));
process.on('message', async () => {
  await tell<BacklogMemberMessage>({ type: 'resident', resident: await settledResident(TIME) });
});
await cluster.run();
