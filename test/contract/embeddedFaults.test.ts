/** What the embedded store does when processes and threads die, stop, or find the folder unfit. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, test } from 'vitest';
import type { Lease } from '../../src/store/store.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import { acknowledgement } from '../support/acknowledgements.ts';
import { createStore } from '../support/builtStore.ts';
import { type Contender, startContender } from './contenders.ts';

const folder = await mkdtemp(join(tmpdir(), 'mongo-failover-'));
const stores: FullStore[] = [];
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await rm(folder, { recursive: true, force: true });
});

const options = (path: string) => ({ kind: 'embedded', path }) as const;

async function opened(path: string, commandTimeout = 10_000): Promise<FullStore> {
  const store = createStore(options(path), { commandTimeout });
  stores.push(store);
  await store.open();
  return store;
}

const nothing = { identifier: null, count: 0, recent: [] };
const lease: Lease = { term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500, ...nothing };

interface Message {
  readonly term?: number;
  readonly inserted?: boolean;
  readonly holding?: boolean;
}

/** The next message of a contender that is such a one; rejects when it fails or ends before. */
function next({ child, result }: Contender, wanted: (message: Message) => boolean): Promise<Message> {
  return new Promise((resolve, reject) => {
    const listen = (message: Message) => {
      if (!wanted(message)) return;
      child.off('message', listen);
      resolve(message);
    };
    child.on('message', listen);
    result.catch(reject);
  });
}

const nextTerm = (contender: Contender) => next(contender, ({ term }) => term !== undefined);

test('processes that are killed in the midst of writing neither hold up nor harm the others', async () => {
  const path = join(folder, 'killed');
  const name = randomUUID();
  const start = () => startContender(options(path), { job: 'writeForever', name });
  const lasting = start();
  const won: number[] = [];
  const lost: number[] = [];
  lasting.child.on('message', ({ term, inserted }: Message) => {
    if (term !== undefined) (inserted ? won : lost).push(term);
  });
  let victims = [start(), start()];
  await nextTerm(lasting);
  for (let kill = 0; kill < 20; kill += victims.length) {
    await Promise.all(victims.map(nextTerm));
    for (const { child } of victims) child.kill('SIGKILL');
    const before = won.length;
    while (won.length < before + 3) await nextTerm(lasting);
    victims = [start(), start()];
  }
  for (const { child } of [...victims, lasting]) child.kill('SIGKILL');
  await Promise.all([...victims, lasting].map(({ ended }) => ended));
  // What the lease gave to one process alone no other can have put on record.
  expect(lost).toEqual([]);
  const store = await opened(path);
  const { term: tip } = await store.highestTerm(name);
  expect(tip).toBeGreaterThanOrEqual(Math.max(...won));
  const [last] = await store.observe([{ name, tip }]);
  // The last claim may have died between the lease and its record.
  expect([tip, tip + 1]).toContain(last?.lease?.term);
});

test('a process that is slow to open the store while others write undoes nothing', async () => {
  const path = join(folder, 'opened');
  const name = randomUUID();
  const writers = [1, 2].map(() => startContender(options(path), { job: 'writeForever', name }));
  const terms: Message[] = [];
  for (const { child } of writers) {
    child.on('message', (message: Message) => {
      if (message.term !== undefined) terms.push(message);
    });
  }
  await Promise.all(writers.map(nextTerm));
  const slow = startContender(options(path), { job: 'openSlowly', path });
  // A writer ends only by an error.
  await Promise.race([next(slow, ({ term }) => term === 40), ...writers.map(({ result }) => result)]);
  for (const { child } of [slow, ...writers]) child.kill('SIGKILL');
  await Promise.all([slow, ...writers].map(({ ended }) => ended));
  expect(terms.filter(({ inserted }) => !inserted)).toEqual([]);
  expect(new Set(terms.map(({ term }) => term)).size).toBe(terms.length);
});

test('threads of one process share the folder, and go without harm to the others', async () => {
  const path = join(folder, 'threads');
  const name = randomUUID();
  const store = await opened(path);
  const source = `
    const { parentPort, workerData: { url, options, name } } = require('node:worker_threads');
    parentPort.once('message', () => process.exit());
    import(url).then(async ({ makeStore }) => {
      const store = makeStore(options, { commandTimeout: 10000 });
      await store.open();
      for (let term = 1; ; term++) {
        if ((await store.insertTerm({ name, term, holder: 'h', claim: 'c', ttl: 1000 })).inserted) parentPort.postMessage(term);
      }
    });`;
  const url = new URL('../../dist/src/store/embedded/makeStore.js', import.meta.url).href;
  for (let round = 0; round < 10; round++) {
    const worker = new Worker(source, { eval: true, workerData: { url, options: options(path), name } });
    const beside = createStore(options(path), { commandTimeout: 10_000 });
    await beside.open();
    await once(worker, 'message');
    worker.postMessage('exit');
    await Promise.all([once(worker, 'exit'), beside.close()]);
    expect(await store.insertTerm({ name: `${name} ${round}`, term: 1, holder: 'h', claim: 'c', ttl: 1000 })).toEqual({
      inserted: true,
    });
  }
  expect((await store.highestTerm(name)).term).toBeGreaterThanOrEqual(10);
});

test('calls end in time while a stopped process holds the write lock, and go on when it is gone', async () => {
  const path = join(folder, 'stopped');
  const name = randomUUID();
  const store = await opened(path, 300);
  await store.compareAndSetLease(name, null, lease);
  const holder = startContender(options(path), { job: 'holdLock', path });
  await next(holder, ({ holding }) => holding === true);
  const tenure = { name, term: 1, holder: 'holder' };
  await expect(store.beat(tenure, 1, nothing)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  await expect(store.beat(tenure, 2, nothing)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  // What was read would be out of date by the time the lock is free.
  await expect(store.observe([{ name, tip: 0 }])).rejects.toMatchObject({
    message: expect.stringContaining('another process has held its write lock for'),
  });
  holder.child.kill('SIGKILL');
  await holder.ended;
  await expect.poll(() => store.beat(tenure, 3, nothing).catch(() => false), { timeout: 20_000 }).toBe(true);
});

test('a process that exits while another one holds the write lock does not hang, nor keep the lock', async () => {
  const path = join(folder, 'exits while it waits');
  const store = await opened(path, 500);
  const waiting = startContender(options(path), { job: 'exitBusy', name: randomUUID() });
  await waiting.ready;
  const holder = startContender(options(path), { job: 'holdLock', path });
  await next(holder, ({ holding }) => holding === true);
  // By then the other one waits for the lock, too.
  await expect(store.highestTerm('x')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  waiting.child.send('exit');
  const { signal, stderr } = await waiting.ended;
  expect([signal, stderr]).toEqual(['SIGKILL', expect.stringContaining('killed at its exit')]);
  holder.child.kill('SIGKILL');
  await holder.ended;
  await expect.poll(() => store.highestTerm('x').catch(() => null), { timeout: 20_000 }).toMatchObject({ term: 0 });
});

describe('a folder that cannot be used is refused with what is wrong with it', () => {
  const refused = async (path: string, reason: RegExp) => {
    const store = createStore(options(path), { commandTimeout: 1000 });
    await expect(store.open()).rejects.toMatchObject({ code: 'ERR_STORE', message: expect.stringMatching(reason) });
    await expect(store.open()).rejects.toMatchObject({ message: expect.stringContaining(path) });
    await store.close();
  };

  test('a file', async () => {
    const path = join(folder, 'file');
    await writeFile(path, 'x');
    await refused(path, /not a folder/);
    await refused(join(path, 'below'), /not a folder/);
  });

  test('files of something else', async () => {
    const path = join(folder, 'foreign');
    await mkdir(path);
    await writeFile(join(path, 'data.mdb'), Buffer.alloc(20_000, 'x'));
    await refused(path, /not a store, or is damaged/);
  });

  test('a folder without the right to write', async () => {
    if (process.getuid?.() === 0) return refused('/sys/mongo-failover', /no right to write/);
    const path = join(folder, 'forbidden');
    await mkdir(path);
    await chmod(path, 0o500);
    await refused(path, /no right to write/);
  });
});

test('a new folder is for its user alone, whatever its name looks like', async () => {
  const path = join(folder, 'deep', 'store.db');
  await opened(path);
  const info = await stat(path);
  expect(info.isDirectory()).toBe(true);
  expect(info.mode & 0o777).toBe(0o700);
});

test('the line of a member that has not been seen for an hour goes when a store is opened', async () => {
  const path = join(folder, 'members');
  const first = await opened(path);
  const name = randomUUID();
  const member = { id: 'young', name, host: 'h', pid: 1, state: 'slave', at: new Date() };
  await first.putMember(member);
  await first.putMember({ ...member, id: 'old', at: new Date(Date.now() - 3_700_000) });
  const second = await opened(path);
  expect(await second.listMembers(name)).toEqual([member]);
});

test('the file is as large as what it holds, a process that opened it before sees it grow, and what is trimmed is used again', async () => {
  const path = join(folder, 'growing');
  const [name, size] = [randomUUID(), 2 ** 20];
  const store = await opened(path);
  const bytesOf = async () => (await stat(join(path, 'data.mdb'))).size;
  expect(await bytesOf()).toBeLessThan(2 ** 20);
  await store.compareAndSetLease(name, null, lease);
  const add = async (to: string) => {
    const contender = startContender(options(path), { job: 'addLarge', name: to, count: 40, size });
    expect(await contender.result).toBe(40);
    await contender.ended;
  };
  await add(name);
  const grown = await bytesOf();
  expect(grown).toBeGreaterThan(40 * size);
  expect(grown).toBeLessThan(60 * size);
  const [last] = await store.tasks.tasksAfter(name, 39, { tasks: 1, bytes: size });
  expect(last?.bytes).toEqual(Buffer.alloc(size, 39));
  await store.tasks.acknowledge({ name, term: 1, holder: 'holder' }, acknowledgement(40, null));
  await store.tasks.trimTasks(name, 40);
  expect(await store.tasks.tasksAfter(name, 0, { tasks: 40, bytes: size })).toEqual([]);
  await add(randomUUID());
  expect(await bytesOf()).toBeLessThan(1.5 * grown);
});

test('a process that is killed in the midst of adding leaves whole batches, and numbers without a gap', async () => {
  const path = join(folder, 'killed adding');
  const name = randomUUID();
  const store = await opened(path);
  const batch = 50;
  for (let kill = 0; kill < 6; kill++) {
    const victim = startContender(options(path), { job: 'addForever', name, size: batch, kill });
    const stored = await next(victim, ({ term }) => term !== undefined);
    victim.child.kill('SIGKILL');
    await victim.ended;
    const tasks = await store.tasks.tasksAfter(name, 0, { tasks: 1_000_000, bytes: Number.MAX_SAFE_INTEGER });
    expect(tasks.length).toBeGreaterThanOrEqual(stored.term ?? Number.POSITIVE_INFINITY);
    expect(tasks.length % batch).toBe(0);
    expect(tasks.map(({ seq }) => seq)).toEqual(tasks.map((_, index) => index + 1));
    expect((await store.tasks.countTasks(name)).queued).toBe(tasks.length);
  }
});
