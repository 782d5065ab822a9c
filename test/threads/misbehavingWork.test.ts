/** Work that misbehaves fails its own task, and hurts neither the queue nor the mastership. */
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
  ['a rejection that is not handled', 'strayReject'],
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

test('stop() ends an endless loop after stopTimeout, and the next member begins the task again', async () => {
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
