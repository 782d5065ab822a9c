/** Work that misbehaves fails its own task, and hurts neither the queue nor the mastership. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ManagedOptions } from 'mongo-failover';
import { describe, expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Journal } from '../support/journal.ts';

const scripted = new URL('./fixtures/scripted.mjs', import.meta.url);

async function member(work: URL | ((folder: string) => URL), options: ManagedOptions = {}) {
  const folder = await settledFolder();
  const { managed: Managed } = open({ folder });
  const href = work instanceof URL ? work : work(folder);
  const retry = { minDelay: 10 };
  const cluster = new Managed<{ id: string; file: string; script?: string[] }>('misbehaving', 'id', href, {
    retry,
    ...options,
  });
  const events = new Events(cluster);
  await cluster.run();
  return { cluster, events, journal: new Journal(folder), folder };
}

/** Nothing but the work was hurt: one mastership, and no error of the cluster but those. */
function expectUntouched(events: Events, ...errors: object[]) {
  expect(events.states).toEqual(['init', 'master']);
  expect(events.of('error')).toEqual(errors.map((error) => [expect.objectContaining(error)]));
  expect(events.of('panic')).toEqual([]);
}

describe('a task fails alone, is tried again, and the others are done in their order, when its work', () => {
  const cases: [what: string, act: string, error: object, options?: ManagedOptions][] = [
    ['calls process.exit', 'exit', { code: 'ERR_TASK_THREAD_EXITED' }],
    ['takes more memory than resourceLimits give', 'memory', { code: 'ERR_TASK_THREAD_EXITED' }, small()],
    ['asks for an array buffer that cannot be had', 'buffer', { name: 'RangeError' }, small()],
    ['recurses without end', 'deep', { name: 'RangeError' }],
    ['returns nothing', 'nothing', { code: 'ERR_WORK_RESULT' }],
    ['returns what is only truthy', 'truthy', { code: 'ERR_WORK_RESULT' }],
    ['returns what cannot be cloned', 'uncloneable', { code: 'ERR_WORK_RESULT' }],
    ['throws undefined', 'throwNothing', { message: 'undefined' }],
    ['throws an error that cannot be read', 'throwHostile', { message: 'a value that cannot be shown was thrown' }],
    ['leaves a rejection unhandled', 'unhandled', { code: 'ERR_TASK_THREAD_EXITED' }],
  ];
  test.each(cases)('%s', async (_what, act, error, options) => {
    const { cluster, events, journal } = await member(scripted, options);
    const { file } = journal;
    await Promise.all([
      cluster.submitWork({ id: 'before', file }),
      cluster.submitWork({ id: 'bad', file, script: [act] }),
      cluster.submitWork({ id: 'after', file }),
    ]);
    await events.done('after');
    const told = events.all.filter(({ name }) => name === 'done' || name === 'failed');
    expect(told.map(({ name, args: [id] }) => `${name} ${id}`)).toEqual([
      'done before',
      'failed bad',
      'done bad',
      'done after',
    ]);
    expect(events.of('failed')).toEqual([['bad', expect.objectContaining(error), 1]]);
    expect(journal.runs().map(({ id, attempt }) => `${id}${attempt}`)).toEqual(['before1', 'bad1', 'bad2', 'after1']);
    expectUntouched(events);
  });
});

function small(): ManagedOptions {
  return { resourceLimits: { maxOldGenerationSizeMb: 32 } };
}

test.each([
  ['a timer that throws', 'strayThrow'],
  ['a rejection that nobody handles', 'strayReject'],
])('%s, which a task left behind after its result, ends the thread and loses nothing', async (_what, act) => {
  const { cluster, events, journal } = await member(scripted);
  const { file } = journal;
  await cluster.submitWork({ id: 'stray', file, script: [act] });
  await events.done('stray');
  const ids = Array.from({ length: 50 }, (_, index) => String(index));
  // The first of them turns the loop of the thread, for timers do not come between tasks that follow each other at once.
  await Promise.all(ids.map((id) => cluster.submitWork({ id, file, script: id === '0' ? ['pause', 'pause'] : [] })));
  await events.done('49');
  expect(events.doneIds).toEqual(['stray', ...ids]);
  expect(new Set(journal.runs().map(({ thread }) => thread)).size).toBe(2);
  // It is told once: by the task that ran just then, or as an error when none did.
  const errors = [...events.of('error').map(([error]) => error), ...events.of('failed').map(([, error]) => error)];
  expect(errors).toEqual([expect.objectContaining({ code: 'ERR_TASK_THREAD_EXITED' })]);
  expect(events.of('panic')).toEqual([]);
  expect(events.states).toEqual(['init', 'master']);
});

test.each([
  ['talks to, and closes, the port of its thread', 'closePort'],
  ['wants to exit before the thread does', 'exitBeforeExit'],
  ['floods that port with messages', 'flood'],
  ['prints a megabyte', 'megabyte'],
])('work that %s is done like any other', async (_what, act) => {
  const { cluster, events, journal } = await member(scripted);
  const { file } = journal;
  await cluster.submitWork({ id: 'strange', file, script: [act] });
  await cluster.submitWork({ id: 'after', file });
  await events.done('after');
  expect(events.of('failed')).toEqual([]);
  expectUntouched(events);
});

test('a module that was broken on disk is missed by the next thread only, and tried again until it is mended', async () => {
  const broken = 'export default (';
  const good = `export default ({ die }, { attempt }) => (die && attempt === 1 ? process.exit(1) : true);`;
  const brokenLater = pathToFileURL(join(await settledFolder(), 'work.mjs'));
  await writeFile(brokenLater, good);
  const { cluster, events, folder } = await member(brokenLater);
  await cluster.submitWork({ id: 'before', file: '' });
  await events.done('before');
  await writeFile(brokenLater, broken);
  await Promise.all(['dies', 'after'].map((id) => cluster.submitWork({ id, file: folder, ...{ die: id === 'dies' } })));
  await events.when(() => events.of('failed').length === 3);
  expect(events.of('failed').map(([id, { code }]) => [id, code])).toEqual([
    ['dies', 'ERR_TASK_THREAD_EXITED'],
    ['dies', 'ERR_WORK_MODULE'],
    ['dies', 'ERR_WORK_MODULE'],
  ]);
  await writeFile(brokenLater, good);
  await events.done('after');
  expect(events.doneIds).toEqual(['before', 'dies', 'after']);
  expectUntouched(events);
});

describe('a module that', () => {
  const fixture = (how: string) => (folder: string) => {
    const url = new URL('./fixtures/loads.mjs', import.meta.url);
    url.searchParams.set('how', how);
    url.searchParams.set('mended', join(folder, 'mended'));
    return url;
  };

  test.each([
    ['throws while it loads', 'throws', { code: 'ERR_WORK_MODULE', message: expect.stringContaining('not today') }],
    ['exits while it loads', 'exits', { code: 'ERR_TASK_THREAD_EXITED' }],
  ])('%s is tried again until it is mended', async (_what, how, error) => {
    const { cluster, events, journal, folder } = await member(fixture(how));
    await cluster.submitWork({ id: 'a', file: journal.file });
    await events.when(() => events.of('failed').length === 3);
    expect(events.of('failed')).toEqual([1, 2, 3].map((attempt) => ['a', expect.objectContaining(error), attempt]));
    expect(await cluster.status()).toMatchObject({ queued: 1, state: 'master' });
    await writeFile(join(folder, 'mended'), '');
    await events.done('a');
    // Told once by itself, for a module that does not load is wrong before a task comes.
    expectUntouched(events, error);
  });

  test.each(['hangs', 'loops'])('%s while it loads does not hold up stop()', async (how) => {
    const { cluster, events, journal } = await member(fixture(how), { stopTimeout: 50 });
    await cluster.submitWork({ id: 'a', file: journal.file });
    await events.first('master');
    await cluster.stop();
    expect(events.states).toEqual(['init', 'master', 'stopped']);
    expect([...events.of('error'), ...events.of('panic')]).toEqual([]);
  });

  test('has no default export is told before a task comes, and fails each try', async () => {
    const { cluster, events, journal } = await member(new URL('./fixtures/noDefault.mjs', import.meta.url));
    await events.first('error');
    await cluster.submitWork({ id: 'a', file: journal.file });
    await events.when(() => events.of('failed').length === 2);
    expect(events.of('failed')[1]?.[1]).toMatchObject({ name: 'WorkError', code: 'ERR_WORK_MODULE' });
    expectUntouched(events, { code: 'ERR_WORK_MODULE' });
  });
});

test('stop() ends an endless loop after stopTimeout, and the next member begins the task anew', async () => {
  const { cluster, events, journal, folder } = await member(scripted, { stopTimeout: 50 });
  const task = { id: 'endless', file: journal.file, script: ['loop'] };
  const next = new (open({ folder }).managed)<typeof task>(
    'misbehaving',
    'id',
    new URL('../support/works/journal.mjs', import.meta.url),
  );
  const nextEvents = new Events(next);
  await events.first('master');
  await cluster.submitWork(task);
  await next.submitWork(task);
  await next.run();
  await nextEvents.first('slave');
  expect((await cluster.status()).running).toBe('endless');
  await cluster.stop();
  await nextEvents.done('endless');
  expect(journal.runs().map(({ id, term, end }) => [id, term, end !== undefined])).toEqual([
    ['endless', 1, false],
    ['endless', 2, true],
  ]);
  expect([...events.of('error'), ...events.of('panic'), ...events.of('failed')]).toEqual([]);
  expect(nextEvents.states).toEqual(['init', 'slave', 'master']);
});
