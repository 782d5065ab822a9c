/** Entry: CPU-heavy tasks through a managed cluster, and in a bare loop in one thread, round after round in turn. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { failover } from 'mongo-failover';
import { settingsOf, tellAndEnd } from '../support/entry.js';
import { median } from '../support/spread.js';
import type { BareRequest } from './bareHeavy.js';
import { doneEvents } from './doneEvents.js';
import type { HeavyTask } from './heavyWork.js';
import type { HeavyReport, HeavySettings } from './messages.js';

/** Turns and tasks by which the machine is measured first. */
const TRIAL = { turns: 1_000_000, tasks: 200 };

const { folder, rounds, tasks, taskTime } = settingsOf<HeavySettings>();
const thread = new Worker(new URL('./bareHeavy.js', import.meta.url));
const { managed: Managed, close } = failover({ nodb: { path: folder } });
const cluster = new Managed<HeavyTask>('heavy', 'id', new URL('./heavyWork.js', import.meta.url));
const elected = once(cluster, 'master');
await cluster.run();
await elected;

/** In ms. */
async function bare(request: BareRequest): Promise<number> {
  const answer = once(thread, 'message');
  thread.postMessage(request);
  const [time] = await answer;
  return Number(time);
}

let nextId = 0;
async function managed(turns: number): Promise<number> {
  const all = doneEvents(cluster, tasks);
  const from = performance.now();
  await Promise.all(Array.from({ length: tasks }, () => cluster.submitWork({ id: nextId++, turns })));
  await all;
  return performance.now() - from;
}

const trial = await bare(TRIAL);
const turns = Math.max(1, Math.round((TRIAL.turns * TRIAL.tasks * taskTime) / trial));
const report = { type: 'report' as const, managed: [] as number[], bare: [] as number[] };
const times: number[] = [];
for (let round = 0; round <= rounds; round++) {
  const ofManaged = await managed(turns);
  const ofBare = await bare({ tasks, turns });
  if (round === 0) continue;
  report.managed.push((tasks / ofManaged) * 1000);
  report.bare.push((tasks / ofBare) * 1000);
  times.push(ofBare / tasks);
}
await Promise.all([close(), thread.terminate()]);
await tellAndEnd<HeavyReport>({ ...report, taskTime: median(times) });
