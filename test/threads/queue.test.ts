/** A managed queue in one process: order, results, repetition. */
import { threadId } from 'node:worker_threads';
import type { ManagedOptions } from 'mongo-failover';
import { expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Journal, overlapping } from '../support/journal.ts';

const journalWork = new URL('../support/works/journal.mjs', import.meta.url);
const scriptedWork = new URL('./fixtures/scripted.mjs', import.meta.url);

interface Task {
  id: number | string;
  file: string;
  script?: string[];
}

async function member(work: URL, retry?: { minDelay: number; maxDelay: number }) {
  const folder = await settledFolder();
  const { managed: Managed } = open({ folder });
  const cluster = new Managed<Task>('queue', 'id', work, retry === undefined ? {} : { retry });
  return { cluster, events: new Events(cluster), journal: new Journal(folder) };
}

test('the only member becomes master and does the tasks in their order, one at a time, in a thread of their own', async () => {
  const { cluster, events, journal } = await member(journalWork);
  const { file } = journal;
  const ids = Array.from({ length: 60 }, (_, index) => index);
  const [before, after] = [ids.slice(0, 30), ids.slice(30)];
  const submitted = before.map((id) => cluster.submitWork({ id, file }));
  expect(cluster.state).toBe('stopped');
  await cluster.run();
  await events.first('master');
  submitted.push(...after.map((id) => cluster.submitWork({ id, file })));
  expect(await Promise.all(submitted)).toEqual(ids.map(() => ({ stored: true })));
  await events.done(59);

  expect(events.doneIds).toEqual(ids);
  const runs = journal.runs();
  expect(runs.map(({ id }) => id)).toEqual(ids);
  expect(overlapping(runs)).toEqual([]);
  expect(new Set(runs.map(({ thread }) => thread)).size).toBe(1);
  expect(runs[0]?.thread).not.toBe(threadId);
  expect(new Set(runs.map(({ term }) => term))).toEqual(new Set([cluster.term]));
  expect(events.states).toEqual(['init', 'master']);
  expect(await cluster.status()).toMatchObject({ state: 'master', queued: 0, queuedBytes: 0, running: null, done: 60 });
});

test('many by one call are done in their order, and none twice', async () => {
  const { cluster, events, journal } = await member(journalWork);
  const { file } = journal;
  const ids = Array.from({ length: 700 }, (_, index) => index + 1);
  await cluster.run();
  const submitted = [
    cluster.submitWork({ id: 0, file }),
    cluster.submitMany([...ids, 7].map((id) => ({ id, file }))),
    cluster.submitWork({ id: 701, file }),
  ];
  expect(await Promise.all(submitted)).toEqual([{ stored: true }, { stored: 700, duplicates: 1 }, { stored: true }]);
  await events.done(701);
  expect(journal.runs().map(({ id }) => id)).toEqual([0, ...ids, 701]);
  expect(await cluster.status()).toMatchObject({ queued: 0, queuedBytes: 0, done: 702 });
});

test('false, a throw and a rejection keep a task at the head until it returns true', async () => {
  const { cluster, events, journal } = await member(scriptedWork, { minDelay: 20, maxDelay: 20 });
  const { file } = journal;
  await cluster.run();
  await Promise.all([
    cluster.submitWork({ id: 'a', file, script: ['false', 'false', 'false'] }),
    cluster.submitWork({ id: 'b', file, script: ['throw'] }),
    cluster.submitWork({ id: 'c', file, script: ['reject'] }),
    cluster.submitWork({ id: 'd', file }),
  ]);
  await events.done('d');

  const told = events.all.filter(({ name }) => name === 'done' || name === 'failed');
  expect(told.map(({ name, args: [id, , attempt] }) => [name, id, attempt])).toEqual([
    ...[1, 2, 3].map((attempt) => ['failed', 'a', attempt]),
    ['done', 'a', undefined],
    ['failed', 'b', 1],
    ['done', 'b', undefined],
    ['failed', 'c', 1],
    ['done', 'c', undefined],
    ['done', 'd', undefined],
  ]);
  const errors = new Map(events.of('failed').map(([id, error]) => [id, error]));
  expect(errors.get('a')).toMatchObject({ name: 'WorkError', code: 'ERR_WORK_FAILED' });
  expect(errors.get('b')).toMatchObject({ name: 'RangeError', message: 'thrown by the work' });
  expect(errors.get('c')).toMatchObject({ name: 'RangeError', message: 'rejected by the work' });

  const runs = journal.runs();
  expect(runs.map(({ id, attempt }) => `${id}${attempt}`)).toEqual([
    'a1',
    'a2',
    'a3',
    'a4',
    'b1',
    'b2',
    'c1',
    'c2',
    'd1',
  ]);
  const pauses = runs.slice(1, 4).map(({ at }, index) => Number(at - (runs[index]?.end ?? at)) / 1e6);
  // Not drawn at random, where least and most are the same.
  for (const pause of pauses) expect(pause).toBeGreaterThanOrEqual(20);
});

test('a task whose id is queued already is not stored twice, and one that was done may come again', async () => {
  const { cluster, events, journal } = await member(journalWork);
  const { file } = journal;
  const [first, again] = await Promise.all([cluster.submitWork({ id: 1, file }), cluster.submitWork({ id: 1, file })]);
  expect([first, again]).toEqual([{ stored: true }, { stored: false }]);
  // Another id, for a number and a text are not the same.
  expect(await cluster.submitWork({ id: '1', file })).toEqual({ stored: true });
  await cluster.run();
  await events.done('1');
  expect(await cluster.submitWork({ id: 1, file })).toEqual({ stored: true });
  await events.when(() => events.doneIds.length === 3);
  expect(events.doneIds).toEqual([1, '1', 1]);
});

test('a standby that was never fed a task takes its dead letter back into its own queue', async () => {
  const folder = await settledFolder();
  const { managed: Managed } = open({ folder });
  const options: ManagedOptions = { retry: { attempts: 1, exhausted: 'dead-letter' } };
  const [master, standby] = [1, 2].map(() => new Managed<Task>('queue', 'id', scriptedWork, options));
  if (master === undefined || standby === undefined) throw new Error('two were made');
  const [events, standbyEvents] = [new Events(master), new Events(standby)];
  await master.run();
  await events.first('master');
  await standby.run();
  await standbyEvents.first('slave');
  await master.submitWork({ id: 'a', file: new Journal(folder).file, script: ['false'] });
  await events.first('deadletter');
  await standbyEvents.first('synchronize');
  expect((await standby.status()).dead).toBe(1);

  expect(await standby.requeue('a')).toBe(true);
  expect(await standby.status()).toMatchObject({ queued: 1, dead: 0 });
  expect(await standby.requeue('a')).toBe(false);
  await master.stop();
  // Its first attempt by this member, which fails by the same script.
  await standbyEvents.first('deadletter');
  expect(standbyEvents.of('failed')).toEqual([['a', expect.objectContaining({ code: 'ERR_WORK_FAILED' }), 1]]);
});
