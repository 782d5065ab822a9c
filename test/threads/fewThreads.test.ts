/** Many clusters, and few task threads at once (`taskThreads.most`). */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';

interface Task {
  readonly id: string;
  readonly file: string;
  readonly until?: string;
}

const work = new URL('./fixtures/tellsItsLife.mjs', import.meta.url);

test('clusters share two threads: no more live at once, each keeps its order, and all are served', async () => {
  const folder = await settledFolder();
  const file = join(folder, 'lives');
  const service = open({ folder, taskThreads: { most: 2 } });
  const names = ['a', 'b', 'c', 'd', 'e'];
  const clusters = names.map((name) => new service.managed<Task>(name, 'id', work, { durable: name < 'c' }));
  const events = clusters.map((cluster) => new Events(cluster));
  await Promise.all(clusters.map((cluster) => cluster.run()));
  const tasks = Array.from({ length: 30 }, (_, n) => n);
  await Promise.all(
    clusters.map((cluster, index) => cluster.submitMany(tasks.map((n) => ({ id: `${names[index]}${n}`, file })))),
  );
  await Promise.all(events.map((each, index) => each.done(`${names[index]}29`)));
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const live = new Set<string>();
  for (const [thread = '', what = ''] of lines.map((line) => line.split(' '))) {
    if (what === 'ends') live.delete(thread);
    else live.add(thread);
    expect(live.size).toBeLessThanOrEqual(2);
  }
  expect(lines.filter((line) => line.endsWith('begins')).length).toBeGreaterThanOrEqual(5);
  for (const [index, each] of events.entries()) {
    expect(each.doneIds).toEqual(tasks.map((n) => `${names[index]}${n}`));
    expect(each.states).toEqual(['init', 'master']);
    expect([...each.of('error'), ...each.of('panic'), ...each.of('failed')]).toEqual([]);
  }
});

test('who waits for a thread that is busy for long beats on, is seen to wait, and stops at once', async () => {
  const folder = await settledFolder();
  const [file, until] = [join(folder, 'lives'), join(folder, 'until')];
  const service = open({ folder, taskThreads: { most: 1 } });
  const make = (name: string) => new service.managed<Task>(name, 'id', work, { durable: true });
  const [long, stops, waits] = [make('long'), make('stops'), make('waits')];
  const events = new Events(waits);
  await Promise.all([long, stops, waits].map((cluster) => cluster.run()));
  const value = async (name: string) =>
    (await service.metrics()).find((family) => family.name === `mongo_failover_${name}`)?.samples[0]?.value;
  await long.submitWork({ id: 'long', file, until });
  await new Promise<void>((resolve) => {
    const look = (): unknown => (existsSync(file) ? resolve() : setTimeout(look, 5));
    look();
  });
  await stops.submitWork({ id: 'never', file });
  await waits.submitWork({ id: 'at last', file });
  while ((await value('task_threads_waiting')) !== 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const { heartbeat, threadWait } = await waits.status();
  expect(threadWait).toBeGreaterThan(0);
  expect((await long.status()).threadWait).toBe(null);
  expect(await value('task_threads')).toBe(1);
  // Each of these would wait for the long task, were it behind that.
  await stops.stop();
  await waits.pause({ reason: 'to see whether it waits' });
  await events.first('paused');
  await waits.resume();
  await events.first('resumed');
  while ((await waits.status()).heartbeat.acknowledged === heartbeat.acknowledged) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(events.doneIds).toEqual([]);
  writeFileSync(until, '');
  await events.done('at last');
  expect(events.states).toEqual(['init', 'master']);
  expect([...events.of('error'), ...events.of('panic')]).toEqual([]);
});
