/** Connections that a middle box has forgotten: commands find another one within their limits, and writes go out once. */
import { randomUUID } from 'node:crypto';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Lease } from '../../src/store/store.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import { createStore } from '../support/builtStore.ts';
import { databaseUri } from '../support/database.ts';
import { type Forgotten, TcpProxy } from '../support/tcpProxy.ts';

/** No test waits for so long: a command that meets a dead connection and waits for it fails the test. */
const LIMIT = 20_000;
const nothing = { identifier: null, count: 0, recent: [] };
const lease: Lease = { term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500, ...nothing };

let name: string;
let proxy: TcpProxy;
beforeEach(async () => {
  name = randomUUID();
  proxy = await TcpProxy.before(databaseUri());
});

async function opened(freshFor: number, commandTimeout = LIMIT): Promise<FullStore> {
  const connectString = proxy.uri(databaseUri());
  const options = { kind: 'mongodb', connectString, connectOptions: {}, debug: false } as const;
  const store = createStore(options, { commandTimeout, connectTimeout: 30_000, freshFor });
  onTestFinished(async () => {
    await store.close();
    await proxy.close();
  });
  await store.open();
  await store.compareAndSetLease(name, null, lease);
  // Those that are kept warm, and the monitor's: one that is being made at that moment would break.
  await expect.poll(() => proxy.connections >= 5 && proxy.quiet > 300, { timeout: 30_000, interval: 10 }).toBe(true);
  return store;
}

const beat = (store: FullStore, number: number) => store.beat({ name, term: 1, holder: 'holder' }, number, nothing);
const task = () => ({ id: randomUUID(), bytes: Buffer.from('task') });

/** Runs `call`, and returns what it gave. It must not take more than a small part of its limit. */
async function soon<T>(call: Promise<T>): Promise<T> {
  const from = performance.now();
  const result = await call;
  expect(performance.now() - from).toBeLessThan(LIMIT / 2);
  return result;
}

const calls: Readonly<Record<string, (store: FullStore) => Promise<unknown>>> = {
  submission: async (store) =>
    expect(await store.tasks.addTasks(name, [task()], 10)).toMatchObject([{ type: 'stored', seq: 1 }]),
  beat: async (store) => expect(await beat(store, 1)).toBe(true),
  look: async (store) => expect(await store.observe([{ name, tip: 0 }])).toMatchObject([{ lease: { beat: 0 } }]),
  'twenty looks': (store) => Promise.all(Array.from({ length: 20 }, () => store.observe([{ name, tip: 0 }]))),
};

test.each(Object.keys(calls).flatMap((call) => [['silent', call] as const, ['reset', call] as const]))(
  'after a pause in which all connections were forgotten (%s): %s',
  async (forgotten, call) => {
    const store = await opened(0);
    proxy.forgotten = forgotten;
    proxy.forget();
    await soon(calls[call]?.(store) ?? Promise.reject(new Error(`no call ${call}`)));
  },
);

test.each<Forgotten>(['silent', 'reset'])('a read is sent again on another connection (%s)', async (forgotten) => {
  const store = await opened(Number.POSITIVE_INFINITY);
  proxy.forgotten = forgotten;
  proxy.forget();
  expect(await soon(store.observe([{ name, tip: 0 }]))).toMatchObject([{ lease: { beat: 0 } }]);
  proxy.forget();
  const reads = Array.from({ length: 20 }, () => store.tasks.tasksAfter(name, 0, { tasks: 10, bytes: 1000 }));
  expect(await soon(Promise.all(reads))).toEqual(reads.map(() => []));
});

test('one beat is lost at most when all connections are forgotten, and it is not sent twice', async () => {
  const store = await opened(Number.POSITIVE_INFINITY, 2000);
  let updates = 0;
  proxy.request = (bytes) => {
    if (bytes.includes('update\0')) updates += 1;
    return bytes;
  };
  proxy.forget();
  await expect(beat(store, 1)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  expect(updates).toBe(1);
  expect(await beat(store, 2)).toBe(true);
  expect(updates).toBe(2);
});

test('a write that is under way when all connections are forgotten fails soon, and those after it do not', async () => {
  const store = await opened(Number.POSITIVE_INFINITY);
  proxy.forget();
  await soon(expect(beat(store, 1)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' }));
  expect(await soon(store.tasks.addTasks(name, [task()], 10))).toMatchObject([{ type: 'stored', seq: 1 }]);
});

test('connections that are used are not pinged', async () => {
  const store = await opened(LIMIT);
  let pings = 0;
  proxy.request = (bytes) => {
    if (bytes.includes('ping\0')) pings += 1;
    return bytes;
  };
  for (let number = 1; number <= 20; number++) await beat(store, number);
  expect(pings).toBe(0);
});
