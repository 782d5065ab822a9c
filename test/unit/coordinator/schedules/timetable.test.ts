/** The rules of a timetable one by one, on a played store and clock. */
import { beforeEach, expect, test } from 'vitest';
import { Timetable } from '../../../../src/coordinator/schedules/timetable.ts';
import { originOf } from '../../../../src/schedules/slots.ts';
import type { Declaration } from '../../../../src/wire/schedules.ts';
import { MemoryScheduleStore } from '../../../support/memoryScheduleStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { hourly, shortIds } from './scheduleWorld.ts';

const NAME = 'billing';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let clock: VirtualClock;
let store: MemoryScheduleStore;
let queued: { id: string; late: number; missed: boolean }[];
let told: string[];
let asked: string[];
let done: number;
let isOver: boolean;

beforeEach(() => {
  clock = new VirtualClock({ wall: Date.UTC(2026, 4, 1, 12, 1) });
  store = new MemoryScheduleStore();
  [queued, told, asked] = [[], [], []];
  [done, isOver] = [0, false];
});

function timetable(...declarations: Declaration[]): Timetable {
  const made = new Timetable({
    ...{ name: NAME, clock, store, key: 'id' },
    adder: {
      done: async () => done,
      reaches: async (seq) => queued.length >= seq,
      add: async (tasks) => {
        if (isOver) return null;
        return tasks.map(({ id, details }) => ({
          seq: queued.push({ id, late: details.late, missed: details.missed }),
        }));
      },
    },
    make: (_id, taskId) => asked.push(taskId),
    mayBegin: () => told.push('may begin'),
    breathe: async () => {},
    trouble: (error) => told.push(error.message),
    info: (text) => told.push(text),
  });
  for (const declaration of declarations) made.declare(declaration);
  return made;
}

const ids = () => shortIds(queued);
const row = async (id = 'a') => (await store.readSchedules(NAME, [id]))[0];

test('a new schedule begins now, and has a task at each of its slots', async () => {
  timetable(hourly()).start(1);
  await clock.advance(59 * MINUTE - 1);
  expect(queued).toEqual([]);
  await clock.advance(1);
  expect(queued).toEqual([{ id: 'a@2026-05-01T13:00:00Z', late: 0, missed: false }]);
  done = 1;
  await clock.advance(60 * MINUTE);
  expect(ids()).toEqual(['a@13:00', 'a@14:00']);
  expect(await row()).toMatchObject({
    cursor: Date.UTC(2026, 4, 1, 14),
    last: Date.UTC(2026, 4, 1, 14),
    lastSeq: 2,
    term: 1,
  });
});

test('a member that is not master, or no longer, or may lose the mastership, queues nothing', async () => {
  const made = timetable(hourly());
  await clock.advance(3 * 60 * MINUTE);
  expect(await store.readSchedules(NAME, null)).toEqual([]);
  made.start(1);
  await clock.advance(1000);
  made.fence();
  await clock.advance(60 * MINUTE);
  expect(queued).toEqual([]);
  made.resume();
  await clock.advance(1000);
  expect(ids()).toEqual(['a@16:00']);
  made.end();
  await clock.advance(60 * MINUTE);
  [isOver, done] = [true, 1];
  made.start(2);
  await clock.advance(MINUTE);
  expect(queued).toHaveLength(1);
  expect((await row())?.cursor).toBe(Date.UTC(2026, 4, 1, 16));
});

test('slots that are due at once come in the order of their times, then ids', async () => {
  const all = { missed: 'all', overlap: 'queue' } as const;
  const made = timetable(
    hourly({ id: 'b', ...all }),
    hourly({ ...all }),
    hourly({ id: 'c', pattern: '30 * * * *', ...all }),
  );
  made.start(1);
  await clock.advance(1000);
  made.end();
  await clock.advance(125 * MINUTE);
  made.start(2);
  await clock.advance(1000);
  expect(ids()).toEqual(['c@12:30', 'a@13:00', 'b@13:00', 'c@13:30', 'a@14:00', 'b@14:00']);
});

test('a slot is left out while the task of the one before is not done', async () => {
  timetable(hourly()).start(1);
  await clock.advance(3 * 60 * MINUTE);
  expect(ids()).toEqual(['a@13:00']);
  expect((await row())?.cursor).toBe(Date.UTC(2026, 4, 1, 15));
  done = 1;
  await clock.advance(60 * MINUTE);
  expect(ids()).toEqual(['a@13:00', 'a@16:00']);
});

test('another pattern begins now, also by a clock that is behind, and another option goes on', async () => {
  timetable(hourly()).start(1);
  await clock.advance(59 * MINUTE);
  done = 1;
  const before = (await row())?.cursor ?? 0;
  clock.setWall(before - 10 * MINUTE);
  timetable(hourly({ pattern: '*/2 * * * *' })).start(2);
  await clock.advance(9 * MINUTE);
  expect(queued).toHaveLength(1);
  expect(await row()).toMatchObject({ pattern: '*/2 * * * *', cursor: before });
  expect(told.join()).toContain("is '*/2 * * * *' in UTC from now on");
  await clock.advance(5 * MINUTE);
  expect(queued.length).toBeGreaterThan(1);
  timetable(hourly({ pattern: '*/2 * * * *', missed: 'skip' })).start(3);
  const { cursor } = (await row()) ?? {};
  await clock.advance(1000);
  expect(await row()).toMatchObject({ missed: 'skip', cursor });
});

test('one that no program has sleeps, is parked after a day, and begins then when it comes back', async () => {
  const first = timetable(hourly());
  first.start(1);
  await clock.advance(1000);
  first.close();
  const other = timetable(hourly({ id: 'b' }));
  other.start(2);
  await clock.advance(23 * 60 * MINUTE);
  expect(await row()).toMatchObject({ parked: false });
  await clock.advance(2 * 60 * MINUTE);
  expect(await row()).toMatchObject({ parked: true });
  expect(ids().filter((id) => id.startsWith('a'))).toEqual([]);
  expect(told.join()).toContain("'a' of 'billing' is parked");
  const back = timetable(hourly({ missed: 'all', within: 10 * DAY }));
  back.start(3);
  await clock.advance(1000);
  expect(await row()).toMatchObject({ parked: false });
  expect(queued.filter(({ id }) => id.startsWith('a'))).toEqual([]);
});

test('a standby that has it in its program keeps it from being parked', async () => {
  const first = timetable(hourly());
  first.start(1);
  await clock.advance(1000);
  first.end();
  timetable(hourly({ id: 'b' })).start(2);
  await clock.advance(30 * 60 * MINUTE);
  expect(await row()).toMatchObject({ parked: false });
});

test('one that is paused lets its slots pass, and goes on behind them', async () => {
  const made = timetable(hourly({ missed: 'all' }));
  made.start(1);
  await clock.advance(1000);
  await store.pauseSchedule(NAME, 'a', { by: 'me', at: new Date() });
  await clock.advance(3 * 60 * MINUTE);
  expect(queued).toEqual([]);
  await store.resumeSchedule(NAME, 'a', clock.wall());
  made.wake('a');
  await clock.advance(60 * MINUTE);
  expect(ids()).toEqual(['a@16:00']);
});

test('a clock that is set back repeats nothing, and one that is set far forward is not believed at once', async () => {
  timetable(hourly()).start(1);
  await clock.advance(60 * MINUTE);
  done = 1;
  clock.setWall(clock.wall() - 50 * MINUTE);
  await clock.advance(49 * MINUTE);
  expect(ids()).toEqual(['a@13:00']);
  const before = (await row())?.cursor;
  clock.setWall(clock.wall() + 30 * DAY);
  await clock.advance(2 * MINUTE);
  expect(told.join()).toContain('30.0 days ahead');
  expect((await row())?.cursor).toBe(before);
  clock.setWall(clock.wall() - 30 * DAY);
  await clock.advance(10 * MINUTE);
  expect((await row())?.cursor).toBeLessThan(clock.wall());
  clock.setWall(clock.wall() + 30 * DAY);
  await clock.advance(5 * MINUTE);
  expect((await row())?.cursor).toBeGreaterThan(clock.wall() - 2 * 60 * MINUTE);
});

test('a new master whose clock is far ahead of what the store has seen waits, too', async () => {
  const first = timetable(hourly());
  first.start(1);
  await clock.advance(1000);
  first.close();
  clock.setWall(clock.wall() + 30 * DAY);
  const next = timetable(hourly());
  next.start(2);
  await clock.advance(MINUTE);
  expect(queued).toEqual([]);
  expect(told.join()).toContain('days ahead');
  await clock.advance(4 * MINUTE);
  expect(queued).toHaveLength(1);
});

test('a task that a function makes is asked for once, and its slot waits for it', async () => {
  const made = timetable(hourly({ template: null, digest: '' }), hourly({ id: 'b' }));
  made.start(1);
  await clock.advance(59 * MINUTE + 10);
  expect(ids()).toEqual(['b@13:00']);
  expect(asked).toEqual(['a@2026-05-01T13:00:00Z']);
  await clock.advance(30_000);
  expect(asked).toHaveLength(1);
  made.tasksMade('a@2026-05-01T13:00:00Z', Uint8Array.from([5, 0, 0, 0, 0]));
  await clock.advance(500);
  expect(ids()).toEqual(['b@13:00', 'a@13:00']);
  expect(await row()).toMatchObject({ cursor: Date.UTC(2026, 4, 1, 13) });
});

test('a function that fails is asked again after a minute', async () => {
  const made = timetable(hourly({ template: null, digest: '' }));
  made.start(1);
  await clock.advance(59 * MINUTE + 10);
  made.tasksMade('a@2026-05-01T13:00:00Z', null);
  await clock.advance(30_000);
  expect(asked).toHaveLength(1);
  await clock.advance(31_000);
  expect(asked).toHaveLength(2);
});

test('a task whose slot is not settled may not begin, until it is', async () => {
  const made = timetable(hourly());
  made.start(1);
  await clock.advance(1000);
  const slot = Date.UTC(2026, 4, 1, 20);
  expect(made.mayBegin('other/1')).toBe(true);
  expect(made.mayBegin(originOf('a', slot))).toBe(false);
  await clock.advance(1000);
  expect(told).toContain('may begin');
  expect([made.mayBegin(originOf('a', slot)), made.mayBegin(originOf('a', slot + 1))]).toEqual([true, false]);
  expect((await row())?.cursor).toBe(slot);
  expect(made.mayBegin(originOf('gone', slot))).toBe(false);
  await clock.advance(1000);
  expect(made.mayBegin(originOf('gone', slot))).toBe(true);
});

test('what fails is told once, and done again', async () => {
  const made = timetable(hourly());
  const read = store.readSchedules.bind(store);
  store.readSchedules = () => Promise.reject(new Error('no answer'));
  made.start(1);
  await clock.advance(10_000);
  expect(told).toEqual(['no answer']);
  store.readSchedules = read;
  await clock.advance(60 * MINUTE);
  expect(ids()).toEqual(['a@13:00']);
});

test('a schedule that is deleted while this program has it is made again as it was, and that is told', async () => {
  const made = timetable(hourly());
  made.start(1);
  await clock.advance(60 * MINUTE);
  expect(ids()).toEqual(['a@13:00']);
  const before = await row();
  done = 1;
  // By a person whose clock is hours ahead, just before the next slot.
  clock.setWall(clock.wall() + 58.5 * MINUTE);
  await store.deleteSchedule(NAME, 'a', Number.POSITIVE_INFINITY);
  await clock.advance(2 * MINUTE);
  expect(ids()).toEqual(['a@13:00', 'a@14:00']);
  expect(told).toContain(
    "the schedule 'a' of 'billing' was deleted, and this program has it: it was made again as it was",
  );
  expect(await row()).toMatchObject({ last: Date.UTC(2026, 4, 1, 14), lastSeq: 2, pattern: before?.pattern });
});

test('one that is made again opens no slots of long ago: a master that is deposed may not know that they were settled', async () => {
  const made = timetable(hourly({ missed: 'all' }));
  made.start(1);
  await clock.advance(60 * MINUTE);
  done = 1;
  // Held up for three hours, in which another master was there.
  made.fence();
  await store.deleteSchedule(NAME, 'a', Number.POSITIVE_INFINITY);
  await clock.advance(180 * MINUTE);
  made.resume();
  await clock.advance(2 * MINUTE);
  expect(ids()).toEqual(['a@13:00']);
  await clock.advance(60 * MINUTE);
  expect(ids()).toEqual(['a@13:00', 'a@17:00']);
});

test('one that is deleted while it is paused stays paused, with its counts', async () => {
  const made = timetable(hourly());
  made.start(1);
  await clock.advance(60 * MINUTE);
  const paused = { by: 'ann', at: new Date(clock.wall()), reason: 'the archive is moved' };
  await store.pauseSchedule(NAME, 'a', paused);
  // The next read of all schedules.
  await clock.advance(11 * MINUTE);
  await store.deleteSchedule(NAME, 'a', Number.POSITIVE_INFINITY);
  await clock.advance(120 * MINUTE);
  expect(ids()).toEqual(['a@13:00']);
  expect(await row()).toMatchObject({ paused, last: Date.UTC(2026, 4, 1, 13), lastSeq: 1 });
  expect(told.filter((text) => text.includes('made again'))).toHaveLength(1);
});

test('a master that has never seen the row begins it now, and one of another life takes no number from it', async () => {
  const made = timetable(hourly());
  made.start(1);
  await clock.advance(60 * MINUTE);
  made.end();
  await store.deleteSchedule(NAME, 'a', Number.POSITIVE_INFINITY);
  await clock.advance(120 * MINUTE);
  made.start(2);
  await clock.advance(30 * MINUTE);
  expect(told.filter((text) => text.includes('made again'))).toEqual([]);
  expect(ids()).toEqual(['a@13:00']);
});
