/** Which task is cancelled: that which was seen, and no other one of the same id. */
import { beforeEach, expect, test } from 'vitest';
import { act, fieldsOf } from '../../../src/page/actions.ts';
import { Body } from '../../../src/page/body.ts';
import { noOrders } from '../../../src/store/orders.ts';
import type { FullStore } from '../../../src/store/taskStore.ts';
import { MemoryTasks } from '../../support/memoryTaskStore.ts';
import { PageInMemory, StoreInMemory } from './storeInMemory.ts';

const NAME = 'billing';
let store: StoreInMemory;
let tasks: MemoryTasks;
let written: unknown[];

beforeEach(() => {
  store = new StoreInMemory();
  store.lease(NAME);
  tasks = new MemoryTasks(store.clock);
  written = [];
  tasks.tasks.set(8, {
    ...{ seq: 8, id: 'x', bytes: new Uint8Array(1), attempts: 0, deaths: 0, recordedBy: null, at: new Date(0) },
  });
  tasks.next = 9;
});

function asked(body: object): Promise<unknown> {
  const writer = {
    tasks: tasks.connect(),
    writeOrders: async (...given: unknown[]) => written.push(given) > 0,
  } as unknown as FullStore;
  return act('cancel', NAME, Body.read(JSON.stringify(body), fieldsOf.cancel), {
    reader: { ...store.reader, orders: async (names) => names.map(() => noOrders) },
    writer: async () => writer,
    ...{ clock: store.clock, by: 'ada', newId: () => 'one' },
  });
}

/** What was asked for, once the master has answered. */
async function answered(body: object, answer: 'removed' | 'done' | null): Promise<unknown> {
  const asking = asked(body);
  await store.clock.advance(0);
  const [change] = tasks.changes.open(1);
  if (change !== undefined && answer !== null) {
    tasks.changes.take(change.id, 1);
    tasks.changes.answer(change.id, 1, answer);
  }
  for (let step = 0; step < 60; step++) await store.clock.advance(100);
  return { answer: await asking, change };
}

test('the request names the task, who asks, and whether its work is ended, and the answer is that of the master', async () => {
  expect(await answered({ number: 8, id: '"x"', ifTerm: 1 }, 'removed')).toMatchObject({
    answer: { ok: true, result: 'removed' },
    change: { name: NAME, seq: 8, key: 'x', running: false, by: 'ada', bytes: null },
  });
  expect(written).toHaveLength(1);
  expect(await answered({ number: 8, id: '"x"', running: true }, 'done')).toMatchObject({
    answer: { ok: true, result: 'done' },
    change: { seq: 8, running: true },
  });
});

test('without a master the request stays, and the answer says so', async () => {
  expect(await answered({ number: 8, id: '"x"' }, null)).toMatchObject({ answer: { ok: true, result: 'requested' } });
  expect(tasks.changes.open(10)).toHaveLength(1);
});

test('another task of that id, or another id of that number, is left alone', async () => {
  for (const body of [
    { number: 7, id: '"x"' },
    { number: 8, id: '"y"' },
    { number: 9, id: '"x"' },
  ]) {
    expect(await asked(body)).toEqual({ ok: true, result: 'unknown' });
  }
  tasks.done = 8;
  expect(await asked({ number: 8, id: '"x"' })).toEqual({ ok: true, result: 'done' });
  expect(tasks.changes.open(10)).toEqual([]);
});

test('what was not seen so, and queues in memory, are refused, and nothing is written', async () => {
  await expect(asked({ number: 8, id: '"x"', ifTerm: 2 })).rejects.toMatchObject({ status: 409 });
  for (const body of [
    {},
    { number: 8 },
    { id: '"x"' },
    { number: 0, id: '"x"' },
    { number: 1.5, id: '"x"' },
    { number: '8', id: '"x"' },
    { number: 8, id: 'x' },
    { number: 8, id: '"x"', running: false },
    { number: 8, id: '"x"', running: 'on' },
    { number: 8, id: '"x"', all: true },
    { number: 8, id: { $gt: '' } },
  ]) {
    await expect(async () => asked(body)).rejects.toMatchObject({ status: 400, code: 'ERR_PAGE_REQUEST' });
  }
  store.lease(NAME, { configuration: { kind: 'memory', settings: {} } });
  await expect(asked({ number: 8, id: '"x"' })).rejects.toMatchObject({ status: 409, code: 'ERR_PAGE_CONFLICT' });
  expect([tasks.changes.open(10), written]).toEqual([[], []]);
});

test('the route is there with the action `cancel` alone, and by the leave of `authorize`', async () => {
  const headers = { 'content-type': 'application/json', 'x-mongo-failover': '1' };
  const post = { method: 'POST', headers, body: JSON.stringify({ number: 1, id: '1' }) };
  const others = new PageInMemory({ actions: ['requeue', 'discard', 'pause', 'hand-over', 'drain', 'schedule'] });
  const guarded = new PageInMemory({
    authorize: (_: unknown, right: string) => right !== 'cancel',
    actions: ['cancel'],
  });
  for (const each of [others, guarded]) each.store.lease('a');
  expect(await others.status('/api/subsystems/a/cancel', post)).toBe(404);
  expect(await guarded.status('/api/subsystems/a/cancel', post)).toBe(403);
  expect(others.opened + guarded.opened).toBe(0);
});
