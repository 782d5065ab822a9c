/**
 * Entry: many managed clusters of one process that become master at once, with a stored queue each, and then have
 * nothing to do but a task now and then. Beats are counted from the start on.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { failover } from 'mongo-failover';
import { settingsOf, tellAndEnd } from '../support/entry.js';
import { watchOthers } from '../support/othersCpu.js';
import type { ManyReport, ManySettings } from './messages.js';

/** Tasks whose way from submission to `done` is measured, each on an idle cluster of its own. */
const FIRST_TASKS = 5;

const { duration, folder, clusters: count } = settingsOf<ManySettings>();
const { managed: Managed, close } = failover({ nodb: { path: folder } });
const work = new URL('./idleWork.js', import.meta.url);
let leasesLost = 0;
let errors = 0;
const clusters = Array.from({ length: count }, (_, index) => {
  const cluster = new Managed<{ id: number }>(`many-${index}`, 'id', work, { durable: true });
  cluster.on('error', () => {
    errors += 1;
  });
  cluster.on('panic', (error) => console.error(`many: ${error.message}`));
  cluster.on('statechange', (from) => {
    if (from === 'master') leasesLost += 1;
  });
  return cluster;
});

const othersCpu = watchOthers();
const startedAt = performance.now();
await Promise.all(
  clusters.map(async (cluster) => {
    const elected = once(cluster, 'master');
    await cluster.run();
    await elected;
  }),
);
const elected = performance.now() - startedAt;
const cpuBefore = process.cpuUsage();
await sleep(duration);
const { user, system } = process.cpuUsage(cpuBefore);
const firstTasks: number[] = [];
for (const cluster of clusters.slice(0, FIRST_TASKS)) {
  const submittedAt = performance.now();
  const done = once(cluster, 'done');
  await cluster.submitWork({ id: 1 });
  await done;
  firstTasks.push(performance.now() - submittedAt);
}
const lost = leasesLost;
const beats = (await Promise.all(clusters.map((cluster) => cluster.status()))).map(({ heartbeat }) => heartbeat);
const worst = (kind: 'lateness' | 'delay' | 'roundTrip') => ({
  count: beats.reduce((sum, { sent }) => sum + sent, 0),
  min: 0,
  p50: Math.max(...beats.map((beat) => beat[kind].p50)),
  p99: Math.max(...beats.map((beat) => beat[kind].p99)),
  max: Math.max(...beats.map((beat) => beat[kind].max)),
});
const report: ManyReport = {
  type: 'report',
  lateness: worst('lateness'),
  roundTrip: worst('roundTrip'),
  leasesLost: lost,
  errors,
  elected,
  firstTask: Math.max(...firstTasks),
  rss: process.memoryUsage.rss(),
  cpu: (user + system) / 1000 / duration,
  othersCpu: othersCpu(),
};
await close();
await tellAndEnd(report);
