/** What is refused is refused at the call that gave it, with a code, and what was queued before is untouched. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type FailoverOptions,
  failover,
  InvalidOptionError,
  type ManagedOptions,
  StateError,
  TaskError,
} from 'mongo-failover';
import { describe, expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';

const work = async () => true;

/** What a caller without types may pass. */
function untyped<T>(value: unknown): T {
  return value as T;
}

describe('failover() refuses', () => {
  test.each<[what: string, options: unknown, names: RegExp]>([
    ['an unknown option', { mongo: {} }, /mongo /],
    ['an unknown interval', { intervals: { MASTR: 1 } }, /MASTER/],
    ['intervals that contradict each other', { intervals: { MASTER: 3000, SLAVE: 2500 } }, /MASTER.*3000.*SLAVE.*2500/],
    ['an interval that is no number', { intervals: { MASTER: '100' } }, /MASTER/],
    ['a connect string of another kind', { mongodb: { connectString: 'postgres://localhost' } }, /connectString/],
    ['a connect string that the driver cannot read', { mongodb: { connectString: 'mongodb://' } }, /connectString/],
    ['a path that is none', { nodb: { path: 5 } }, /nodb\.path/],
    ['options that are none', null, /options/],
  ])('%s', (_what, options, names) => {
    const call = () => failover(untyped<FailoverOptions>(options));
    expect(call).toThrow(InvalidOptionError);
    expect(call).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_OPTION', message: expect.stringMatching(names) }),
    );
  });
});

describe('new managed() refuses', () => {
  const { managed: Managed } = failover({ nodb: true });
  test.each<[what: string, args: unknown[], code: string]>([
    ['a name that is empty', ['', 'id', work], 'ERR_INVALID_OPTION'],
    ['a name that is none', [5, 'id', work], 'ERR_INVALID_OPTION'],
    ['a key that is none', ['a', 5, work], 'ERR_INVALID_OPTION'],
    ['work that is none', ['a', 'id', {}], 'ERR_INVALID_OPTION'],
    ['no work', ['a', 'id'], 'ERR_INVALID_OPTION'],
    ['a module that is not there', ['a', 'id', '/nowhere/work.js'], 'ERR_WORK_MODULE'],
    ['an unknown option', ['a', 'id', work, { maxQeue: 5 }], 'ERR_INVALID_OPTION'],
    ['a limit that is none', ['a', 'id', work, { maxQueue: 0 }], 'ERR_INVALID_OPTION'],
    ['a grace that leaves no time for a beat', ['a', 'id', work, { grace: 3000 }], 'ERR_INVALID_OPTION'],
    ['durable that is neither', ['a', 'id', work, { durable: 'yes' }], 'ERR_INVALID_OPTION'],
    ['attempts that are none', ['a', 'id', work, { retry: { attempts: 0 } }], 'ERR_INVALID_OPTION'],
    ['an unknown end of attempts', ['a', 'id', work, { retry: { exhausted: 'drop' } }], 'ERR_INVALID_OPTION'],
    ['delays that shrink', ['a', 'id', work, { retry: { minDelay: 20, maxDelay: 10 } }], 'ERR_INVALID_OPTION'],
    ['a time-out of nothing', ['a', 'id', work, { taskTimeout: 0 }], 'ERR_INVALID_OPTION'],
    ['an unknown fencing', ['a', 'id', work, { fencing: 'host' }], 'ERR_INVALID_OPTION'],
    [
      'a time-out of the main thread for work that is elsewhere',
      ['a', 'id', new URL(import.meta.url), { mainTimeout: 500 }],
      'ERR_INVALID_OPTION',
    ],
  ])('%s', (_what, args, code) => {
    expect(() => Reflect.construct(Managed, args)).toThrow(expect.objectContaining({ code }));
  });
});

test('a task that cannot be taken is refused by its own call, and the others are done', async () => {
  const folder = await settledFolder();
  const { managed: Managed } = open({ folder });
  const options: ManagedOptions = { maxQueue: 3, maxTaskBytes: 200 };
  const cluster = new Managed<Record<string, unknown>>('bad', 'id', work, options);
  const events = new Events(cluster);
  const refused = (task: unknown) =>
    cluster.submitWork(untyped(task)).then(
      (result) => result,
      (error: unknown) => (error instanceof TaskError ? error.code : error),
    );
  const throwing = {
    get id() {
      throw new Error('a getter that throws');
    },
  };
  expect(
    await Promise.all([
      refused({ id: 1 }),
      refused({}),
      refused({ id: {} }),
      refused({ id: Number.NaN }),
      refused({ id: '' }),
      refused({ id: 2, run: () => {} }),
      refused({ id: 2, deep: [{ symbol: Symbol('x') }] }),
      refused(null),
      refused('text'),
      refused(throwing),
      refused({ id: 2, text: 'x'.repeat(200) }),
      refused({ id: 2 }),
      refused({ id: 3 }),
      refused({ id: 4 }),
      refused({ id: 1 }),
    ]),
  ).toEqual([
    { stored: true },
    'ERR_INVALID_KEY',
    'ERR_INVALID_KEY',
    'ERR_INVALID_KEY',
    'ERR_INVALID_KEY',
    'ERR_TASK_NOT_CLONEABLE',
    'ERR_TASK_NOT_CLONEABLE',
    'ERR_TASK_NOT_CLONEABLE',
    'ERR_TASK_NOT_CLONEABLE',
    'ERR_TASK_NOT_CLONEABLE',
    'ERR_TASK_TOO_LARGE',
    { stored: true },
    { stored: true },
    'ERR_QUEUE_FULL',
    { stored: false },
  ]);
  expect((await cluster.status()).queued).toBe(3);
  await cluster.run();
  await events.done(3);
  expect(events.doneIds).toEqual([1, 2, 3]);
  // There is room again.
  expect(await cluster.submitWork({ id: 4 })).toEqual({ stored: true });
  await events.done(4);
  expect([...events.of('error'), ...events.of('panic'), ...events.of('failed')]).toEqual([]);
});

test('a key function that throws, or returns no id, refuses the task', async () => {
  const folder = await settledFolder();
  const { managed: Managed } = open({ folder });
  const key = ({ key: value }: { key: unknown }) => {
    if (value === 'throw') throw new Error('thrown by the key');
    return untyped<string>(value);
  };
  const cluster = new Managed<{ key: unknown }>('bad', key, work);
  for (const value of ['throw', undefined, []]) {
    await expect(cluster.submitWork({ key: value })).rejects.toMatchObject({ code: 'ERR_INVALID_KEY' });
  }
  expect(await cluster.submitWork({ key: 'fine' })).toEqual({ stored: true });
});

test('an option of submitWork that is none is refused, and nothing is queued', async () => {
  const folder = await settledFolder();
  const cluster = new (open({ folder }).managed)<{ id: number }>('bad', 'id', work);
  for (const options of [{ wait: 1 }, { waits: true }, true]) {
    const refused = expect(cluster.submitWork({ id: 1 }, untyped(options)));
    await refused.rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
  }
  expect((await cluster.status()).queued).toBe(0);
});

test('calls in the wrong order are refused, and change nothing', async () => {
  const folder = await settledFolder();
  const failoverObject = open({ folder });
  const cluster = new failoverObject.managed<{ id: number }>('order', 'id', work);
  const unmanaged = new failoverObject.unmanaged('order2');
  const events = new Events(cluster);
  await cluster.run();
  await expect(cluster.run()).rejects.toMatchObject({ code: 'ERR_ALREADY_RUNNING' });
  await events.first('master');
  await unmanaged.run();
  await expect(unmanaged.synchronize(untyped(undefined))).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
  await expect(unmanaged.synchronize(untyped({}))).rejects.toThrow(InvalidOptionError);
  await Promise.all([cluster.stop(), cluster.stop(), unmanaged.stop()]);
  for (const call of [
    () => cluster.run(),
    () => cluster.submitWork({ id: 1 }),
    () => cluster.requeue(1),
    () => cluster.status(),
    () => unmanaged.synchronize(1),
  ]) {
    const error: unknown = await call().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StateError);
    expect(error).toMatchObject({ code: 'ERR_STOPPED' });
  }
  await failoverObject.close();
  await expect(new failoverObject.unmanaged('late').run()).rejects.toMatchObject({ code: 'ERR_STOPPED' });
  expect(events.states).toEqual(['init', 'master', 'stopped']);
});

test('a store that cannot be made is told by error events', async () => {
  const folder = await settledFolder();
  await writeFile(join(folder, 'file'), '');
  const cluster = new (open({ nodb: { path: join(folder, 'file', 'store') } }).unmanaged)('nowhere');
  const events = new Events(cluster);
  await cluster.run();
  const [error] = await events.first('error');
  expect(error).toMatchObject({ name: 'StoreError', code: expect.stringMatching(/^ERR_STORE/) });
  expect(error.message).toContain(join(folder, 'file', 'store'));
  await events.when(() => events.of('error').length === 2);
  expect(events.states).toEqual(['init', 'error']);
  await cluster.stop();
});
