/** Entry, one member. It submits when it is told to. */
import { setTimeout as sleep } from 'node:timers/promises';
import { failover } from 'mongo-failover';
import { settingsOf, tell, tellAndEnd } from '../support/entry.js';
import type { LatencyMessage, LatencyOrder, LatencySettings, Submission, SubmitOrder } from './messages.js';

const { options } = settingsOf<LatencySettings>();
const { managed: Managed, close } = failover(options);
const work = new URL('./work.js', import.meta.url);
const cluster = new Managed<{ id: number }>('latency', 'id', work, { durable: true });
const say = (message: LatencyMessage): Promise<void> => tell(message);

cluster.on('master', () => void say({ type: 'master' }));
cluster.on('slave', () => void say({ type: 'slave' }));
cluster.on('error', (error) => void say({ type: 'problem', text: error.message }));
cluster.on('panic', (error) => void say({ type: 'problem', text: error.message }));

async function submit({ count, pause }: SubmitOrder): Promise<void> {
  const submissions: Submission[] = [];
  for (let id = 0; id < count; id++) {
    // At any moment between two looks of the master.
    await sleep(pause * (0.5 + Math.random()));
    const at = process.hrtime.bigint();
    await cluster.submitWork({ id });
    submissions.push({ id, at, storedAt: process.hrtime.bigint() });
  }
  await say({ type: 'submitted', submissions });
}

async function stop(): Promise<void> {
  await close();
  await tellAndEnd<LatencyMessage>({ type: 'slave' });
}

process.on('message', (order: LatencyOrder) => void (order.type === 'stop' ? stop() : submit(order)));

await cluster.run();
