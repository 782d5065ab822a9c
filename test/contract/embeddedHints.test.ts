/** Coordinators that share the folder of an embedded store hear of what the others did, within one process and across processes. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import type { Hint, Lease } from '../../src/store/store.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import { createStore } from '../support/builtStore.ts';
import { startContender } from './contenders.ts';

const folder = await mkdtemp(join(tmpdir(), 'mongo-failover-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const nothing = { identifier: null, count: 0, recent: [] };
const lease: Lease = { term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500, ...nothing };
const tenure = (name: string) => ({ name, term: 1, holder: 'holder' });
const record = (name: string) => ({ ...tenure(name), claim: 'claim', ttl: 4500 });
const task = (id: string) => ({ id, bytes: Buffer.from(id) });

/** A store, and what it hinted at about this name. */
async function opened(path: string, name: string) {
  const store: FullStore = createStore({ kind: 'embedded', path }, { commandTimeout: 10_000 });
  onTestFinished(() => store.close());
  const hints: Hint['topic'][] = [];
  const stop = store.onHint(({ topic, concerns }) => {
    if (concerns(name) && !concerns(`not ${name}`)) hints.push(topic);
  });
  await store.open();
  return { store, hints, stop };
}

test('another coordinator hears of a claim, of a release, also of one for the dead, and of stored tasks', async () => {
  const path = join(folder, randomUUID());
  const name = randomUUID();
  const { store, hints: own } = await opened(path, name);
  const { hints, stop } = await opened(path, name);
  const hear = (...topics: Hint['topic'][]) => expect.poll(() => hints.splice(0)).toEqual(topics);
  await store.compareAndSetLease(name, null, lease);
  await store.insertTerm(record(name));
  await hear('lease');
  await store.tasks.addTasks(name, [task('a'), task('b')], 10);
  await hear('tasks');
  await store.release(tenure(name), 1, nothing);
  await hear('lease');
  const next = { ...lease, term: 2 };
  const [seen] = await store.observe([{ name, tip: 1 }]);
  await store.compareAndSetLease(name, seen?.lease ?? null, next);
  await store.releaseDead({ ...tenure(name), term: 2, claim: 'claim' });
  await hear('lease');
  // What it did itself to a lease others of its members wait for. Its tasks its coordinator knows of.
  expect(own).toEqual(['lease', 'lease', 'lease']);
  stop();
  await store.tasks.addTasks(name, [task('c')], 10);
  await store.tasks.addTasks(name, [task('d')], 10);
  expect(hints).toEqual([]);
});

test('another coordinator, and the members of this one, hear of orders that were written', async () => {
  const path = join(folder, randomUUID());
  const name = randomUUID();
  const { store, hints: own } = await opened(path, name);
  const { hints } = await opened(path, name);
  expect(await store.writeOrders(name, null, {})).toBe(true);
  await expect.poll(() => hints).toEqual(['lease']);
  expect(own).toEqual(['lease']);
  expect(await store.writeOrders(name, null, {})).toBe(false);
  await store.readOrders([{ name }]);
  expect(await store.writeOrders(name, 1, {})).toBe(true);
  await expect.poll(() => hints).toEqual(['lease', 'lease']);
});

test('another coordinator, and the members of this one, hear of a drain and of its end, whatever their names', async () => {
  const path = join(folder, randomUUID());
  const heard = async (hints: Hint[], count: number) => {
    for (const name of ['a', 'b', randomUUID()]) {
      const about = () => hints.filter(({ topic, concerns }) => topic === 'lease' && concerns(name)).length;
      await expect.poll(about).toBe(count);
    }
    expect(hints.filter(({ topic }) => topic === 'tasks')).toEqual([]);
  };
  const both = await Promise.all([opened(path, 'a'), opened(path, 'a')]);
  const all = both.map(({ store }) => {
    const hints: Hint[] = [];
    store.onHint((hint) => hints.push(hint));
    return hints;
  });
  const [{ store }] = both;
  await store.putDrain({ key: 'host/h', by: 'me', at: new Date(0) });
  for (const hints of all) await heard(hints, 1);
  await store.removeDrain('host/h');
  for (const hints of all) await heard(hints, 2);
});

test('what changes nothing that others wait for is no hint', async () => {
  const path = join(folder, randomUUID());
  const name = randomUUID();
  const { store } = await opened(path, name);
  const { hints } = await opened(path, name);
  await store.tasks.addTasks(name, [task('a')], 1);
  await expect.poll(() => hints.splice(0)).toEqual(['tasks']);
  await store.tasks.addTasks(name, [task('a'), task('b')], 1);
  await store.release(tenure(name), 1, nothing);
  await store.beat(tenure(name), 1, nothing);
  await store.observe([{ name, tip: 0 }]);
  // What comes after all that has been heard: so would that have been.
  await store.insertTerm(record(name));
  await expect.poll(() => hints).toEqual(['lease']);
});

test('another process is heard', async () => {
  const path = join(folder, randomUUID());
  const name = randomUUID();
  const { hints } = await opened(path, name);
  const { result, ended } = startContender({ kind: 'embedded', path }, { job: 'insert', name, last: 3 });
  expect(await result).toHaveLength(3);
  await expect.poll(() => hints.length).toBeGreaterThan(0);
  expect(new Set(hints)).toEqual(new Set(['lease']));
  // The file that it watched keeps no process alive.
  expect(await ended).toMatchObject({ code: 0, stderr: '' });
});
