/** Entry: millions of tiny tasks through one member, and what its process and its store hold on the way. */
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { failover } from 'mongo-failover';
import { callAtOnce } from '../support/callers.js';
import { settingsOf, tellAndEnd } from '../support/entry.js';
import type { ManyTasksReport, ManyTasksSettings, Mark, Resident } from './messages.js';
import { middleOf, resident } from './resident.js';

/** Between two samples, in ms. */
const PAUSE = 50;
/** The share of the way to a mark, at its end, whose samples count. */
const COUNTED = 0.3;
/** Tasks that wait, at most: submitting faster than the work goes would measure the backlog. */
const WAITING_MAX = 20_000;

const { folder, durable, marks, atOnce } = settingsOf<ManyTasksSettings>();
const { managed: Managed, close } = failover({ nodb: { path: folder } });
const work = new URL('../throughput/work.js', import.meta.url);
const cluster = new Managed<{ id: number }>('memory', 'id', work, { durable });
const elected = once(cluster, 'master');
await cluster.run();
await elected;

let done = 0;
let wanted = 0;
let wake: () => void = () => {};
cluster.on('done', () => {
  done += 1;
  if (done >= wanted) wake();
});
/** Resolves when so many are done in all. */
function doneAre(count: number): Promise<void> {
  wanted = count;
  return done >= count ? Promise.resolve() : new Promise((resolve) => (wake = resolve));
}

/** The store holds no folders. */
async function onDisk(): Promise<number> {
  const files = await readdir(folder);
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

const samples: { readonly done: number; readonly resident: Resident }[] = [];
let over = false;
const sampling = (async () => {
  for (; !over; await sleep(PAUSE)) samples.push({ done, resident: resident() });
})();
const results: Mark[] = [];
const from = performance.now();
let submitted = 0;
for (const mark of marks) {
  const first = submitted;
  while (submitted < mark) {
    const id = submitted;
    const part = Math.min(WAITING_MAX / 2, mark - id);
    await callAtOnce(atOnce, part, (index) => cluster.submitWork({ id: id + index }));
    submitted += part;
    await doneAre(Math.max(0, submitted - WAITING_MAX / 2));
  }
  await doneAre(mark);
  const since = mark - (mark - first) * COUNTED;
  samples.push({ done, resident: resident() });
  const counted = samples.filter((sample) => sample.done >= since).map((sample) => sample.resident);
  samples.length = 0;
  const seconds = (performance.now() - from) / 1000;
  const rate = (mark - first) / (seconds - (results.at(-1)?.seconds ?? 0));
  const disk = await onDisk();
  results.push({ tasks: mark, seconds, rate, resident: middleOf(counted), samples: counted.length, disk });
}
over = true;
await sampling;
await close();
await tellAndEnd<ManyTasksReport>({ type: 'report', marks: results });
