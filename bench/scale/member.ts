/** Entry: many subsystems of one process, all master or all standby. It is measured when the runner asks for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { failover } from 'mongo-failover';
import { startBusyThreads } from '../../src/cli/bench/busyThreads.js';
import { settingsOf, tell, tellAndEnd } from '../support/entry.js';
import { watchOthers } from '../support/othersCpu.js';
import { countErrors, makeClusters } from './clusters.js';
import { latenessBetween } from './lateness.js';
import type { Ended, Joined, Measured, ScaleOrder, ScaleSettings } from './messages.js';

/** Of so many subsystems beats are looked at: to ask each of a thousand would be a load of its own. */
const LOOKED_AT = 50;
/** How often each managed subsystem has a task, in ms. */
const TASK_PERIOD_MS = 60_000;
const POLL_MS = 50;

const { options, clusters: count, kind, role, busyThreads, patience } = settingsOf<ScaleSettings>();
let warnings = 0;
process.on('warning', () => {
  warnings += 1;
});
const service = failover(options);
const { clusters, submit } = makeClusters(service, kind, count);
const errors = countErrors(clusters);
let leasesLost = 0;
for (const cluster of clusters) {
  cluster.on('statechange', (from) => {
    if (from === 'master') leasesLost += 1;
  });
}

const startedAt = performance.now();
await Promise.all(clusters.map((cluster) => cluster.run()));
const settled = (): boolean => clusters.every(({ state }) => state === role);
while (!settled() && performance.now() - startedAt < patience) await sleep(POLL_MS);
const inState = (state: string): number => clusters.filter((cluster) => cluster.state === state).length;
await tell<Joined>({
  type: 'joined',
  took: performance.now() - startedAt,
  masters: inState('master'),
  standbys: inState('slave'),
  errors: errors.count,
});

process.on('message', (order: ScaleOrder) => {
  if (order.type === 'measure') void measure(order.duration).then(tell<Measured>);
  else void end().then(tellAndEnd<Ended>);
});

async function measure(duration: number): Promise<Measured> {
  const busy = busyThreads > 0 ? await startBusyThreads(busyThreads) : undefined;
  const before = { errors: errors.count, leasesLost, tasks: submit.done, submitted: submit.submitted };
  errors.codes.clear();
  const beatsBefore = await service.metrics();
  const othersCpu = watchOthers();
  const cpuBefore = process.cpuUsage();
  const tasks = kind === 'managed' ? submitEvenly(duration) : Promise.resolve();
  await Promise.all([sleep(duration), tasks]);
  const { user, system } = process.cpuUsage(cpuBefore);
  const others = othersCpu();
  const measured = { errors: errors.count - before.errors, leasesLost: leasesLost - before.leasesLost };
  const rss = process.memoryUsage.rss();
  const tasksDone = submit.done - before.tasks;
  const lateness = latenessBetween(beatsBefore, await service.metrics());
  await busy?.end();
  const beats = await Promise.all(clusters.slice(0, LOOKED_AT).map(async (one) => (await one.status()).heartbeat));
  const worst = (of: 'roundTrip') => ({
    count: beats.reduce((sum, { sent }) => sum + sent, 0),
    min: 0,
    p50: Math.max(...beats.map((beat) => beat[of].p50)),
    p99: Math.max(...beats.map((beat) => beat[of].p99)),
    max: Math.max(...beats.map((beat) => beat[of].max)),
  });
  return {
    type: 'measured',
    lateness,
    roundTrip: worst('roundTrip'),
    ...measured,
    codes: errors.frequent(),
    cpu: (user + system) / 1000 / duration,
    rss,
    submitted: submit.submitted - before.submitted,
    tasks: tasksDone,
    threadWait: await threadWait(),
    othersCpu: others,
    warnings,
  };
}

async function threadWait(): Promise<number> {
  const family = (await service.metrics()).find(({ name }) => name === 'mongo_failover_task_thread_wait_seconds');
  const value = (end: string): number => family?.samples.find(({ name }) => name.endsWith(end))?.value ?? 0;
  return (1000 * value('_sum')) / Math.max(1, value('_count'));
}

/** Submits one after another: each subsystem has its task a minute. */
async function submitEvenly(duration: number): Promise<void> {
  const until = performance.now() + duration;
  const pause = TASK_PERIOD_MS / count;
  for (let next = performance.now(), index = 0; next < until; next += pause, index += 1) {
    await sleep(Math.max(0, next - performance.now()));
    submit.to(index % count);
  }
}

async function end(): Promise<Ended> {
  const from = performance.now();
  await service.close();
  return { type: 'ended', took: performance.now() - from };
}
