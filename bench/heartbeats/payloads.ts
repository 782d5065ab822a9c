/**
 * Entry: big payloads, submitted and run as fast as they go through one cluster. Callers submit the next task when
 * theirs is done, so the memory stays bounded.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { failover } from 'mongo-failover';
import { callAtOnce } from '../support/callers.js';
import { settingsOf, tellAndEnd } from '../support/entry.js';
import { watchOthers } from '../support/othersCpu.js';
import { patiently } from '../support/patiently.js';
import type { PayloadReport, PayloadSettings } from './messages.js';
import type { PayloadTask } from './payloadWork.js';

/** How long what is under way at the end is waited for, in ms. */
const PATIENCE = 5000;

const { duration, folder, intervals, durable, bytes, underWay } = settingsOf<PayloadSettings>();
const payload = randomBytes(bytes);
const { managed: Managed, close } = failover({ nodb: { path: folder }, intervals });
const work = new URL('./payloadWork.js', import.meta.url);
const cluster = new Managed<PayloadTask>('payloads', 'id', work, { durable });
let storeErrors = 0;
cluster.on('error', () => {
  storeErrors += 1;
});
cluster.on('panic', (error) => console.error(`payloads: ${error.message}`));
let leasesLost = 0;
cluster.on('statechange', (from) => {
  if (from === 'master') leasesLost += 1;
});
const waiting = new Map<unknown, () => void>();
let done = 0;
let refused = 0;
cluster.on('done', (id) => {
  done += 1;
  waiting.get(id)?.();
  waiting.delete(id);
});

async function through(id: number): Promise<void> {
  const over = new Promise<void>((resolve) => waiting.set(id, resolve));
  await patiently(
    () => cluster.submitWork({ id, payload }),
    () => {
      refused += 1;
    },
  );
  await over;
}

await cluster.run();
// The task thread is there and at work when its first task is done.
await through(-1);
done = 0;
const othersCpu = watchOthers();
const submitting = callAtOnce(underWay, Number.POSITIVE_INFINITY, through, duration);
await sleep(duration);
const tasks = done;
const others = othersCpu();
const { heartbeat } = await cluster.status();
const lost = leasesLost;
// What a lost lease took with it may not be told as done any more.
await Promise.race([submitting, sleep(PATIENCE)]);
const whole = (kind: 'lateness' | 'delay' | 'roundTrip') => ({ count: heartbeat.sent, min: 0, ...heartbeat[kind] });
await close();
await tellAndEnd<PayloadReport>({
  type: 'report',
  lateness: whole('lateness'),
  delay: whole('delay'),
  roundTrip: whole('roundTrip'),
  tasks,
  leasesLost: lost,
  storeErrors,
  refused,
  othersCpu: others,
});
