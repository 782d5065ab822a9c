/** What people look at, in both stores: it is what members wrote, it costs little, and nothing is written for it. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Document } from 'bson';
import { MongoClient } from 'mongodb';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { listSubsystems, readSubsystem } from '../../src/operations/subsystems.ts';
import type { StoreOptions } from '../../src/options/options.ts';
import type { StoreReader } from '../../src/store/reader.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import { systemClock } from '../../src/time/systemClock.ts';
import { createReader, createStore } from '../support/builtStore.ts';
import { CommandProxy } from '../support/commandProxy.ts';
import { databaseUri } from '../support/database.ts';
import { stores } from '../support/stores.ts';
import { commandName } from '../support/wire.ts';

const TIMEOUT_MS = 10_000;
const at = new Date(1_700_000_000_000);
const folder = await mkdtemp(join(tmpdir(), 'mongo-failover-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function mongodb(connectString: string): StoreOptions {
  return { kind: 'mongodb', connectString, connectOptions: {}, debug: false };
}

async function readerOf(options: StoreOptions): Promise<StoreReader> {
  const reader = await createReader(options, TIMEOUT_MS);
  onTestFinished(() => reader.close());
  await reader.open();
  return reader;
}

/** Three subsystems: stored tasks with a dead letter, a queue in memory, and one that is paused and was released. */
async function fill(store: FullStore): Promise<void> {
  const lease = { beat: 5, ack: 0, claim: 'c', ttl: 600_000, identifier: 2, count: 2, recent: [1, 2] };
  const settings = { key: '"id"' };
  await store.compareAndSetLease('billing', null, {
    ...{ ...lease, term: 2, holder: 'here:1:ab' },
    configuration: { kind: 'durable', settings },
  });
  await store.compareAndSetLease('mail', null, {
    ...{ ...lease, term: 1, holder: 'here:1:cd' },
    configuration: { kind: 'memory', settings },
  });
  await store.compareAndSetLease('poller', null, {
    ...{ ...lease, term: 7, holder: null },
    configuration: { kind: 'unmanaged', settings: {} },
  });
  for (const term of [1, 2]) {
    await store.insertTerm({ name: 'billing', term, holder: `here:${term}:ab`, claim: 'c', ttl: 4500 });
  }
  await store.putMember({ id: 'here:1:ab', name: 'billing', host: 'here', pid: 1, state: 'master', at });
  await store.putMember({ id: 'here:2:ef', name: 'young', host: 'here', pid: 2, state: 'slave', at });
  await store.putNotice({
    ...{ name: 'billing', holder: 'x', ttl: 1, count: 1, wants: true },
    configuration: { kind: 'durable', settings },
  });
  await store.tasks.addTasks(
    'billing',
    Array.from({ length: 20 }, (_, id) => ({ id, bytes: Buffer.from(`payload ${id}`) })),
    100,
  );
  await store.tasks.acknowledge(
    { name: 'billing', term: 2, holder: 'here:1:ab' },
    { number: 1, done: 5, burial: null },
  );
  for (const seq of [3, 4]) {
    const verdict = { name: 'Error', message: 'no', code: undefined, attempts: 1 };
    await store.tasks.putDeadLetter({ queue: 'billing', seq, id: seq - 1, bytes: Buffer.from('dead'), at, ...verdict });
    const ended = { id: seq - 1, seq, term: 2, state: 'failed', attempts: 1, result: null, at, until: at } as const;
    await store.tasks.putOutcomes('billing', [{ ...ended, error: { ...verdict, code: undefined } }]);
  }
  await store.writeOrders('poller', null, { pause: { by: 'me@here', reason: 'upgrade', at, standby: true } });
  await store.putDrain({ key: 'host/here', by: 'me@here', at });
}

describe.each(stores)('the reader of %s', (kind) => {
  let options: StoreOptions;
  beforeAll(async () => {
    options = kind === 'embedded' ? { kind: 'embedded', path: join(folder, 'filled') } : mongodb(databaseUri());
    const store = createStore(options, { commandTimeout: TIMEOUT_MS });
    await store.open();
    await fill(store);
    await store.close();
  });

  test('lists all subsystems, with what each of them is', async () => {
    const views = await listSubsystems(await readerOf(options), systemClock);
    expect(views.map(({ name }) => name)).toEqual(['billing', 'mail', 'poller', 'young']);
    expect(views).toMatchObject([
      {
        ...{
          kind: 'durable',
          state: 'held',
          term: 2,
          beat: 5,
          ttl: 600_000,
          count: 2,
          identifier: 2,
          dead: 2,
          members: 1,
        },
        master: { id: 'here:1:ab', host: 'here', pid: 1 },
        queue: { where: 'store', queued: 15, done: 5, headAt: expect.any(Date), headAge: expect.any(Number) },
        ...{ pause: null, handOver: null, problem: null },
      },
      { kind: 'memory', state: 'held', master: { host: null }, queue: { where: 'memory', queued: null }, dead: 0 },
      {
        ...{ kind: 'unmanaged', state: 'released', master: null, queue: null },
        pause: { by: 'me@here', reason: 'upgrade', at, until: null, standby: true },
      },
      { kind: null, state: 'none', master: null, term: 0, ttl: null, queue: null, members: 1 },
    ]);
  });

  test('reads one subsystem with its members and terms, and nothing of one that is not there', async () => {
    const reader = await readerOf(options);
    expect(await readSubsystem(reader, 'billing', systemClock)).toMatchObject({
      settings: { key: '"id"' },
      memberList: [{ id: 'here:1:ab', host: 'here', pid: 1, state: 'master', at }],
      terms: [
        { term: 2, holder: 'here:2:ab', at: expect.any(Date) },
        { term: 1, holder: 'here:1:ab' },
      ],
    });
    expect(await readSubsystem(reader, 'nothing', systemClock)).toBeNull();
  });

  test('pages through leases, tasks and dead letters', async () => {
    const reader = await readerOf(options);
    expect((await reader.leases({ after: 'billing', limit: 1 })).map(({ name }) => name)).toEqual(['mail']);
    expect(await reader.leases({ after: 'poller', limit: 10 })).toEqual([]);
    expect((await reader.leasesOf(['poller', 'nothing'])).map(({ name }) => name)).toEqual(['poller']);
    const tasks = await reader.tasks('billing', { after: 18, limit: 10 }, false);
    expect(tasks.map(({ seq, id, bytes }) => [seq, id, bytes.length])).toEqual([
      [19, 18, 0],
      [20, 19, 0],
    ]);
    const [first] = await reader.tasks('billing', { after: 5, limit: 1 }, true);
    expect(Buffer.from(first?.bytes ?? []).toString()).toBe('payload 5');
    const [letter] = await reader.letters('billing', { after: 3, limit: 5 }, true);
    expect(letter).toMatchObject({ seq: 4, id: 3, message: 'no', at });
    expect(Buffer.from(letter?.bytes ?? []).toString()).toBe('dead');
    expect(await reader.countLetters('billing', 1)).toBe(1);
    expect(await reader.letterAt('billing', 4)).toEqual(letter);
    for (const none of [2, 5]) expect(await reader.letterAt('billing', none)).toBe(null);
    expect(await reader.outcomes('billing', [3, 'none'])).toMatchObject({
      outcomes: [{ id: 3, state: 'failed', error: { message: 'no' }, at }, null],
    });
    expect(await reader.drains()).toEqual([{ key: 'host/here', by: 'me@here', at }]);
  });
});

test.runIf(stores.includes('embedded'))('a folder without a store is told, and stays as it is', async () => {
  const path = join(folder, 'none');
  const reader = await createReader({ kind: 'embedded', path }, TIMEOUT_MS);
  await expect(reader.open()).rejects.toThrow(/there is no embedded store in .*none: no member has made one there/);
  await reader.close();
  expect(await readdir(folder)).not.toContain('none');
});

describe.runIf(stores.includes('mongodb'))('on MongoDB', () => {
  /** Passes on what a user may send who has the role `read` on the database, and refuses all else. */
  async function onlyReading(uri: string): Promise<{ uri: string; sent: string[]; refused: string[] }> {
    const proxy = await CommandProxy.before(uri);
    cleanups.push(() => proxy.close());
    const allowed = ['find', 'count', 'listIndexes', 'hello', 'isMaster', 'ismaster', 'ping', 'endSessions'];
    const [sent, refused]: [string[], string[]] = [[], []];
    proxy.rule = (command: Document) => {
      const name = commandName(command);
      sent.push(name);
      if (allowed.includes(name)) return undefined;
      refused.push(name);
      return { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: `not authorized to execute command ${name}` };
    };
    return { uri: proxy.uri(uri), sent, refused };
  }

  test('a user who may only read sees all, also of a database that is empty, and makes no collection', async () => {
    const uri = databaseUri();
    const user = await onlyReading(uri);
    const empty = await readerOf(mongodb(user.uri));
    expect(await listSubsystems(empty, systemClock)).toEqual([]);
    expect(await readSubsystem(empty, 'billing', systemClock)).toBeNull();
    const client = await MongoClient.connect(uri);
    onTestFinished(() => client.close());
    expect(await client.db().listCollections().toArray()).toEqual([]);
    const store = createStore(mongodb(uri), { commandTimeout: TIMEOUT_MS });
    await store.open();
    await fill(store);
    await store.close();
    expect(await listSubsystems(empty, systemClock)).toHaveLength(4);
    expect(user.refused).toEqual([]);
  });

  test('a list costs no more for many tasks than for few', async () => {
    const uri = databaseUri();
    const store = createStore(mongodb(uri), { commandTimeout: TIMEOUT_MS });
    await store.open();
    await fill(store);
    const answers: number[] = [];
    const { uri: watched, sent } = await onlyReading(uri);
    const reader = await readerOf(mongodb(watched));
    for (const many of [0, 3000]) {
      const more = Array.from({ length: many }, (_, index) => ({ id: `more ${index}`, bytes: Buffer.from('x') }));
      await store.tasks.addTasks('billing', more, 1_000_000);
      sent.length = 0;
      const [billing] = await listSubsystems(reader, systemClock);
      expect(billing?.queue?.queued).toBe(15 + many);
      answers.push(sent.filter((name) => name === 'find' || name === 'count').length);
    }
    await store.close();
    expect(answers[1]).toBe(answers[0]);
    expect(answers[0]).toBeLessThanOrEqual(3 + 4 * 4);
  });

  test('what another program wrote in the place of a lease is told, and hides no other', async () => {
    const uri = databaseUri();
    const store = createStore(mongodb(uri), { commandTimeout: TIMEOUT_MS });
    await store.open();
    await fill(store);
    await store.close();
    const client = await MongoClient.connect(uri);
    onTestFinished(() => client.close());
    const leases = client.db().collection<{ _id: string }>('failover');
    await leases.updateOne({ _id: 'lease/mail' }, { $set: { term: 'many' } });
    await leases.updateOne({ _id: 'lease/poller' }, { $set: { format: 9 } });
    const views = await listSubsystems(await readerOf(mongodb(uri)), systemClock);
    expect(views.map(({ name, state }) => [name, state])).toEqual([
      ['billing', 'held'],
      ['mail', 'unreadable'],
      ['poller', 'unreadable'],
      ['young', 'none'],
    ]);
    expect(views[1]?.problem).toMatch(/lease\/mail .*the field term is not/);
    expect(views[2]?.problem).toMatch(/is of format 9/);
  });
});
