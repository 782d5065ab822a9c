/**
 * Entry, ours: as many managed clusters as there are cores, each with tasks enough for the whole time, and a main thread
 * that spins from the first beat until the measuring is over. What the coordinator counted is asked for afterwards.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { failover } from 'mongo-failover';
import { measureSlice } from '../../src/cli/bench/cpuWork.js';
import { settingsOf, tellAndEnd } from '../support/entry.js';
import { watchOthers } from '../support/othersCpu.js';
import { msBetween } from '../support/spread.js';
import type { OurReport, OurSettings } from './messages.js';

const { duration, busyThreads, folder, intervals, work } = settingsOf<OurSettings>();
const sliceTime = measureSlice();
const { managed: Managed, close } = failover({ nodb: { path: folder }, intervals });
const clusters = Array.from(
  { length: busyThreads },
  (_, index) => new Managed<{ id: number }>(`heartbeats-${index}`, 'id', new URL(work, import.meta.url)),
);
let leasesLost = 0;
await Promise.all(
  clusters.map(async (cluster) => {
    // Twice what fits in, should a slice be faster there than it was here.
    const tasks = Math.ceil((duration / sliceTime) * 2) + 20;
    for (let id = 0; id < tasks; id++) await cluster.submitWork({ id });
    cluster.on('error', (error) => console.error(`ours: ${error.message}`));
    cluster.on('panic', (error) => console.error(`ours: ${error.message}`));
    cluster.on('statechange', (from) => {
      if (from === 'master') leasesLost += 1;
    });
    // The task thread is there and at work when its first task is done. Not by `once`, which an `error` event ends.
    const working = new Promise((resolve) => cluster.once('done', resolve));
    await cluster.run();
    await working;
  }),
);

// From here on the main thread does not turn its loop.
const othersCpu = watchOthers();
const blockedFrom = process.hrtime.bigint();
let leastLease = Number.POSITIVE_INFINITY;
while (msBetween(blockedFrom, process.hrtime.bigint()) < duration) {
  for (const cluster of clusters) leastLease = Math.min(leastLease, cluster.leaseRemaining());
}
const blocked = msBetween(blockedFrom, process.hrtime.bigint());
const others = othersCpu();

const statuses = await Promise.all(clusters.map((cluster) => cluster.status()));
// The events of the whole time are delivered only now.
await sleep(300);
const lost = leasesLost;
const beats = statuses.map(({ heartbeat }) => heartbeat);
const sent = beats.reduce((sum, { sent: own }) => sum + own, 0);
const worst = (kind: 'lateness' | 'delay' | 'roundTrip') => ({
  count: sent,
  min: 0,
  p50: Math.max(...beats.map((beat) => beat[kind].p50)),
  p99: Math.max(...beats.map((beat) => beat[kind].p99)),
  max: Math.max(...beats.map((beat) => beat[kind].max)),
});
const report: OurReport = {
  type: 'report',
  lateness: worst('lateness'),
  delay: worst('delay'),
  roundTrip: worst('roundTrip'),
  slices: statuses.reduce((sum, { done }) => sum + done, 0),
  slice: sliceTime,
  leasesLost: lost,
  othersCpu: others,
  blocked,
  leastLease,
  clusters: clusters.length,
};
await close();
await tellAndEnd(report);
