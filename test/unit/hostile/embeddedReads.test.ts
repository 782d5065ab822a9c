/**
 * The embedded store over entries that another program wrote: every call ends with an answer or a coded error, and no
 * entry of a newer format, nor another task, is overwritten or deleted.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { FailoverErrorCode } from '../../../src/errors.ts';
import {
  drainKey,
  leaseKey,
  letterIdKey,
  letterKey,
  memberKey,
  ordersKey,
  preferredKey,
  queueKey,
  taskKey,
  termKey,
} from '../../../src/store/embedded/keys.ts';
import { acknowledgement } from '../../support/acknowledgements.ts';
import { openEntries } from '../../support/embeddedEntries.ts';
import { localStore } from '../../support/localStore.ts';
import { runs } from '../../support/propertyRuns.ts';
import { acceptedOrRejected } from './accepted.ts';
import {
  alien,
  leaseDocument,
  letterDocument,
  memberDocument,
  ordersDocument,
  preferredDocument,
  taskDocument,
  termDocument,
} from './hostileDocuments.ts';

const REFUSED: readonly FailoverErrorCode[] = ['ERR_STORE_DATA', 'ERR_NEWER_FORMAT', 'ERR_STORE'];
const LIMIT = 5000;

const folder = await mkdtemp(join(tmpdir(), 'mongo-failover-hostile-'));
const path = join(folder, 'store');
const raw = openEntries(path);
const { store } = localStore({ path }, LIMIT);
await store.open();
afterAll(async () => {
  await store.close();
  raw.close();
  await rm(folder, { recursive: true, force: true });
});

const progress = { identifier: 1, count: 1, recent: [1] };
const task = (seq: number) => ({ seq, key: `task ${seq}`, payload: Buffer.alloc(5), attempts: 0, deaths: 0, at: 0 });
const lease = {
  term: 1,
  beat: 0,
  ack: 0,
  holder: 'h',
  claim: 'c',
  ttl: 1,
  identifier: null,
  count: 0,
  recent: [],
  at: 0,
};
let names = 0;

/** The entries of a subsystem of its own; what is undefined is not there. */
async function write(entries: (name: string) => readonly (readonly [key: Buffer, value: unknown])[]): Promise<string> {
  names += 1;
  const name = `subsystem ${names}`;
  raw.put(...entries(name).filter(([, value]) => value !== undefined));
  return name;
}

function values(keys: readonly Buffer[]): unknown[] {
  return keys.map((key) => raw.get(key));
}

test('whatever is there, a call ends with an answer or a coded error', async () => {
  const queue = alien(fc.record({ next: fc.nat({ max: 5 }) }));
  const entries = fc.tuple(
    ...([alien(leaseDocument), alien(termDocument), alien(taskDocument), alien(taskDocument)] as const),
    ...([queue, alien(letterDocument), alien(memberDocument)] as const),
    ...([alien(ordersDocument), alien(preferredDocument)] as const),
  );
  const property = fc.asyncProperty(entries, async (given) => {
    const [leased, term, first, second, next, letter, member, orders, preferred] = given;
    const name = await write((own) => [
      [leaseKey(own), leased],
      [termKey(own, 1), term],
      [taskKey(own, 1), first],
      [taskKey(own, 2), second],
      [queueKey(own), next],
      [letterKey(own, 1), letter],
      [letterIdKey(own, 1, 1), 1],
      [memberKey(own), member],
      [ordersKey(own), orders],
      [preferredKey(own), preferred],
      [drainKey(own), member],
    ]);
    const tenure = { name, term: 1, holder: 'h' };
    const { tasks } = store;
    const calls: readonly (() => Promise<unknown>)[] = [
      () => store.highestTerm(name),
      () => store.observe([{ name, tip: 0 }]),
      () => store.insertTerm({ ...tenure, claim: 'c', ttl: 1 }),
      () => store.compareAndSetLease(name, null, lease),
      () => store.beat(tenure, 1, progress),
      () => store.listMembers(name),
      () => store.readOrders([{ name, drains: [name] }]),
      () => store.writeOrders(name, 1, { pause: null }),
      () => store.listDrains(),
      () => tasks.queueState(name),
      () => tasks.tasksAfter(name, 0, { tasks: 10, bytes: 1000 }),
      () => tasks.countTasks(name),
      () => tasks.oldestDeadLetter(name, 1),
      () => tasks.removeDeadLetter(name, 1),
      () => tasks.acknowledge(tenure, acknowledgement(1, null)),
      () => tasks.addTasks(name, [{ id: 'new', bytes: Buffer.alloc(1) }], 10),
      () => tasks.trimTasks(name, 1),
    ];
    for (const call of calls) await acceptedOrRejected(REFUSED, call);
  });
  await fc.assert(property, runs(60));
});

test('a lease of a newer format is overwritten by no claim, beat, release or acknowledgement', async () => {
  const newer = { ...lease, format: 2, done: 3 };
  const name = await write((own) => [[leaseKey(own), newer]]);
  const tenure = { name, term: 1, holder: 'h' };
  await expect(store.observe([{ name, tip: 0 }])).rejects.toMatchObject({ code: 'ERR_NEWER_FORMAT' });
  expect(await store.compareAndSetLease(name, lease, { ...lease, term: 2 })).toBe(false);
  expect(await store.compareAndSetLease(name, null, { ...lease, term: 2 })).toBe(false);
  expect(await store.beat(tenure, 1, progress)).toBe(false);
  expect(await store.release(tenure, 1, progress)).toBe(false);
  expect(await store.tasks.acknowledge(tenure, acknowledgement(5, null))).toBe(false);
  expect(values([leaseKey(name)])).toEqual([newer]);
});

test('a number that is given out again overwrites no task', async () => {
  const name = await write((own) => [[taskKey(own, 1), task(1)]]);
  const added = store.tasks.addTasks(name, [{ id: 'new', bytes: Buffer.alloc(1) }], 10);
  await expect(added).rejects.toMatchObject({ code: 'ERR_STORE_DATA' });
  expect(values([taskKey(name, 1)])).toMatchObject([{ key: 'task 1' }]);
});

test('a number that lags behind what is done is passed over, as no look would go there', async () => {
  const name = await write((own) => [
    [leaseKey(own), { ...lease, done: 7 }],
    [queueKey(own), { next: 2 }],
  ]);
  expect(await store.tasks.addTasks(name, [{ id: 'new', bytes: Buffer.alloc(1) }], 10)).toEqual([
    { type: 'stored', seq: 8 },
  ]);
});

test('a task that says another number than its own deletes no other one', async () => {
  const name = await write((own) => [
    [leaseKey(own), { ...lease, done: 1 }],
    [taskKey(own, 1), task(2)],
    [taskKey(own, 2), task(2)],
  ]);
  await expect(store.tasks.trimTasks(name, 1)).rejects.toMatchObject({ code: 'ERR_STORE_DATA' });
  await expect(store.tasks.tasksAfter(name, 0, { tasks: 9, bytes: 999 })).rejects.toMatchObject({
    code: 'ERR_STORE_DATA',
  });
  expect(values([taskKey(name, 2)])).toMatchObject([{ key: 'task 2' }]);
});

test('nothing is trimmed beyond what the lease says is done', async () => {
  const name = await write((own) => [
    [leaseKey(own), { ...lease, done: 1 }],
    [taskKey(own, 1), task(1)],
    [taskKey(own, 2), task(2)],
  ]);
  await store.tasks.trimTasks(name, 2);
  expect(values([taskKey(name, 1), taskKey(name, 2)])).toMatchObject([undefined, { key: 'task 2' }]);
  const emptied = await write((own) => [[taskKey(own, 1), task(1)]]);
  await store.tasks.trimTasks(emptied, 1);
  expect(values([taskKey(emptied, 1)])).toMatchObject([{ key: 'task 1' }]);
});

test('a dead letter that says another number than its own is not taken for that one', async () => {
  const letter = { ...task(5), name: 'x', error: { name: 'Error', message: 'x', code: null } };
  const name = await write((own) => [
    [letterKey(own, 1), { ...letter, key: 1 }],
    [letterIdKey(own, 1, 1), 1],
  ]);
  await expect(store.tasks.oldestDeadLetter(name, 1)).rejects.toMatchObject({ code: 'ERR_STORE_DATA' });
});

test('a line of a member that cannot be read does not hide the others', async () => {
  const name = 'strange lines';
  const member = { id: 'whole', name, host: 'here', pid: 1, state: 'slave', at: new Date() };
  await write(() => [
    [memberKey('a'), { ...member, id: 'a', pid: undefined, at: 1 }],
    [memberKey('b'), { ...member, id: 'b', at: 1, format: 2 }],
  ]);
  await store.putMember(member);
  expect(await store.listMembers(name)).toEqual([member]);
});

test('a line of a member that cannot be read keeps no process from opening the store', async () => {
  await write(() => [
    [memberKey('strange'), { id: 5, at: 1 }],
    [memberKey('stranger'), 'no document'],
  ]);
  const second = localStore({ path }, LIMIT).store;
  await second.open();
  await second.close();
});
