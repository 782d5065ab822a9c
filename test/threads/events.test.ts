/** The events of a cluster: each once, in order, and nothing that a listener does hurts. */
import { once } from 'node:events';
import { runInNewContext } from 'node:vm';
import { FailoverError } from 'mongo-failover';
import { expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';

async function members(count: number) {
  const folder = await settledFolder();
  return Array.from({ length: count }, () => {
    const cluster = new (open({ folder }).managed)<{ id: number }>('events', 'id', () => true);
    return { cluster, events: new Events(cluster) };
  });
}

async function member() {
  const [made] = await members(1);
  if (made === undefined) throw new Error('one was asked for');
  return made;
}

/** A cluster whose every attempt to reach its store fails. */
function hopeless() {
  const { unmanaged: Unmanaged } = open({ nodb: { path: '/dev/null/store' } });
  return new Unmanaged('hopeless');
}

test('each state is entered by one statechange, which starts where the last one ended, and one event of its name', async () => {
  const [first, second] = await members(2);
  if (first === undefined || second === undefined) throw new Error('two were asked for');
  await first.cluster.run();
  await first.events.first('master');
  await second.cluster.run();
  await second.events.first('slave');
  await first.cluster.stop();
  await second.events.first('master');
  await second.cluster.stop();
  expect(first.events.of('statechange')).toEqual([
    ['stopped', 'init'],
    ['init', 'master'],
    ['master', 'stopped'],
  ]);
  expect(second.events.of('statechange')).toEqual([
    ['stopped', 'init'],
    ['init', 'slave'],
    ['slave', 'master'],
    ['master', 'stopped'],
  ]);
  const named = second.events.all.map(({ name }) => name).filter((name) => /^(init|slave|ticking|master)$/.test(name));
  expect(named).toEqual(['init', 'slave', 'master']);
  expect(second.events.of('info').map(([text]) => text)).toEqual([expect.stringMatching(/^connected to /)]);
});

test('in a listener of a state, that state is the one that the cluster is in', async () => {
  const { cluster, events } = await member();
  const seen: unknown[] = [];
  cluster.on('master', () => seen.push([cluster.state, cluster.isMaster, cluster.term]));
  await cluster.run();
  await events.first('master');
  expect(seen).toEqual([['master', true, 1]]);
});

test('an error without a listener becomes one warning of the process', async () => {
  const cluster = hopeless();
  const warning = once(process, 'warning');
  await cluster.run();
  expect(await warning).toEqual([
    expect.objectContaining({
      name: 'MongoFailoverWarning',
      message: expect.stringMatching(/^no listener for 'error'/),
    }),
  ]);
  await cluster.stop();
});

test('a listener that throws or rejects is told in a panic; the others are called, and every task is done', async () => {
  const { cluster, events } = await member();
  const called: unknown[] = [];
  cluster.prependListener('master', () => {
    throw new RangeError('thrown by a listener');
  });
  cluster.prependListener('done', async () => {
    throw new RangeError('rejected by a listener');
  });
  // A promise of another library, and one of another realm.
  cluster.prependListener('done', (id) => ({
    // biome-ignore lint/suspicious/noThenProperty: a listener may return any thenable
    then: (_fulfilled: unknown, rejected: (error: Error) => void) =>
      Number(id) === 3 && rejected(new RangeError('a thenable')),
  }));
  cluster.prependOnceListener('done', runInNewContext('async () => { throw new Error("of another realm") }'));
  // One that cannot even be asked.
  cluster.prependOnceListener('done', () =>
    Object.defineProperty({}, 'then', {
      get() {
        throw new RangeError('a getter');
      },
    }),
  );
  cluster.once('done', (id) => called.push(['once', id]));
  const removed = () => called.push('removed');
  cluster.on('done', removed);
  cluster.off('done', removed);
  const { signal, ...others } = new AbortController();
  expect(others).toEqual({});
  const awaited = once(cluster, 'done', { signal });
  await cluster.run();
  await Promise.all([1, 2, 3].map((id) => cluster.submitWork({ id })));
  await events.done(3);
  await events.when(() => events.of('panic').length === 7);
  const messages = events
    .of('panic')
    .map(([error]) => error.message)
    .toSorted();
  expect(messages).toEqual(
    [
      "a listener of 'master' threw: thrown by a listener",
      "a listener of 'done' threw: a getter",
      ...['a thenable', 'of another realm'].map((text) => `a listener of 'done' threw: ${text}`),
      ...[1, 2, 3].map(() => "a listener of 'done' threw: rejected by a listener"),
    ].toSorted(),
  );
  const [[error] = []] = events.of('panic').filter(([{ message }]) => message.includes('master'));
  expect(error).toBeInstanceOf(FailoverError);
  expect(error).toMatchObject({ code: 'ERR_LISTENER', cause: expect.any(RangeError) });
  expect(events.doneIds).toEqual([1, 2, 3]);
  expect(called).toEqual([['once', 1]]);
  expect(await awaited).toEqual([1]);
  expect(events.states).toEqual(['init', 'master']);
});

test('a listener of panic that throws becomes a warning', async () => {
  const { cluster, events } = await member();
  cluster.on('panic', () => {
    throw new Error('thrown by the listener of panic');
  });
  cluster.on('init', () => {
    throw new Error('thrown by the listener of init');
  });
  const warning = once(process, 'warning');
  await cluster.run();
  expect(await warning).toEqual([
    expect.objectContaining({ code: 'ERR_LISTENER', message: expect.stringMatching(/^a listener of 'panic' threw/) }),
  ]);
  await cluster.submitWork({ id: 1 });
  await events.done(1);
});

test('a listener may stop the cluster, and submit tasks', async () => {
  const { cluster, events } = await member();
  cluster.on('done', (id) => {
    if (Number(id) < 5) void cluster.submitWork({ id: Number(id) + 1 });
    else void cluster.stop();
  });
  await cluster.submitWork({ id: 1 });
  await cluster.run();
  await events.when(() => events.states.at(-1) === 'stopped');
  expect(events.doneIds).toEqual([1, 2, 3, 4, 5]);
  expect(events.of('panic')).toEqual([]);
});
