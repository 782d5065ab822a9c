/**
 * The files of the embedded store are removed, replaced or damaged while it is open: by a cleaner of temporary folders, by
 * a person, by a restore, by a new volume. Nothing that was answered is lost, nothing is damaged, and no process crashes.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Lease } from '../../src/store/store.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import { createStore } from '../support/builtStore.ts';
import { startContender } from './contenders.ts';

const folder = await mkdtemp(join(tmpdir(), 'mongo-failover-'));
const stores: FullStore[] = [];
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await rm(folder, { recursive: true, force: true });
});

const options = (path: string) => ({ kind: 'embedded', path }) as const;

async function opened(path: string): Promise<FullStore> {
  const store = createStore(options(path), { commandTimeout: 10_000 });
  stores.push(store);
  await store.open();
  return store;
}

const nothing = { identifier: null, count: 0, recent: [] };
const lease: Lease = { term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500, ...nothing };

/** A store with a lease, that is open and settled. */
async function held(path = join(folder, randomUUID())) {
  const name = randomUUID();
  const store = await opened(path);
  await store.compareAndSetLease(name, null, lease);
  await store.insertTerm({ name, term: 1, holder: 'holder', claim: 'claim', ttl: 4500 });
  await store.settle((await store.highestTerm(name)).epoch, 4500);
  const beat = (number: number) => store.beat({ name, term: 1, holder: 'holder' }, number, nothing);
  const look = async (from = store) => (await from.observe([{ name, tip: 0 }]))[0];
  return { path, name, store, beat, look };
}

const gone = (what: string) => ({ code: 'ERR_STORE_GONE', message: expect.stringContaining(what) });

describe('a beat does not count in files that are not those in the folder any more', () => {
  const cases: readonly (readonly [title: string, what: string, harm: (path: string) => Promise<unknown>])[] = [
    ['the folder is removed', 'its files were removed', (path) => rm(path, { recursive: true })],
    ['the folder is renamed', 'its files were removed', (path) => rename(path, `${path}.old`)],
    ['data.mdb is removed', 'data.mdb was removed', (path) => rm(join(path, 'data.mdb'))],
    ['lock.mdb is removed', 'lock.mdb was removed', (path) => rm(join(path, 'lock.mdb'))],
    ['data.mdb is replaced by a copy', 'data.mdb was replaced', (path) => replaced(join(path, 'data.mdb'))],
    ['lock.mdb is replaced by a copy', 'lock.mdb was replaced', (path) => replaced(join(path, 'lock.mdb'))],
    ['data.mdb is cut short', 'data.mdb was cut short', (path) => truncate(join(path, 'data.mdb'), 8192)],
    ['data.mdb is emptied', 'data.mdb was cut short', (path) => truncate(join(path, 'data.mdb'))],
    ['lock.mdb is emptied', 'lock.mdb was cut short', (path) => truncate(join(path, 'lock.mdb'))],
    ['the folder is replaced by a link', 'is lost', (path) => linked(path)],
  ];

  test.each(cases)('%s', async (_title, what, harm) => {
    const { path, beat } = await held();
    expect(await beat(1)).toBe(true);
    await harm(path);
    await expect(beat(2)).rejects.toMatchObject(gone(what));
  });

  test('and the next call finds what is there then, or says what keeps it from that', async () => {
    const { path, beat, look } = await held();
    await rm(path, { recursive: true });
    await expect(beat(2)).rejects.toMatchObject(gone('its files were removed'));
    expect(await beat(3)).toBe(false);
    expect(await look()).toMatchObject({ lease: null, newer: false, settled: false });
  });
});

/** Makes files until one gets this number, as some file systems give it again at once; or else some. */
async function newFile(path: string, ino: number): Promise<string> {
  for (let count = 0; ; count += 1) {
    const file = join(path, `new ${count}`);
    await writeFile(file, '');
    if (count === 50 || (await stat(file)).ino === ino) return file;
  }
}

async function replaced(file: string): Promise<void> {
  await copyFile(file, `${file}.copy`);
  await rename(`${file}.copy`, file);
}

async function linked(path: string): Promise<void> {
  await rename(path, `${path}.old`);
  const other = await held(`${path}.other`);
  await symlink(other.path, path);
}

test('the loss of the files is noticed without a call', async () => {
  const { path, beat } = await held();
  await rm(join(path, 'lock.mdb'));
  // Who has let go of the store has taken its owner file away.
  await expect.poll(() => owners(path)).toEqual([]);
  await expect(beat(1)).rejects.toMatchObject(gone('lock.mdb was removed'));
});

async function owners(path: string): Promise<string[]> {
  const names = await readdir(join(path, 'owners'));
  return names.filter((name) => name.endsWith('.json'));
}

test('without its lock file a store is opened again when all have let go of it, and has lost nothing', async () => {
  const first = await held();
  const second = await opened(first.path);
  await first.store.tasks.addTasks(first.name, [{ id: 1, bytes: Buffer.from('one') }], 10);
  await rm(join(first.path, 'lock.mdb'));
  await expect(first.beat(1)).rejects.toMatchObject(gone('lock.mdb was removed'));
  await expect(second.highestTerm(first.name)).rejects.toMatchObject(gone('lock.mdb was removed'));
  const both = [first.store, second].map((store, id) => {
    const added = () => store.tasks.addTasks(first.name, [{ id: `after ${id}`, bytes: Buffer.alloc(9) }], 10);
    return expect.poll(() => added().catch(() => null), { timeout: 20_000 }).not.toBe(null);
  });
  await Promise.all(both);
  expect(await first.beat(2)).toBe(true);
  const tasks = await second.tasks.tasksAfter(first.name, 0, { tasks: 10, bytes: 1000 });
  expect(tasks.map(({ id }) => id).sort()).toEqual([1, 'after 0', 'after 1']);
});

test('without its lock file a store is not opened while a stopped process has it open', async () => {
  const { path, store } = await held();
  const other = startContender(options(path), { job: 'keepOpen' });
  await other.ready;
  other.child.kill('SIGSTOP');
  await rm(join(path, 'lock.mdb'));
  await expect(store.highestTerm('x')).rejects.toMatchObject({ code: 'ERR_STORE_GONE' });
  const text = `process ${other.child.pid} has files of it open that are no longer there`;
  const refusal = { code: 'ERR_STORE_UNAVAILABLE', message: expect.stringContaining(text) };
  await expect(store.highestTerm('x')).rejects.toMatchObject(refusal);
  expect(existsSync(join(path, 'lock.mdb'))).toBe(false);
  other.child.kill('SIGKILL');
  await other.ended;
  expect(await store.highestTerm('x')).toMatchObject({ term: 0 });
});

describe('a store that was restored vouches for nothing', () => {
  test('from a copy that is another file', async () => {
    const { path, store, look } = await held();
    expect(await look()).toMatchObject({ settled: true, lease: { beat: 0 } });
    await store.close();
    await replaced(join(path, 'data.mdb'));
    const again = await opened(path);
    expect(await look(again)).toMatchObject({ settled: false, lease: { beat: 0 } });
    await again.settle((await again.highestTerm('x')).epoch, 4500);
    expect(await look(again)).toMatchObject({ settled: true });
  });

  test('from a copy, after the file itself was removed, whose number it could be given', async () => {
    const { path, beat, look } = await held();
    const file = join(path, 'data.mdb');
    await copyFile(file, `${file}.backup`);
    const { ino } = await stat(file);
    await rm(file);
    await expect(beat(1)).rejects.toMatchObject(gone('data.mdb was removed'));
    const copy = await newFile(path, ino);
    await copyFile(`${file}.backup`, copy);
    await rename(copy, file);
    expect(await beat(2)).toBe(false);
    expect(await look()).toMatchObject({ settled: false, lease: { holder: 'holder', beat: 0 } });
  });

  test('into the very file, while it is open', async () => {
    const other = await held();
    await other.store.close();
    const { path, beat, look } = await held();
    const before = await look();
    expect(before).toMatchObject({ settled: true });
    const bytes = await readFile(join(other.path, 'data.mdb'));
    expect(bytes.length).toBeGreaterThanOrEqual((await stat(join(path, 'data.mdb'))).size);
    await writeFile(join(path, 'data.mdb'), bytes, { flag: 'r+' });
    expect(await beat(1)).toBe(false);
    const after = await look();
    expect(after).toMatchObject({ settled: false, lease: null });
    expect(after?.epoch).not.toBe(before?.epoch);
  });
});

describe('what a master of the store before does', () => {
  const added = (store: FullStore, name: string, id: string) =>
    store.tasks.addTasks(name, [{ id, bytes: Buffer.from(id) }], 10);

  test('counts for nothing in a copy that still names it as the holder', async () => {
    const { path, name, store, beat, look } = await held();
    const tenure = { name, term: 1, holder: 'holder' };
    expect(await beat(1)).toBe(true);
    await replaced(join(path, 'data.mdb'));
    await expect(look()).rejects.toMatchObject(gone('data.mdb was replaced'));
    expect(await look()).toMatchObject({ lease: { holder: 'holder', term: 1 } });
    await added(store, name, 'after the restore');
    expect(await beat(2)).toBe(false);
    expect(await store.tasks.acknowledge(tenure, { number: 1, done: 1, burial: null })).toBe(false);
    expect(await store.release(tenure, 3, nothing)).toBe(false);
    expect(await store.tasks.queueState(name)).toMatchObject({ done: 0 });
    expect(await look()).toMatchObject({ lease: { holder: 'holder', beat: 1 } });
  });

  test('but its lease may be claimed there, and then holds', async () => {
    const { path, name, look } = await held();
    await replaced(join(path, 'data.mdb'));
    await expect(look()).rejects.toMatchObject(gone('data.mdb was replaced'));
    const again = await opened(path);
    const next = { ...lease, term: 2, holder: 'other', claim: 'its claim' };
    expect(await again.compareAndSetLease(name, lease, next)).toBe(true);
    expect(await again.beat({ name, term: 2, holder: 'other' }, 1, nothing)).toBe(true);
  });

  test('trims no task that is not done in this one', async () => {
    const { path, name, store } = await held();
    await rm(path, { recursive: true });
    await expect(store.highestTerm(name)).rejects.toMatchObject(gone('its files were removed'));
    await added(store, name, 'after the loss');
    await store.tasks.trimTasks(name, 500);
    const tasks = await store.tasks.tasksAfter(name, 0, { tasks: 10, bytes: 1000 });
    expect(tasks.map(({ id }) => id)).toEqual(['after the loss']);
  });
});

test('a process that exits in the midst of writing ends as it should', async () => {
  const path = join(folder, 'exits');
  for (let round = 0; round < 5; round++) {
    const busy = startContender(options(path), { job: 'exitBusy', name: randomUUID() });
    await busy.ready;
    await new Promise<void>((resolve) =>
      busy.child.on('message', (message) => {
        if (typeof message === 'object' && message !== null && 'term' in message && message.term === 3 + round)
          resolve();
      }),
    );
    busy.child.send('exit');
    expect(await busy.ended).toEqual({ code: 0, signal: null, stderr: '' });
  }
});

test('cleaners that go by the sticky bit, or by the age of files, leave the store alone', async () => {
  const { path } = await held();
  for (const file of ['data.mdb', 'lock.mdb']) expect((await stat(join(path, file))).mode & 0o1000).toBe(0o1000);
});
