/**
 * Entry, a timer on the main thread that also does the work, a slice at a time and a turn of the loop after each: what
 * a library without threads of its own can do. `busyThreads` more threads do the same work.
 */

import { startBusyThreads } from '../../src/cli/bench/busyThreads.js';
import { measureSlice, slice } from '../../src/cli/bench/cpuWork.js';
import { settingsOf, tellAndEnd } from '../support/entry.js';
import { watchOthers } from '../support/othersCpu.js';
import { spreadOf } from '../support/spread.js';
import type { BeatReport, PlainSettings } from './messages.js';
import { latenessOf, plainBeats } from './plainBeats.js';

const { duration, interval, validity, busyThreads } = settingsOf<PlainSettings>();
const sliceTime = measureSlice();
const busy = await startBusyThreads(busyThreads);
const othersCpu = watchOthers();
const before = busy.slices();
let slices = 0;
let over = false;
const work = (): void => {
  if (over) return;
  slice(slices);
  slices += 1;
  setImmediate(work);
};
setImmediate(work);
const gaps = await plainBeats(interval, duration);
over = true;
const report: BeatReport = {
  type: 'report',
  lateness: spreadOf(latenessOf(gaps, interval)),
  slices: slices + busy.slices() - before,
  slice: sliceTime,
  leasesLost: gaps.filter((gap) => gap > validity).length,
  othersCpu: othersCpu(),
};
await busy.end();
await tellAndEnd(report);
