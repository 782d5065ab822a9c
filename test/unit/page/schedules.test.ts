/** The schedules of a subsystem: what a look costs and shows, and what viewers may change of one. */
import { beforeEach, expect, test } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { act, fieldsOf } from '../../../src/page/actions.ts';
import { Body } from '../../../src/page/body.ts';
import type { Details } from '../../../src/page/contract.ts';
import { SharedPoll } from '../../../src/page/poll.ts';
import type { ScheduleVerb } from '../../../src/page/route.ts';
import { SCHEDULES_SHOWN } from '../../../src/page/scheduleRows.ts';
import type { FullStore, TaskStore } from '../../../src/store/taskStore.ts';
import { encodeTask } from '../../../src/task/taskCodec.ts';
import { MemoryScheduleStore } from '../../support/memoryScheduleStore.ts';
import { MemoryTasks } from '../../support/memoryTaskStore.ts';
import { own, PageInMemory, type StoreInMemory, sourceOf } from './storeInMemory.ts';

const NAME = 'billing';
const payload = encodeTask({ region: 'eu' }, 1000, (most, write) => {
  const block = new Uint8Array(most);
  return block.subarray(0, write(block, 0));
});

let page: PageInMemory;
let store: StoreInMemory;
let schedules: MemoryScheduleStore;
let tasks: MemoryTasks;

beforeEach(() => {
  page = new PageInMemory();
  store = page.store;
  store.lease(NAME);
  schedules = new MemoryScheduleStore();
  tasks = new MemoryTasks(store.clock);
});

/** Declares a schedule of each minute. */
async function declare(id: string, more: object = {}): Promise<void> {
  const cursor = store.clock.wall();
  const set = { cursor, pattern: '* * * * *', timeZone: 'UTC', payload, ...more };
  await schedules.writeSchedules(NAME, [{ id, expected: null, term: 1, set }]);
  store.schedules.set(NAME, await schedules.readSchedules(NAME, null));
}

async function shown(): Promise<Details['schedules']> {
  const { body } = await page.ask(`/api/subsystems/${NAME}`);
  return JSON.parse(String(body)).schedules;
}

test('one read for a subsystem that someone looks at, and none for the others', async () => {
  store.lease('memory', { configuration: { kind: 'memory', settings: {} } });
  const reads = () => store.asked.filter((what) => what === 'schedules').length;
  const poll = store.poll();
  poll.follow({ name: null, see: () => {} });
  await store.clock.advance(5000);
  expect(reads()).toBe(0);
  for (let viewer = 0; viewer < 50; viewer++) poll.follow({ name: NAME, see: () => {} });
  poll.follow({ name: 'memory', see: () => {} });
  await store.clock.advance(5500);
  expect(reads()).toBeGreaterThanOrEqual(5);
  expect(reads()).toBeLessThanOrEqual(7);
});

test('the next slot is that after now, and moves on while nothing is written', async () => {
  await declare('a', { last: Date.UTC(2024, 11, 31), missedCount: 2, missedAt: Date.UTC(2024, 11, 30) });
  await declare('b', { pattern: 'one of a later version' });
  await declare('c', { parked: true });
  await schedules.pauseSchedule(NAME, 'a', { by: 'ada', at: new Date(0) });
  const next = async () => (await shown())?.rows.map((row) => row.next);
  expect(await next()).toEqual(['2025-01-01T00:01:00.000Z', null, null]);
  await store.clock.advance(30_000);
  expect(await next()).toEqual(['2025-01-01T00:01:00.000Z', null, null]);
  await store.clock.advance(40_000);
  expect(await next()).toEqual(['2025-01-01T00:02:00.000Z', null, null]);
  store.schedules.set(NAME, await schedules.readSchedules(NAME, null));
  await store.clock.advance(2000);
  const seen = await shown();
  expect(seen?.rows[0]).toEqual({
    ...{ id: 'a', pattern: '* * * * *', timeZone: 'UTC', next: null, parked: false, missed: 2 },
    ...{ last: '2024-12-31T00:00:00.000Z', missedAt: '2024-12-30T00:00:00.000Z' },
    paused: { by: 'ada', reason: null, at: '1970-01-01T00:00:00.000Z' },
  });
  expect(seen?.rows[2]?.parked).toBe(true);
});

test('a time that is no date of this world is shown as none', async () => {
  await declare('a', { last: Number.MAX_SAFE_INTEGER, missedAt: 9e15, cursor: Number.MAX_SAFE_INTEGER });
  expect((await shown())?.rows).toMatchObject([{ id: 'a', last: null, missedAt: null, next: null }]);
});

test('of many schedules the first ones are shown, and how many are not', async () => {
  for (let each = 0; each < SCHEDULES_SHOWN + 7; each++) await declare(`s${1000 + each}`);
  const seen = await shown();
  expect([seen?.rows.length, seen?.left]).toEqual([SCHEDULES_SHOWN, 7]);
});

test('who may not read schedules sees the rest; a store that is away is told as ever', async () => {
  let error = new StoreError('ERR_STORE', 'not authorized on failover_schedules: mongodb://u:secret@h/db');
  const reader = { ...store.reader, schedules: () => Promise.reject(error) };
  const poll = new SharedPoll({ source: sourceOf(reader), clock: store.clock });
  const { snapshot, problem } = await poll.fresh(NAME);
  expect(problem).toBeNull();
  const seen = snapshot?.details.get(NAME)?.schedules;
  expect(seen).toMatchObject({ rows: [], left: 0, problem: expect.stringContaining('not authorized') });
  expect(seen?.problem).not.toContain('secret');
  error = new StoreError('ERR_STORE_UNAVAILABLE', 'no answer');
  await store.clock.advance(2000);
  expect((await poll.fresh(NAME)).problem).toBe('no answer');
});

function asked(verb: ScheduleVerb, body: object, addTasks?: TaskStore['addTasks']): Promise<object> {
  const connected = { ...tasks.connect(), ...(addTasks === undefined ? {} : { addTasks }) };
  return act(verb, NAME, Body.read(JSON.stringify({ ifTerm: 1, ...body }), fieldsOf[verb]), {
    reader: store.reader,
    writer: async () => ({ tasks: connected, schedules, clockAhead: async () => 'none' }) as unknown as FullStore,
    ...{ clock: store.clock, by: 'ada', newId: () => 'one' },
  });
}

test('a schedule is paused once, and only the pause that was seen is ended', async () => {
  await declare('a');
  expect(await asked('pause-schedule', { id: 'a', reason: 'rest' })).toEqual({ ok: true });
  const at = new Date(store.clock.wall());
  expect((await schedules.findSchedule(NAME, 'a'))?.paused).toEqual({ by: 'ada', reason: 'rest', at });
  await expect(asked('pause-schedule', { id: 'a' })).rejects.toMatchObject({
    ...{ status: 409, code: 'ERR_PAGE_CONFLICT' },
    message: '"a" was not changed: ada has paused it since 2025-01-01T00:00:00.000Z',
  });
  const other = '2024-01-01T00:00:00.000Z';
  await expect(asked('resume-schedule', { id: 'a', ifAt: other })).rejects.toMatchObject({ status: 409 });
  await store.clock.advance(90_000);
  expect(await asked('resume-schedule', { id: 'a', ifAt: at.toISOString() })).toEqual({ ok: true });
  const { paused, resumed } = (await schedules.findSchedule(NAME, 'a')) ?? {};
  // The master leaves what has passed by then without a task.
  expect([paused, resumed]).toEqual([null, at.getTime() + 90_000]);
  await expect(asked('resume-schedule', { id: 'a' })).rejects.toMatchObject({ status: 409 });
});

test('a trigger queues one task of the schedule, with its id, and once for one moment', async () => {
  store.lease(NAME, { configuration: { kind: 'durable', settings: { key: '"invoice"', maxQueue: '1' } } });
  await declare('a');
  expect(await asked('trigger', { id: 'a' })).toEqual({ ok: true, result: 'queued' });
  expect(await asked('trigger', { id: 'a' })).toEqual({ ok: true, result: 'known' });
  const limits: number[] = [];
  const full: TaskStore['addTasks'] = async (_, all, max) =>
    all.map(() => ({ type: limits.push(max) > 0 ? 'full' : 'known' }));
  expect(await asked('trigger', { id: 'a' }, full)).toEqual({ ok: true, result: 'full' });
  expect(limits).toEqual([1]);
  const [task] = [...tasks.tasks.values()];
  expect([tasks.tasks.size, task?.id]).toEqual([1, 'a@2025-01-01T00:00:00.000Z!']);
  expect(Buffer.from(task?.bytes ?? []).toString('latin1')).toContain('invoice');
});

test('what cannot be done changes nothing, and says why', async () => {
  await declare('made', { payload: null });
  await expect(asked('trigger', { id: 'made' })).rejects.toMatchObject({
    ...{ status: 409, message: expect.stringContaining('is made by a function of the program') },
  });
  for (const verb of ['pause-schedule', 'resume-schedule', 'delete-schedule', 'trigger'] as const) {
    await expect(asked(verb, { id: 'none' })).rejects.toMatchObject({
      ...{ status: 404, message: '"billing" has no schedule "none"' },
    });
    for (const id of [undefined, '', 7, 'a\n', 'x'.repeat(201), { $gt: '' }, '\ud800']) {
      await expect(asked(verb, { id })).rejects.toMatchObject({ status: 400, code: 'ERR_PAGE_REQUEST' });
    }
    await expect(asked(verb, { id: 'made', ifTerm: 2 })).rejects.toMatchObject({ status: 409 });
    await expect(asked(verb, { id: 'made', ifTerm: undefined })).rejects.toMatchObject({ status: 400 });
  }
  expect(tasks.tasks.size).toBe(0);
  expect((await schedules.findSchedule(NAME, 'made'))?.paused).toBeNull();
});

test('a schedule that no program has is deleted, and no other', async () => {
  const now = store.clock.wall();
  await declare('gone', { declared: now - 2 * 3_600_000, parked: true });
  await declare('there', { declared: now - 2 * 3_600_000 + 1 });
  expect(await asked('delete-schedule', { id: 'gone' })).toEqual({ ok: true });
  await expect(asked('delete-schedule', { id: 'there' })).rejects.toMatchObject({
    ...{ status: 409, message: expect.stringMatching(/a member had it in its program at .*, and would make it again/) },
  });
  expect((await schedules.readSchedules(NAME, null)).map(({ id }) => id)).toEqual(['there']);
});

test('the routes are there with the action `schedule` alone', async () => {
  const verbs = ['pause-schedule', 'resume-schedule', 'delete-schedule', 'trigger'];
  const post = { method: 'POST', headers: own, body: JSON.stringify({ id: 'a', ifTerm: 1 }) };
  const others = new PageInMemory({ actions: ['requeue', 'discard', 'pause', 'hand-over', 'drain', 'cancel'] });
  const able = new PageInMemory({ actions: ['schedule'] });
  for (const each of [others, able]) each.store.lease('a');
  for (const verb of verbs) {
    expect(await others.status(`/api/subsystems/a/${verb}`, post)).toBe(404);
    // The store of this test cannot be written.
    expect(await able.status(`/api/subsystems/a/${verb}`, post)).toBe(503);
  }
  expect(others.opened).toBe(0);
  expect(await able.status('/api/subsystems/a/pause', post)).toBe(404);
  const rights: string[] = [];
  const authorize = (_: unknown, right: string) => rights.push(right) > 0 && right !== 'schedule';
  const guarded = new PageInMemory({ authorize, actions: ['schedule'] });
  guarded.store.lease('a');
  expect(await guarded.status('/api/subsystems/a/trigger', post)).toBe(403);
  expect([rights.includes('schedule'), guarded.opened]).toEqual([true, 0]);
});
