/**
 * Entry, one member. It feeds itself: the number of a task is a time on the clock that all processes share, so
 * every member submits the same tasks without a word between them.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { failover } from 'mongo-failover';
import { settingsOf, tell, tellAndEnd } from '../support/entry.js';
import type { MemberMessage, MemberSettings, Order } from './messages.js';

/** Between two tasks, in ns. */
const EVERY = 10_000_000n;

/** Throwing it is what is measured. */
const THROWN = 'thrown by the benchmark, on purpose';

const { name, options } = settingsOf<MemberSettings>();
const { managed: Managed, close } = failover(options);
const cluster = new Managed<{ id: number }>(name, 'id', new URL('./work.js', import.meta.url));
const say = (message: MemberMessage): void => void tell(message);

cluster.on('statechange', (_, to) => say({ type: 'state', to, at: process.hrtime.bigint() }));
cluster.on('panic', (error) => say({ type: 'problem', text: `panic: ${error.message}` }));
cluster.on('error', (error) => say({ type: 'problem', text: `error: ${error.message}` }));
cluster.on('failed', (id, error) => say({ type: 'problem', text: `task ${id} failed: ${error.message}` }));
let workedTerm = 0;
cluster.on('done', () => {
  const { term } = cluster;
  if (term === null || term === workedTerm) return;
  workedTerm = term;
  say({ type: 'working', term });
});

let next = process.hrtime.bigint() / EVERY;
let stopping = false;
function feed(): void {
  for (const present = process.hrtime.bigint() / EVERY; next <= present; next++) {
    cluster.submitWork({ id: Number(next) }).catch((error: Error) => {
      if (!stopping) say({ type: 'problem', text: `task not taken: ${error.message}` });
    });
  }
}
const feeder = setInterval(feed, Number(EVERY) / 1e6);

async function stop(): Promise<void> {
  stopping = true;
  clearInterval(feeder);
  const askedAt = process.hrtime.bigint();
  const stopped = close();
  // Read from shared memory: the very moment in which this member has no lease any more.
  while (cluster.isMaster) await turn();
  const droppedAt = process.hrtime.bigint();
  await stopped;
  await tellAndEnd<MemberMessage>({ type: 'stopped', askedAt, droppedAt, stoppedAt: process.hrtime.bigint() });
}

async function status(): Promise<void> {
  const { queued, heartbeat } = await cluster.status();
  say({ type: 'status', queued, roundTrip: heartbeat.roundTrip.p99 });
}

process.on('message', (order: Order) => {
  if (order.type === 'stop') void stop();
  else if (order.type === 'quiet') clearInterval(feeder);
  else if (order.type === 'exit') process.exit();
  else if (order.type === 'throw') throw new Error(THROWN);
  else void status();
});

await cluster.run();
