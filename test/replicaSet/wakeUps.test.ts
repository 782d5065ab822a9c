/**
 * Coordinators on a server with change streams hear of what the others did, and on one without, they say so. The server with
 * streams is one of its own: mongo-java-server has them if it is asked to.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Hint, Lease } from '../../src/store/store.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import { startJava } from '../servers/java.ts';
import { ReplicaSet } from '../servers/replicaSet.ts';
import type { TestServer } from '../servers/testServer.ts';
import { createStore } from '../support/builtStore.ts';
import { CommandProxy } from '../support/commandProxy.ts';
import { withDatabase } from '../support/database.ts';
import { commandName } from '../support/wire.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startJava({ changeStreams: true });
});
afterAll(() => server.stop());

const nothing = { identifier: null, count: 0, recent: [] };
const lease: Lease = { term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500, ...nothing };
const tenure = (name: string) => ({ name, term: 1, holder: 'holder' });
const record = (name: string) => ({ ...tenure(name), claim: 'claim', ttl: 4500 });
const task = (id: string) => ({ id, bytes: Buffer.from(id) });
const newUri = () => withDatabase(server.uri, `hints_${randomUUID().slice(0, 8)}`);
const topicsOf = (hints: readonly Hint[], name: string) =>
  hints.filter(({ concerns }) => concerns(name) && !concerns(`not ${name}`)).map(({ topic }) => topic);

/** A store, what it hinted at, and what it said. */
async function opened(connectString: string, names: readonly string[], wakeUps: 'auto' | false = 'auto') {
  const [hints, said]: [Hint[], string[]] = [[], []];
  const store: FullStore = createStore(
    { kind: 'mongodb', connectString, connectOptions: {}, debug: false, wakeUps },
    { commandTimeout: 10_000 },
    undefined,
    undefined,
    { info: (text: string) => said.push(text) },
  );
  onTestFinished(() => store.close());
  store.onHint((hint) => hints.push(hint));
  store.wantHints({ lease: names, tasks: names });
  await store.open();
  return { store, hints, said };
}

/** Waits until streams are open: a record of `probe` is heard. */
async function listens({ hints }: { hints: Hint[] }, writer: FullStore, probe: string): Promise<void> {
  let term = 0;
  const heard = async () => {
    term += 1;
    await writer.insertTerm({ ...record(probe), term });
    await writer.tasks.addTasks(probe, [task(`${term}`)], 1000);
    return new Set(topicsOf(hints, probe)).size;
  };
  await expect.poll(heard, { interval: 20, timeout: 20_000 }).toBe(2);
}

async function pair(uri = newUri()) {
  const [name, probe] = [randomUUID(), randomUUID()];
  const { store } = await opened(uri, [], false);
  const listener = await opened(uri, [name, probe]);
  await listens(listener, store, probe);
  return { ...listener, uri, name, probe, store, listener: listener.store };
}

test('a claim, a release, also one for the dead, and stored tasks are heard of', async () => {
  const { name, store, hints, said } = await pair();
  const hear = (...topics: Hint['topic'][]) =>
    expect
      .poll(() => {
        const heard = topicsOf(hints, name);
        if (heard.length >= topics.length) hints.length = 0;
        return heard;
      })
      .toEqual(topics);
  await store.compareAndSetLease(name, null, lease);
  await store.insertTerm(record(name));
  await hear('lease');
  await store.tasks.addTasks(name, [task('a'), task('b')], 10);
  await hear('tasks');
  await store.release(tenure(name), 1, nothing);
  await hear('lease');
  const [seen] = await store.observe([{ name, tip: 1 }]);
  await store.compareAndSetLease(name, seen?.lease ?? null, { ...lease, term: 2 });
  await store.releaseDead({ ...tenure(name), term: 2, claim: 'claim' });
  await hear('lease');
  expect(said).toEqual([]);
});

test('beats, and what is about other subsystems, are no hint', async () => {
  const { name, store, hints } = await pair();
  const other = randomUUID();
  await store.compareAndSetLease(name, null, lease);
  for (let beat = 1; beat <= 20; beat++) await store.beat(tenure(name), beat, { ...nothing, count: beat });
  await store.insertTerm(record(other));
  await store.tasks.addTasks(other, [task('a')], 10);
  await store.putMember({ id: 'm', name, host: 'here', pid: 1, state: 'slave', at: new Date() });
  // What comes after all that has been heard: so would that have been.
  await store.insertTerm(record(name));
  await expect.poll(() => topicsOf(hints, name)).toEqual(['lease']);
  expect(topicsOf(hints, other)).toEqual([]);
});

test('the names may change, and what came in between is made up for by a hint at all', async () => {
  const { name, probe, store, hints, listener } = await pair();
  hints.length = 0;
  listener.wantHints({ lease: [name], tasks: [] });
  await expect.poll(() => hints.some(({ topic, concerns }) => topic === 'lease' && concerns('any'))).toBe(true);
  hints.length = 0;
  await store.insertTerm({ ...record(probe), term: 100_000 });
  await store.tasks.addTasks(name, [task('a')], 10);
  await store.insertTerm(record(name));
  await expect.poll(() => topicsOf(hints, name)).toEqual(['lease']);
  expect(topicsOf(hints, probe)).toEqual([]);
});

test('a collection that is dropped is heard of', async () => {
  const { uri, name, hints } = await pair();
  hints.length = 0;
  const { MongoClient } = await import('mongodb');
  const client = await new MongoClient(uri).connect();
  onTestFinished(() => client.close());
  await client.db().collection('failover').drop();
  await expect.poll(() => hints.some(({ topic, concerns }) => topic === 'lease' && concerns(name))).toBe(true);
});

test('a server without change streams is told of once, and all else works', async () => {
  const plain = await startJava();
  onTestFinished(() => plain.stop());
  const name = randomUUID();
  const { store, hints, said } = await opened(withDatabase(plain.uri, 'plain'), [name]);
  await expect.poll(() => said).toHaveLength(1);
  expect(said[0]).toContain('only supported on replica sets');
  expect(said[0]).toContain('mongodb.wakeUps');
  await store.insertTerm(record(name));
  expect(await store.highestTerm(name)).toMatchObject({ term: 1 });
  expect(hints).toEqual([]);
});

test('a user without the right is told so, and all else works', async () => {
  const uri = newUri();
  const proxy = await CommandProxy.before(uri);
  onTestFinished(() => proxy.close());
  proxy.rule = (command) => {
    if (commandName(command) !== 'aggregate') return undefined;
    return { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: 'not authorized to execute command aggregate' };
  };
  const { store, said } = await opened(proxy.uri(uri), ['a']);
  await expect.poll(() => said).toHaveLength(1);
  expect(said[0]).toContain('not authorized');
  expect(await store.highestTerm('a')).toMatchObject({ term: 0 });
});

test('a close does not wait for a change', async () => {
  const { listener, store } = await pair();
  await listener.close();
  await store.close();
});

test('after an election streams are opened again by themselves', async () => {
  const set = await ReplicaSet.before(server.uri, { sessions: true });
  onTestFinished(() => set.close());
  const uri = (await set.view()).uri(`hints_${randomUUID().slice(0, 8)}`);
  const { name, probe, store, hints, listener } = await pair(uri);
  set.stepDown();
  await set.elect();
  hints.length = 0;
  // The streams that are opened now hint at all once.
  await expect.poll(() => hints.some(({ concerns }) => concerns('any')), { interval: 10, timeout: 30_000 }).toBe(true);
  await listens({ hints }, store, probe);
  await store.insertTerm(record(name));
  await expect.poll(() => topicsOf(hints, name)).toContain('lease');
  await Promise.all([listener.close(), store.close()]);
});
