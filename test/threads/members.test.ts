/** Several members in one process, each with a coordinator thread of its own, on one store. */
import { expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Journal, overlapping } from '../support/journal.ts';

const work = new URL('../support/works/journal.mjs', import.meta.url);

interface Task {
  id: number;
  file: string;
  ms?: number;
}

function member(folder: string, name = 'members') {
  const cluster = new (open({ folder }).managed)<Task>(name, 'id', work);
  return { cluster, events: new Events(cluster) };
}

test('clusters with different names are each master, on one coordinator thread', async () => {
  const folder = await settledFolder();
  const { file } = new Journal(folder);
  const { managed: Managed, unmanaged: Unmanaged } = open({ folder });
  const names = ['a', 'b', 'c'];
  const managed = names.map((name) => new Managed<Task>(name, 'id', work));
  const all = [...managed, new Unmanaged('d')];
  let threads = 0;
  const count = () => {
    threads += 1;
  };
  process.on('worker', count);
  const events = all.map((cluster) => new Events(cluster));
  await Promise.all(all.map((cluster) => cluster.run()));
  await Promise.all(managed.map((cluster, id) => cluster.submitWork({ id, file })));
  await Promise.all(events.map((each) => each.first('master')));
  await Promise.all(managed.map((_, id) => events[id]?.done(id)));
  process.off('worker', count);
  expect(threads).toBe(1);
  expect(all.map(({ isMaster, term }) => [isMaster, term])).toEqual(all.map(() => [true, 1]));
});

test('of two with one name one is master; when it stops, the other takes over without a wait', async () => {
  const folder = await settledFolder();
  const [first, second] = [member(folder), member(folder)];
  await first.cluster.run();
  await first.events.first('master');
  await second.cluster.run();
  await second.events.first('slave');
  expect([first.cluster.isMaster, second.cluster.isMaster]).toEqual([true, false]);
  expect((await second.cluster.status()).seen).toMatchObject({ term: 1, holder: (await first.cluster.status()).id });

  await first.cluster.stop();
  expect([first.cluster.isMaster, first.cluster.term, first.cluster.state]).toEqual([false, null, 'stopped']);
  await second.events.first('master');
  // Not ticking: it saw the release, and did not wait for the lease to run out.
  expect(second.events.states).toEqual(['init', 'slave', 'master']);
  expect(second.cluster.term).toBe(2);
});

test('two clusters of one coordinator thread with one name are two members like any other', async () => {
  const folder = await settledFolder();
  const journal = new Journal(folder);
  const { managed: Managed } = open({ folder });
  const [first, second] = [0, 1].map(() => {
    const cluster = new Managed<Task>('twins', 'id', work);
    return { cluster, events: new Events(cluster) };
  });
  if (first === undefined || second === undefined) throw new Error('two were made');
  await Promise.all([first.cluster.run(), second.cluster.run()]);
  const master = await Promise.race([first, second].map(async (each) => each.events.first('master').then(() => each)));
  const standby = master === first ? second : first;
  await standby.events.first('slave');
  await Promise.all([first, second].map(({ cluster }) => cluster.submitWork({ id: 1, file: journal.file, ms: 100 })));
  await master.events.done(1);
  await master.cluster.stop();
  await standby.events.first('master');
  await standby.cluster.submitWork({ id: 2, file: journal.file });
  await standby.events.done(2);
  expect(journal.runs().map(({ id, term }) => [id, term])).toEqual([
    [1, 1],
    [2, 2],
  ]);
});

test('what the master did leaves the queue of the standby, and what is fed late is dropped', async () => {
  const folder = await settledFolder();
  const { file } = new Journal(folder);
  const [master, standby] = [member(folder), member(folder)];
  await master.cluster.run();
  await master.events.first('master');
  await standby.cluster.run();
  await standby.events.first('slave');
  // A first look, for the standby remembers only what is done after it.
  await master.cluster.submitWork({ id: 0, file });
  await standby.events.first('synchronize');

  await Promise.all([9, 2, 1, 8].map((id) => standby.cluster.submitWork({ id, file })));
  await Promise.all([1, 2, 3, 4].map((id) => master.cluster.submitWork({ id, file })));
  await standby.events.first('synchronize', (id) => id === 4);
  expect(await standby.cluster.status()).toMatchObject({ queued: 2, identifier: 4, done: 5 });
  expect(await standby.cluster.submitWork({ id: 3, file })).toEqual({ stored: false });
  expect(await standby.cluster.submitWork({ id: 5, file })).toEqual({ stored: true });
  await master.cluster.stop();
  await standby.events.done(5);
  expect(standby.events.doneIds).toEqual([9, 8, 5]);
});

test('members fed in different orders lose nothing and repeat nothing, whichever takes over', async () => {
  const folder = await settledFolder();
  const journal = new Journal(folder);
  const ids = Array.from({ length: 120 }, (_, id) => id);
  const orders = [ids, ids.toReversed(), [...ids.slice(70), ...ids.slice(0, 70)]];
  const members = orders.map(() => member(folder));
  const fed = orders.map((order, index) =>
    Promise.all(order.map((id) => members[index]?.cluster.submitWork({ id, file: journal.file, ms: 2 }))),
  );
  await Promise.all(fed);
  for (const { cluster } of members) await cluster.run();
  const running = new Set(members);
  while (running.size > 1) {
    const master = await Promise.race([...running].map(async (each) => each.events.first('master').then(() => each)));
    await master.events.when(() => master.events.doneIds.length >= 30);
    await master.cluster.stop();
    running.delete(master);
  }
  const [last] = running;
  await last?.events.first('master');
  await last?.events.when(() => new Set(members.flatMap(({ events }) => events.doneIds)).size === ids.length);
  const runs = journal.runs();
  expect(runs.map(({ id }) => id).sort((a, b) => Number(a) - Number(b))).toEqual(ids);
  expect(overlapping(runs)).toEqual([]);
  expect(runs.map(({ term }) => term)).toEqual(runs.map(({ term }) => term).sort());
  expect(new Set(runs.map(({ term }) => term))).toEqual(new Set([1, 2, 3]));
});

test('an unmanaged master tells the standby where it is, and the standby goes on from there', async () => {
  const folder = await settledFolder();
  const clusters = [0, 1].map(() => new (open({ folder }).unmanaged)('unmanaged', 'begin'));
  const [master, standby] = clusters;
  if (master === undefined || standby === undefined) throw new Error('two were made');
  const [masterEvents, standbyEvents] = [new Events(master), new Events(standby)];
  await master.run();
  await masterEvents.first('master');
  await standby.run();
  await standbyEvents.first('slave');
  expect(await standby.synchronize('from a standby')).toBe(false);
  for (const id of ['a', 'b', 'c']) expect(await master.synchronize(id)).toBe(true);
  await standbyEvents.first('synchronize', (id) => id === 'c');
  await master.stop();
  await standbyEvents.first('master');
  expect(await standby.status()).toMatchObject({ identifier: 'c' });
  expect(standbyEvents.of('synchronize').map(([id]) => id)).not.toContain('from a standby');
});
