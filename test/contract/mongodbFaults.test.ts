/** What the mongodb store does when the server, or the way to it, does not do its part. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, expect, inject, test } from 'vitest';
import { openOnUse } from '../../src/store/openOnUse.ts';
import type { Lease, Store } from '../../src/store/store.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import { createStore } from '../support/builtStore.ts';
import { databaseUri } from '../support/database.ts';
import { TcpProxy } from '../support/tcpProxy.ts';
import { startContender } from './contenders.ts';

const { kind } = inject('server');
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const nothing = { identifier: null, count: 0, recent: [] };
const lease: Lease = { term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500, ...nothing };
const tenure = { term: 1, holder: 'holder' };

function storeAt(connectString: string, limits = { commandTimeout: 500, connectTimeout: 5000 }): FullStore {
  const store = createStore({ kind: 'mongodb', connectString, connectOptions: {}, debug: false }, limits);
  cleanups.push(() => store.close());
  return store;
}

async function proxied(): Promise<{ proxy: TcpProxy; store: FullStore; direct: FullStore }> {
  const uri = databaseUri();
  const proxy = await TcpProxy.before(uri);
  cleanups.push(() => proxy.close());
  const direct = storeAt(uri, { commandTimeout: 10_000, connectTimeout: 10_000 });
  await direct.open();
  return { proxy, store: storeAt(proxy.uri(uri)), direct };
}

/** Resolves when the store says that it is there again. */
const available = (store: Store): Promise<void> => new Promise((resolve) => store.onAvailable(resolve));

async function failure(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('it did not fail');
  return error;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return address.port;
}

test('a server that is not there is named, without the password', async () => {
  const port = await closedPort();
  const error = await failure(storeAt(`mongodb://somebody:pa%40ss-word@127.0.0.1:${port}/billing`).open());
  expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  expect(error.message).toContain(`127.0.0.1:${port}/billing`);
  expect(error.message).toContain('ECONNREFUSED');
  expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toMatch(/pa(@|%40)ss-word/);
});

test('a refused password shows neither in the error nor in the log of commands', async () => {
  const password = 'pass@word/of?tests';
  const [scheme, rest] = databaseUri().split(/(?<=^mongodb:\/\/)(?:[^@/]*@)?/);
  const options = rest?.includes('?') ? '&' : '?';
  const login = `somebody:${encodeURIComponent(password)}`;
  const connectString = `${scheme}${login}@${rest}${options}authMechanism=PLAIN&authSource=$external`;
  const contender = startContender(
    { kind: 'mongodb', connectString, connectOptions: {}, debug: true },
    { job: 'open', limits: { commandTimeout: 2000 } },
  );
  const said = await contender.result.then(String, String);
  const { stderr } = await contender.ended;
  expect(said).toContain(kind === 'ferretdb' ? 'opened' : '"code":"ERR_STORE"');
  for (const form of forms(password)) expect(`${said}\n${stderr}`).not.toContain(form);
});

/** The text as it is, percent-encoded, and as base64 at any offset. */
function forms(text: string): string[] {
  const shifted = [0, 1, 2].map((shift) => Buffer.from(' '.repeat(shift) + text).toString('base64'));
  return [text, encodeURIComponent(text), ...shifted.map((form) => form.slice(4, -4))];
}

test('the log of commands tells what was sent, how it went, and that writes wait for a majority', async () => {
  const options = { kind: 'mongodb', connectString: databaseUri(), connectOptions: {}, debug: true } as const;
  const { result, ended } = startContender(options, { job: 'insert', name: randomUUID(), last: 1 });
  await result;
  const { stderr } = await ended;
  expect(stderr).toMatch(/^.*mongodb #\d+ \S+ \S+\.insert started .*w: 'majority', j: true.*$/m);
  expect(stderr).toMatch(/#\d+ insert succeeded in \d+ ms/);
});

test('a server that is too old is said to be so', async () => {
  const { proxy, store } = await proxied();
  proxy.response = (bytes) => {
    const field = Buffer.from('maxWireVersion\0');
    const at = bytes.indexOf(field);
    if (at >= 0) bytes.writeInt32LE(6, at + field.length);
    return bytes;
  };
  const error = await failure(store.open());
  expect(error).toMatchObject({ code: 'ERR_SERVER_TOO_OLD' });
  expect(error.message).toMatch(/127\.0\.0\.1:\d+.*wire version/);
});

test('every call ends in time when the network swallows everything, and the store works again after it', async () => {
  const { proxy, store } = await proxied();
  const name = randomUUID();
  await store.open();
  await store.compareAndSetLease(name, null, lease);
  const back = available(store);
  proxy.mode = 'swallow';
  const calls = [
    store.observe([{ name, tip: 0 }]),
    store.highestTerm(name),
    store.beat({ name, ...tenure }, 1, nothing),
    store.compareAndSetLease(name, lease, { ...lease, term: 2 }),
    store.insertTerm({ name, term: 1, holder: 'holder', claim: 'claim', ttl: 1000 }),
    store.listMembers(name),
  ];
  for (const call of calls) expect(await failure(call)).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  proxy.mode = 'pass';
  await back;
  expect(await store.observe([{ name, tip: 0 }])).toMatchObject([{ lease, newer: false }]);
  expect(await store.beat({ name, ...tenure }, 2, nothing)).toBe(true);
});

test('a write whose connection breaks fails, and is not sent a second time', async () => {
  const { proxy, store, direct } = await proxied();
  const name = randomUUID();
  await store.open();
  await store.compareAndSetLease(name, null, lease);
  let cuts = 0;
  proxy.request = (bytes) => {
    if (!bytes.includes('update\0') || cuts > 0) return bytes;
    cuts += 1;
    return undefined;
  };
  expect(await failure(store.beat({ name, ...tenure }, 1, nothing))).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  expect(cuts).toBe(1);
  expect(await direct.observe([{ name, tip: 0 }])).toMatchObject([{ lease, newer: false }]);
});

test('a server that comes back is noticed, once for each time', async () => {
  const { proxy, store } = await proxied();
  await store.open();
  let times = 0;
  store.onAvailable(() => {
    times += 1;
  });
  const stop = store.onAvailable(() => {
    throw new Error('this one had stopped listening');
  });
  stop();
  for (const expected of [1, 2]) {
    const back = available(store);
    proxy.mode = 'cut';
    expect(await failure(store.highestTerm('x'))).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    proxy.mode = 'pass';
    await back;
    expect((await store.highestTerm('x')).term).toBe(0);
    expect(times).toBe(expected);
  }
});

test('a server that was not there at first is noticed when it is, and the store is open then', async () => {
  const { proxy, store } = await proxied();
  proxy.mode = 'cut';
  expect(await failure(store.open())).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  const back = available(store);
  proxy.mode = 'pass';
  await back;
  expect((await store.highestTerm('x')).term).toBe(0);
});

test('a store that opens on use fails with each attempt, and works from the first that succeeds', async () => {
  const { proxy, store } = await proxied();
  const opening = openOnUse(store);
  proxy.mode = 'cut';
  const first = await Promise.all([failure(opening.highestTerm('x')), failure(opening.listMembers('x'))]);
  expect(first[0]).toBe(first[1]);
  expect(first[0]).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  proxy.mode = 'pass';
  expect((await opening.highestTerm('x')).term).toBe(0);
});

test('a closed store leaves the connection that it was making', async () => {
  const { proxy, store } = await proxied();
  proxy.mode = 'swallow';
  const opening = failure(store.open());
  await store.close();
  expect(await opening).toBeInstanceOf(Error);
});
