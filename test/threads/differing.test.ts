/** Real members of one name on the embedded store that are configured differently. */
import type { ClusterEvents, ManagedOptions } from 'mongo-failover';
import { expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Journal, overlapping } from '../support/journal.ts';

const work = new URL('../support/works/journal.mjs', import.meta.url);
const intervals = {
  MASTER: 200,
  SLAVE: 1200,
  TICKING: 600,
  POLL: 50,
  SYNC: 25,
  ERROR: 200,
};
const CODE = 'ERR_CONFIGURATION_DIFFERS';

interface Task {
  id: string;
  other?: string;
  file: string;
}

function managed(folder: string, options: ManagedOptions, key: 'id' | 'other' = 'id') {
  const cluster = new (open({ folder, intervals }).managed)<Task>('mixed', key, work, options);
  return { cluster, events: new Events(cluster) };
}

function unmanaged(folder: string) {
  const cluster = new (open({ folder, intervals }).unmanaged)('mixed');
  return { cluster, events: new Events(cluster) };
}

const differing = (events: Events): string[] =>
  events.of('error').flatMap(([error]: ClusterEvents['error']) => (error.code === CODE ? [error.message] : []));

test.each(['memory', 'unmanaged'] as const)(
  'stored tasks under a master of kind %s are done by the durable standby, and both are told',
  async (kind) => {
    const folder = await settledFolder();
    const journal = new Journal(folder);
    const old = kind === 'memory' ? managed(folder, {}) : unmanaged(folder);
    await old.cluster.run();
    await old.events.first('master');
    const durable = managed(folder, { durable: true });
    await durable.cluster.run();
    await durable.events.first('slave');
    for (const id of ['a', 'b']) await durable.cluster.submitWork({ id, file: journal.file });
    await durable.events.done('b');
    expect(journal.runs().map(({ id }) => id)).toEqual(['a', 'b']);
    expect(overlapping(journal.runs())).toEqual([]);
    expect([old.cluster.isMaster, durable.cluster.isMaster]).toEqual([false, true]);
    expect(differing(durable.events)).toEqual([expect.stringContaining(`kind: durable here, ${kind} there`)]);
    expect(differing(old.events)).toEqual([
      expect.stringContaining(`kind: ${kind} here, durable there`),
      expect.stringContaining('stands back'),
    ]);
    const [mine, other] = [await durable.cluster.status(), await old.cluster.status()];
    expect(mine.configuration).toMatchObject({ kind: 'durable', differing: [{ holder: other.id, kind }] });
    // The member that stood back is there when the durable one goes.
    await durable.cluster.stop();
    await old.events.when(() => old.events.of('master').length === 2);
  },
);

test('a durable master stays, and its progress takes nothing out of the queue of a standby in memory', async () => {
  const folder = await settledFolder();
  const { file } = new Journal(folder);
  const durable = managed(folder, { durable: true });
  await durable.cluster.run();
  await durable.events.first('master');
  const memory = managed(folder, {});
  for (const id of ['1', '2', '3']) await memory.cluster.submitWork({ id, file });
  await memory.cluster.run();
  await memory.events.when(() => differing(memory.events).length === 1);
  for (const id of ['x', '2', 'y']) await durable.cluster.submitWork({ id, file });
  await durable.events.done('y');
  await durable.events.when(() => differing(durable.events).length === 1);
  expect([durable.cluster.isMaster, (await memory.cluster.status()).queued]).toEqual([true, 3]);
  expect(memory.events.of('info').filter(([text]) => text.includes('dropped'))).toEqual([]);
});

test.each<[string, ManagedOptions, 'id' | 'other', string]>([
  ['attempts', { durable: true, retry: { attempts: 3 } }, 'id', 'attempts: Infinity here, 3 there'],
  ['key', { durable: true }, 'other', 'key: "id" here, "other" there'],
])('two durable members with another %s are told, and go on', async (_, options, key, text) => {
  const folder = await settledFolder();
  const first = managed(folder, { durable: true });
  await first.cluster.run();
  await first.events.first('master');
  const second = managed(folder, options, key);
  await second.cluster.run();
  await first.events.when(() => differing(first.events).length === 1);
  await second.events.when(() => differing(second.events).length === 1);
  expect(differing(first.events)).toEqual([expect.stringContaining(text)]);
  expect([first.cluster.isMaster, second.cluster.isMaster]).toEqual([true, false]);
});

test('of three, two in memory give way to the durable one', async () => {
  const folder = await settledFolder();
  const { file } = new Journal(folder);
  const [first, second] = [managed(folder, {}), managed(folder, {})];
  await first.cluster.run();
  await first.events.first('master');
  await second.cluster.run();
  await second.events.first('slave');
  const durable = managed(folder, { durable: true });
  await durable.cluster.run();
  await durable.cluster.submitWork({ id: 'a', file });
  await durable.events.done('a');
  expect(second.events.of('master')).toEqual([]);
  expect(durable.events.of('master')).toHaveLength(1);
});
