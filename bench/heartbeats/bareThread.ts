/**
 * Entry, a bare worker thread that beats by a plain timer, while the main thread spins and `busyThreads` threads work at
 * normal priority: threads like ours, without what the coordinator does to be on time.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { startBusyThreads } from '../../src/cli/bench/busyThreads.js';
import { measureSlice } from '../../src/cli/bench/cpuWork.js';
import { settingsOf, tellAndEnd } from '../support/entry.js';
import { watchOthers } from '../support/othersCpu.js';
import { spreadOf } from '../support/spread.js';
import type { BeatReport, PlainSettings } from './messages.js';
import { latenessOf, plainBeats } from './plainBeats.js';

async function beat({ interval, duration }: PlainSettings): Promise<void> {
  parentPort?.postMessage(await plainBeats(interval, duration));
}

async function main(settings: PlainSettings): Promise<void> {
  const { duration, interval, validity, busyThreads } = settings;
  const sliceTime = measureSlice();
  const busy = await startBusyThreads(busyThreads);
  const othersCpu = watchOthers();
  const before = busy.slices();
  const thread = new Worker(new URL(import.meta.url), { workerData: settings });
  const beaten = new Promise<number[]>((resolve) => thread.once('message', resolve));
  await new Promise((resolve) => thread.once('online', resolve));
  const until = performance.now() + duration;
  while (performance.now() < until);
  const gaps = await beaten;
  const slices = busy.slices() - before;
  const others = othersCpu();
  await busy.end();
  const report: BeatReport = {
    type: 'report',
    lateness: spreadOf(latenessOf(gaps, interval)),
    slices,
    slice: sliceTime,
    leasesLost: gaps.filter((gap) => gap > validity).length,
    othersCpu: others,
  };
  await tellAndEnd(report);
}

if (isMainThread) await main(settingsOf<PlainSettings>());
else await beat(workerData);
