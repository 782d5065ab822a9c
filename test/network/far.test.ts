/** A server that is far, or slow to begin with: opening has its own limit, and how far it is gets measured. */
import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { storeLimits } from '../../src/coordinator/storeLimits.ts';
import { resolveIntervals } from '../../src/options/intervals.ts';
import { createStore } from '../support/builtStore.ts';
import { databaseUri } from '../support/database.ts';
import { TcpProxy } from '../support/tcpProxy.ts';

async function far(roundTrip: number, limits = storeLimits(resolveIntervals())) {
  const uri = databaseUri();
  const proxy = await TcpProxy.before(uri);
  onTestFinished(() => proxy.close());
  proxy.roundTrip = roundTrip;
  const measured: number[] = [];
  const options = { kind: 'mongodb', connectString: proxy.uri(uri), connectOptions: {}, debug: false } as const;
  const store = createStore(options, limits, undefined, undefined, { measured: (ms) => measured.push(ms) });
  onTestFinished(() => store.close());
  return { proxy, store, measured };
}

const look = () => [{ name: randomUUID(), tip: 0 }];

test('from 400 ms away a store opens at the default intervals, and answers', async () => {
  const { store, measured } = await far(400);
  await store.open();
  // A busy machine may add half a second to an answer. A member looks again, too.
  await expect.poll(() => store.observe(look()).catch(() => null)).toMatchObject([{ lease: null }]);
  expect(Math.min(...measured)).toBeGreaterThanOrEqual(400);
});

test('a server that is slow to answer first does not keep a store from opening', async () => {
  const { proxy, store } = await far(0);
  // Only until the first answer.
  proxy.delay = 3000;
  proxy.response = (bytes) => {
    proxy.delay = 0;
    return bytes;
  };
  await store.open();
  expect(await store.observe(look())).toMatchObject([{ lease: null }]);
});

test('a server that is too far for the limit of a command is measured when commands fail', async () => {
  const { store, measured } = await far(300, { ...storeLimits(resolveIntervals()), commandTimeout: 200 });
  await store.open();
  measured.length = 0;
  await expect(store.observe(look())).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  await expect.poll(() => measured.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(2);
  expect(Math.min(...measured)).toBeGreaterThanOrEqual(300);
});

test('a caller hears that no server answers, and the attempt goes on and succeeds', async () => {
  const { proxy, store } = await far(0);
  const available = new Promise<void>((resolve) => store.onAvailable(resolve));
  proxy.delay = 7000;
  await expect(store.open()).rejects.toMatchObject({ message: expect.stringContaining('no server has answered') });
  proxy.delay = 0;
  await available;
  expect(await store.observe(look())).toMatchObject([{ lease: null }]);
});

test('a store that is closed while it opens leaves no connection', async () => {
  const { proxy, store } = await far(500);
  const opening = store.open();
  opening.catch(() => {});
  await expect.poll(() => proxy.connections, { timeout: 30_000 }).toBeGreaterThan(0);
  await store.close();
  await expect(opening).rejects.toThrow('closed');
  await expect.poll(() => proxy.connections, { timeout: 30_000 }).toBe(0);
});
