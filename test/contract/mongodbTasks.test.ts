/** What only the mongodb store's queue does, on a real server: what it trims and when, and what it needs of the server. */
import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { afterEach, expect, test } from 'vitest';
import { KEPT_MS } from '../../src/store/mongodb/tasks/taskTrimmer.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import { acknowledgement } from '../support/acknowledgements.ts';
import { createStore } from '../support/builtStore.ts';
import { databaseUri } from '../support/database.ts';
import { TcpProxy } from '../support/tcpProxy.ts';
import { VirtualClock } from '../support/virtualClock.ts';

const MANY = 1_000_000;
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const tasks = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, index) => ({ id: `${prefix} ${index}`, bytes: Buffer.from('payload') }));
const lease = { term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500 };
const nothing = { identifier: null, count: 0, recent: [] };

function storeAt(connectString: string, clock?: VirtualClock, commandTimeout = 10_000): FullStore {
  const options = { kind: 'mongodb', connectString, connectOptions: {}, debug: false } as const;
  const store = createStore(options, { commandTimeout, connectTimeout: 10_000 }, clock);
  cleanups.push(() => store.close());
  return store;
}

async function collectionAt(uri: string, name: string) {
  const client = await new MongoClient(uri).connect();
  cleanups.push(() => client.close());
  return client.db().collection(name);
}

async function seqsOf(store: FullStore, name: string): Promise<number[]> {
  return (await store.tasks.tasksAfter(name, 0, { tasks: 1000, bytes: MANY })).map(({ seq }) => seq);
}

test('what is done is deleted a minute after it was told, but for the highest, and the numbers go on', async () => {
  const uri = databaseUri();
  const [clock, name] = [new VirtualClock(), randomUUID()];
  const store = storeAt(uri, clock);
  await store.open();
  await store.compareAndSetLease(name, null, { ...lease, ...nothing });
  await store.tasks.addTasks(name, tasks(10, 'first'), MANY);
  await store.tasks.addTasks(`${name}/more`, tasks(3, 'first'), MANY);
  await store.tasks.acknowledge({ name, term: 1, holder: 'holder' }, acknowledgement(8, null));
  await store.tasks.trimTasks(name, 8);
  await clock.advance(KEPT_MS - 1);
  await store.tasks.trimTasks(name, 8);
  expect(await seqsOf(store, name)).toHaveLength(10);
  await clock.advance(1);
  await store.tasks.trimTasks(name, 8);
  expect(await seqsOf(store, name)).toEqual([8, 9, 10]);
  expect(await seqsOf(store, `${name}/more`)).toEqual([1, 2, 3]);
  // Of those whose ids come again one was deleted, one is done and still there, and one is queued.
  const again = [0, 7, 8].map((index) => ({ id: `first ${index}`, bytes: Buffer.from('again') }));
  expect(await store.tasks.addTasks(name, again, MANY)).toEqual([
    { type: 'stored', seq: 11 },
    { type: 'stored', seq: 12 },
    { type: 'known' },
  ]);
  expect(await seqsOf(store, name)).toEqual([9, 10, 11, 12]);
});

test('a mark that lands while the next master buries the task leaves what its letter is written from', async () => {
  const name = randomUUID();
  const store = storeAt(databaseUri());
  await store.open();
  await store.compareAndSetLease(name, null, { ...lease, ...nothing, term: 2, holder: 'next' });
  await store.tasks.addTasks(name, tasks(1, 'buried'), MANY);
  const burial = { seq: 1, name: 'Error', message: 'no', code: undefined, attempts: 1 };
  await store.tasks.acknowledge({ name, term: 2, holder: 'next' }, acknowledgement(1, burial));
  const late = { seq: 1, key: 'buried 0', number: 1, bytes: null };
  await store.tasks.markTask({ name, term: 1, holder: 'holder' }, late);
  const [task] = await store.tasks.tasksAfter(name, 0, { tasks: 1, bytes: MANY });
  expect([task?.id, Buffer.from(task?.bytes ?? []).toString()]).toEqual(['buried 0', 'payload']);
});

test('what lands on a number that was trimmed is no task of its origin, and keeps no id taken', async () => {
  const uri = databaseUri();
  const [clock, name] = [new VirtualClock(), randomUUID()];
  const tenure = { name, term: 1, holder: 'holder' };
  const store = storeAt(uri, clock);
  await store.open();
  await store.compareAndSetLease(name, null, { ...lease, ...nothing });
  await store.tasks.addTasks(name, tasks(10, 'first'), MANY);
  await store.tasks.acknowledge(tenure, acknowledgement(10, null));
  await store.tasks.trimTasks(name, 10);
  await clock.advance(KEPT_MS);
  await store.tasks.trimTasks(name, 10);
  const lateTask = (seq: number) => ({
    ...{ _id: `${seq}/${name}`, name, seq, key: `late ${seq}`, payload: Buffer.from('late'), attempts: 0, deaths: 0 },
    ...{ at: new Date(), origin: `origin ${seq}`, uniqueUntil: new Date(Date.now() + 3_600_000) },
  });
  const collection = await collectionAt(uri, 'failover_tasks');
  await collection.insertMany([4, 5].map(lateTask) as never);
  const since = { now: clock.now(), sinceBoot: clock.sinceBoot() };
  const moved = { id: 'late 4', bytes: Buffer.from('late'), origin: 'origin 4' };
  expect(await store.tasks.relayTasks(tenure, [moved], since)).toEqual([{ type: 'stored', seq: 11 }]);
  expect(await store.tasks.relayTasks(tenure, [moved], since)).toEqual([{ type: 'relayed', seq: 11 }]);
  const kept = { id: 'late 5', bytes: Buffer.from('late'), idRule: 3_600_000 };
  expect(await store.tasks.addTasks(name, [kept], MANY)).toEqual([{ type: 'stored', seq: 12 }]);
  expect(await store.tasks.addTasks(name, [kept], MANY)).toEqual([{ type: 'known' }]);
});

test('a member that was held up while others went on and all was trimmed goes on behind them', async () => {
  const uri = databaseUri();
  const name = randomUUID();
  const [clock, itsClock] = [new VirtualClock(), new VirtualClock()];
  const [heldUp, others] = [storeAt(uri, itsClock), storeAt(uri, clock)];
  await Promise.all([heldUp.open(), others.open()]);
  await others.compareAndSetLease(name, null, { ...lease, ...nothing });
  const first = await heldUp.tasks.addTasks(name, tasks(9, 'first'), MANY);
  expect(first.at(-1)).toEqual({ type: 'stored', seq: 9 });
  await others.tasks.addTasks(name, tasks(11, 'second'), MANY);
  await others.tasks.acknowledge({ name, term: 1, holder: 'holder' }, acknowledgement(20, null));
  await others.tasks.trimTasks(name, 20);
  await clock.advance(KEPT_MS);
  await others.tasks.trimTasks(name, 20);
  expect(await seqsOf(others, name)).toEqual([20]);
  // As if the insert, and not the member, had been held up: it lands, and is not trusted.
  const late = heldUp.tasks.addTasks(name, tasks(1, 'late'), MANY);
  itsClock.sleep(KEPT_MS);
  await expect(late).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  expect(await seqsOf(others, name)).toEqual([10, 20]);
  expect(await heldUp.tasks.addTasks(name, tasks(2, 'late'), MANY)).toEqual([
    { type: 'stored', seq: 21 },
    { type: 'stored', seq: 22 },
  ]);
  expect(await seqsOf(others, name)).toEqual([20, 21, 22]);
});

test('tasks whose answer was lost are known when they come again, and the order goes on', async () => {
  const uri = databaseUri();
  const name = randomUUID();
  const proxy = await TcpProxy.before(uri);
  cleanups.push(() => proxy.close());
  const store = storeAt(proxy.uri(uri), undefined, 500);
  await store.open();
  await store.tasks.addTasks(name, tasks(2, 'first'), MANY);
  proxy.request = (bytes) => {
    if (bytes.includes('insert\0')) proxy.response = () => undefined;
    return bytes;
  };
  await expect(store.tasks.addTasks(name, tasks(2, 'second'), MANY)).rejects.toMatchObject({
    code: 'ERR_STORE_UNAVAILABLE',
  });
  proxy.mode = 'cut';
  proxy.request = (bytes) => bytes;
  proxy.response = (bytes) => bytes;
  const back = new Promise<void>((resolve) => store.onAvailable(resolve));
  proxy.mode = 'pass';
  await back;
  const results = await store.tasks.addTasks(name, [...tasks(2, 'second'), ...tasks(1, 'third')], MANY);
  expect(results).toEqual([{ type: 'known' }, { type: 'known' }, { type: 'stored', seq: 5 }]);
  expect(await seqsOf(store, name)).toEqual([1, 2, 3, 4, 5]);
});

test('a store does not open where ids cannot be made unique, and takes an equal index as it is', async () => {
  const uri = databaseUri();
  const collection = await collectionAt(uri, 'failover_tasks');
  await collection.createIndex({ name: 1, key: 1 }, { unique: true, name: 'made by an operator' });
  const first = storeAt(uri);
  await first.open();
  await first.tasks.addTasks('q', tasks(1, 'first'), MANY);
  expect(await first.tasks.addTasks('q', tasks(1, 'first'), MANY)).toEqual([{ type: 'known' }]);

  const other = databaseUri();
  await (await collectionAt(other, 'failover_tasks')).createIndex({ name: 1, key: 1 }, { name: 'name_key' });
  await expect(storeAt(other).open()).rejects.toMatchObject({ code: 'ERR_STORE_INDEX' });
});
