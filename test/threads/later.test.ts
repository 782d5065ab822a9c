/** Tasks that get into the queue later: by a transaction of the user, and at a time. */
import { setTimeout as pause } from 'node:timers/promises';
import { type ClientSession, MongoClient } from 'mongodb';
import { afterEach, expect, test } from 'vitest';
import type { DoneOutcome, PendingSubmission } from '../../src/index.ts';
import { PlayedTransactions } from '../servers/transactions.ts';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { settledUri } from '../support/settled.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Task {
  id: string;
}

async function transactions() {
  const uri = await settledUri();
  const played = await PlayedTransactions.before(uri);
  cleanups.push(() => played.close());
  const client = await new MongoClient(played.uri).connect();
  cleanups.push(() => client.close());
  return { uri, client, played };
}

test('a task is queued if and only if the transaction commits', async () => {
  const { uri, client, played } = await transactions();
  const { managed: Managed } = open({ mongodb: { connectString: uri } });
  const ran: string[] = [];
  const cluster = new Managed<Task>('later', 'id', (task) => ran.push(task.id) > 0, { durable: true });
  const events = new Events(cluster);
  await cluster.run();
  const order = async (session: ClientSession, id: string) => {
    await client.db().collection('orders').insertOne({ id }, { session });
    return cluster.submitWork({ id }, { session });
  };
  await client.withSession(async (session) => {
    await expect(cluster.submitWork({ id: 'none' }, { session })).rejects.toMatchObject({ code: 'ERR_NO_TRANSACTION' });
    const told = await session.withTransaction(() => order(session, 'one'));
    expect(told).toEqual({ stored: 'pending' });
    await expect(told.done()).rejects.toMatchObject({ code: 'ERR_OUTCOMES_OFF' });
    await expect(
      session.withTransaction(async () => {
        await order(session, 'aborted');
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await session.withTransaction(async () => {
      const many = await cluster.submitMany([{ id: 'two' }, { id: 'three' }], { session });
      expect(many).toEqual({ stored: 'pending', count: 2 });
      await cluster.submitWork({ id: 'soon' }, { session, at: Date.now() + 300 });
    });
    await expect(cluster.submitWork({ id: 'none' }, { session })).rejects.toMatchObject({ code: 'ERR_NO_TRANSACTION' });
  });
  await events.done('soon');
  expect(ran).toEqual(['one', 'two', 'three', 'soon']);
  expect([played.committed, played.aborted]).toEqual([2, 1]);
  expect(await client.db().collection('failover_outbox').countDocuments()).toBe(0);
  expect(await client.db().collection('orders').countDocuments()).toBe(1);

  const marker = { _id: 'settled', epoch: 'another' };
  const elsewhere = {
    client: { db: () => ({ collection: () => ({ findOne: async () => marker, insertMany: () => expect.fail() }) }) },
    inTransaction: () => true,
  };
  const refused = { code: 'ERR_OTHER_DEPLOYMENT' };
  await expect(cluster.submitWork({ id: 'x' }, { session: elsewhere })).rejects.toMatchObject(refused);
  await cluster.stop();
});

test('the end of a task is told that a transaction commits, and of one that it does not commit, nothing', async () => {
  const { uri, client } = await transactions();
  const { managed: Managed } = open({ mongodb: { connectString: uri } });
  const work = async (task: Task) => ({ result: `done ${task.id}` });
  const options = { durable: true, keepOutcomes: 60_000, results: true };
  const cluster = new Managed<Task>('answered', 'id', work, options);
  await cluster.run();
  await client.withSession(async (session) => {
    let aborted: PendingSubmission | undefined;
    let waits: Promise<DoneOutcome> | undefined;
    const told = await session.withTransaction(async () => {
      const [one, many] = [
        await cluster.submitWork({ id: 'one' }, { session }),
        await cluster.submitMany([{ id: 'two' }, { id: 'three' }], { session, at: Date.now() + 200 }),
      ];
      // It begins before the commit.
      waits = one.done({ timeout: 20_000 });
      return [one, ...many.submissions];
    });
    expect(await waits).toMatchObject({ result: 'done one', attempts: 1 });
    const ends = await Promise.all((told ?? []).map((submission) => submission.done({ timeout: 20_000 })));
    expect(ends.map(({ result }) => result)).toEqual(['done one', 'done two', 'done three']);
    const cancels = session.withTransaction(async () => {
      aborted = await cluster.submitWork({ id: 'one' }, { session });
      throw new Error('no');
    });
    await expect(cancels).rejects.toThrow('no');
    // The id has an outcome, of an earlier task.
    await expect(aborted?.done({ timeout: 1500 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
  });
  await cluster.stop();
});

test.each(['embedded', 'mongodb'])('on the store %s, a task runs when it is due, and not before', async (store) => {
  const where =
    store === 'embedded' ? { folder: await settledFolder() } : { mongodb: { connectString: await settledUri() } };
  const { managed: Managed } = open(where);
  const ran: [string, number][] = [];
  const work = (task: Task): boolean => ran.push([task.id, Date.now()]) > 0;
  const cluster = new Managed<Task>('later', 'id', work, { durable: true });
  const events = new Events(cluster);
  await cluster.run();
  await events.first('master');
  const now = Date.now();
  const at = (ms: number) => ({ at: new Date(now + ms) });
  expect((await cluster.submitWork({ id: 'last' }, at(700))).stored).toBe(true);
  expect((await cluster.submitWork({ id: 'last' }, at(0))).stored).toBe(false);
  expect(await cluster.submitMany([{ id: 'b' }, { id: 'c' }, { id: 'last' }], at(400))).toMatchObject({
    ...{ stored: 2, duplicates: 1 },
  });
  await cluster.submitWork({ id: 'first' });
  await cluster.submitWork({ id: 'far' }, { at: 8.64e15 });
  await events.done('last');
  expect(ran.map(([id]) => id)).toEqual(['first', 'b', 'c', 'last']);
  for (const [id, time] of ran) expect(time - now, id).toBeGreaterThanOrEqual({ last: 700, b: 400, c: 400 }[id] ?? 0);
  await cluster.stop();
  await pause(0);
});

test('a full queue refuses callers, and holds back no task that is due', async () => {
  const { managed: Managed } = open({ folder: await settledFolder() });
  const ran: string[] = [];
  let go: () => void = () => {};
  const mayRun = new Promise<void>((resolve) => {
    go = resolve;
  });
  const work = (task: Task): Promise<boolean> => mayRun.then(() => ran.push(task.id) > 0);
  const cluster = new Managed<Task>('full', 'id', work, { durable: true, maxQueue: 2 });
  const events = new Events(cluster);
  const refused = { code: 'ERR_QUEUE_FULL' };
  await cluster.submitMany([{ id: 'a' }, { id: 'b' }]);
  await expect(cluster.submitWork({ id: 'c' })).rejects.toMatchObject(refused);
  const due = ['d', 'e', 'f'].map((id) => ({ id }));
  expect(await cluster.submitMany(due, { at: 0 })).toEqual({ stored: 3, duplicates: 0 });
  await cluster.run();
  // None of them runs before that.
  await expect.poll(async () => (await cluster.status()).queued, { timeout: 20_000 }).toBe(5);
  await expect(cluster.submitWork({ id: 'c' })).rejects.toMatchObject(refused);
  go();
  await events.done('f');
  expect(ran).toEqual(['a', 'b', 'd', 'e', 'f']);
  await cluster.stop();
});

test('what cannot be is refused at the call', async () => {
  const folder = await settledFolder();
  const { managed: Managed } = open({ folder });
  const cluster = new Managed<Task>('later', 'id', () => true, { durable: true });
  const memory = new Managed<Task>('other', 'id', () => true);
  const session = { client: { db: () => ({ collection: () => ({}) }) }, inTransaction: () => true };
  const refused = { code: 'ERR_INVALID_OPTION' };
  const bad: readonly unknown[] = ['soon', Number.NaN, -1, new Date(Number.NaN), {}, null, 8.64e15 + 1, 1n];
  for (const at of bad)
    await expect(cluster.submitWork({ id: 'x' }, { at: at as Date })).rejects.toMatchObject(refused);
  const noSession: readonly unknown[] = [
    1,
    'x',
    {},
    { client: {} },
    { ...session, inTransaction: true },
    { ...session, client: null },
  ];
  for (const each of noSession) {
    await expect(cluster.submitWork({ id: 'x' }, { session: each as typeof session })).rejects.toMatchObject(refused);
  }
  const throwing = {
    get client(): never {
      throw new Error('no');
    },
    inTransaction: () => true,
  };
  await expect(cluster.submitWork({ id: 'x' }, { session: throwing })).rejects.toMatchObject(refused);
  await expect(cluster.submitWork({ id: 'x' }, { session })).rejects.toMatchObject(refused);
  await expect(cluster.submitWork({ id: 'x' }, { at: 0, wait: true })).rejects.toMatchObject(refused);
  const inMemory = { code: 'ERR_NOT_DURABLE' };
  await expect(memory.submitWork({ id: 'x' }, { at: 0 })).rejects.toMatchObject(inMemory);
  await expect(memory.submitMany([{ id: 'x' }], { session })).rejects.toMatchObject(inMemory);
  await Promise.all([cluster.stop(), memory.stop()]);
});
