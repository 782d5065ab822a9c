/**
 * Entry: the same tasks through a managed cluster, through a pair of threads that promises nothing, and through sequential
 * loops over Piscina, round after round in turn.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { failover } from 'mongo-failover';
import { Piscina } from 'piscina';
import { callAtOnce } from '../support/callers.js';
import { settingsOf, tellAndEnd } from '../support/entry.js';
import { doneEvents } from './doneEvents.js';
import type { ThroughputReport, ThroughputSettings } from './messages.js';
import { MESSAGE_TASKS, MESSAGES_AT_ONCE, Pair } from './pair.js';

/** Between two looks whether the queue is empty, in ms: what a round without a listener may be measured too long. */
const LOOK = 2;

const { folder, rounds, tasks, loopTasks, atOnce } = settingsOf<ThroughputSettings>();
const work = new URL('./work.js', import.meta.url);
const { managed: Managed, close } = failover({ nodb: { path: folder } });
const cluster = new Managed<{ id: number }>('throughput', 'id', work);
const elected = once(cluster, 'master');
await cluster.run();
await elected;

const oneThread = { filename: fileURLToPath(work), minThreads: 1, maxThreads: 1 };
const plain = new Piscina({ ...oneThread, atomics: 'disabled', recordTiming: false });
const usual = new Piscina(oneThread);

const pair = new Pair();

let nextId = 0;
const nextTasks = (): { id: number }[] => Array.from({ length: MESSAGE_TASKS }, () => ({ id: nextId++ }));
const inMessages = (send: (tasks: { id: number }[]) => Promise<unknown>): Promise<number> =>
  callAtOnce(MESSAGES_AT_ONCE, tasks / MESSAGE_TASKS, () => send(nextTasks()));
const submitAll = (): Promise<number> => callAtOnce(atOnce, tasks, () => cluster.submitWork({ id: nextId++ }));

/** Nothing listens: the end is seen by looking. */
async function silent(submit: () => Promise<number>): Promise<void> {
  await submit();
  while ((await cluster.status()).queued > 0) await sleep(LOOK);
}

async function listened(): Promise<void> {
  const all = doneEvents(cluster, tasks);
  await submitAll();
  await all;
}

async function sequential(pool: Piscina): Promise<void> {
  for (let index = 0; index < loopTasks; index++) await pool.run({ id: nextId++ });
}

async function rate(count: number, run: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await run();
  return count / ((performance.now() - from) / 1000);
}

const report = {
  type: 'report' as const,
  many: [] as number[],
  limit: [] as number[],
  promises: [] as number[],
  silent: [] as number[],
  listened: [] as number[],
  piscina: [] as number[],
  piscinaDefault: [] as number[],
};
for (let round = 0; round <= rounds; round++) {
  const ofMany = await rate(tasks, () => silent(() => inMessages((many) => cluster.submitMany(many))));
  const ofLimit = await rate(tasks, async () => void (await inMessages((many) => pair.sendMany(many))));
  const ofSilent = await rate(tasks, () => silent(submitAll));
  const ofPromises = await rate(
    tasks,
    async () => void (await callAtOnce(atOnce, tasks, () => pair.sendOne({ id: nextId++ }))),
  );
  const ofListened = await rate(tasks, listened);
  const ofPlain = await rate(loopTasks, () => sequential(plain));
  const ofUsual = await rate(loopTasks, () => sequential(usual));
  // The first round runs code that is not compiled yet.
  if (round === 0) continue;
  report.many.push(ofMany);
  report.limit.push(ofLimit);
  report.silent.push(ofSilent);
  report.promises.push(ofPromises);
  report.listened.push(ofListened);
  report.piscina.push(ofPlain);
  report.piscinaDefault.push(ofUsual);
}
await Promise.all([close(), pair.end(), plain.destroy(), usual.destroy()]);
await tellAndEnd<ThroughputReport>(report);
