/** What a timetable does in worlds that went wrong: leases that were dropped, long outages, blocked programs. */
import { beforeEach, expect, test } from 'vitest';
import { Timetable } from '../../../../src/coordinator/schedules/timetable.ts';
import { StoreError } from '../../../../src/errors.ts';
import { originOf } from '../../../../src/schedules/slots.ts';
import type { Declaration } from '../../../../src/wire/schedules.ts';
import { MemoryScheduleStore } from '../../../support/memoryScheduleStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { hourly, shortIds } from './scheduleWorld.ts';

const NAME = 'billing';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** How long what was read is trusted. */
const TRUST_MS = 10_000;

let clock: VirtualClock;
let store: MemoryScheduleStore;
let queued: { id: string; origin: string }[];
let told: string[];
let asked: string[];
let done: number;
let breaths: number;
/** How long a breath takes, in ms. */
let breath: number;

beforeEach(() => {
  clock = new VirtualClock({ wall: Date.UTC(2026, 4, 1, 12, 1) });
  store = new MemoryScheduleStore();
  [queued, told, asked] = [[], [], []];
  [done, breaths, breath] = [0, 0, 0];
});

function timetable(...declarations: Declaration[]): Timetable {
  const made = new Timetable({
    ...{ name: NAME, clock, store, key: 'id' },
    adder: {
      done: async () => done,
      reaches: async (seq) => queued.length >= seq,
      add: async (tasks, _term, since) => {
        if (clock.now() - since.now > TRUST_MS) throw new StoreError('ERR_STORE_UNAVAILABLE', 'too late');
        return tasks.map(({ id, schedule, slot }) => {
          const origin = originOf(schedule, slot);
          if (queued.some((task) => task.origin === origin)) return { seq: null };
          return { seq: queued.push({ id, origin }) };
        });
      },
    },
    make: (_id, taskId) => asked.push(taskId),
    mayBegin: () => {},
    breathe: () => {
      breaths += 1;
      return new Promise((resolve) => clock.at(clock.now() + breath, resolve));
    },
    trouble: (error) => told.push(error.message),
    info: (text) => told.push(text),
  });
  for (const declaration of declarations) made.declare(declaration);
  return made;
}

const ids = () => shortIds(queued);
const row = async (id = 'a') => (await store.readSchedules(NAME, [id]))[0];

/** Lets time pass in which each second a beat is acknowledged. */
async function reign(master: Timetable, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    await clock.advance(1000);
    master.heldUntil(clock.now());
  }
}

async function settledUnder(term: number): Promise<void> {
  const before = timetable(hourly());
  before.start(term);
  await reign(before, 60 * MINUTE);
  before.close();
}

test('a master goes on where terms have begun again, once beats show that no later one is there', async () => {
  await settledUnder(500);
  done = 1;
  const now = timetable(hourly());
  now.start(1);
  await reign(now, 60 * MINUTE);
  expect(ids()).toEqual(['a@13:00', 'a@14:00']);
  expect(await row()).toMatchObject({ term: 1, cursor: Date.UTC(2026, 4, 1, 14) });
  expect(now.mayBegin(originOf('a', Date.UTC(2026, 4, 1, 14)))).toBe(true);
  expect(told).toEqual([]);
});

test('a master without beats replaces nothing of a later one, tells it, and asks ever less often', async () => {
  await settledUnder(2);
  let calls = 0;
  const read = store.readSchedules.bind(store);
  store.readSchedules = (...args) => {
    calls += 1;
    return read(...args);
  };
  const deposed = timetable(hourly());
  deposed.start(1);
  for (let second = 0; second < 3600; second += 1) {
    await clock.advance(1000);
    deposed.mayBegin(originOf('a', Date.UTC(2026, 4, 1, 14)));
  }
  expect(await row()).toMatchObject({ term: 2, cursor: Date.UTC(2026, 4, 1, 13) });
  expect(told.filter((text) => text.includes('has refused'))).toHaveLength(1);
  expect(calls).toBeLessThan(300);
});

test('a clock that is corrected is no beat, so nothing of a later master is replaced', async () => {
  await settledUnder(2);
  const deposed = timetable(hourly());
  deposed.heldUntil(clock.now() + HOUR);
  deposed.start(1);
  for (let second = 0; second < 3600; second += 1) {
    await clock.advance(1000);
    // Each time its machine is found to have slept for a moment.
    deposed.heldUntil(clock.now() + HOUR - 2000 * second);
  }
  expect(await row()).toMatchObject({ term: 2, cursor: Date.UTC(2026, 4, 1, 13) });
});

test.each([1, 501])('numbers that begin again keep no slot from its task, under term %i', async (term) => {
  await settledUnder(500);
  [queued, done] = [[], 0];
  await store.writeSchedules(NAME, [
    { id: 'a', expected: (await row()) ?? null, term: 500, set: { cursor: Date.UTC(2026, 4, 1, 13), lastSeq: 900 } },
  ]);
  const now = timetable(hourly());
  now.start(term);
  for (let hour = 0; hour < 3; hour += 1) {
    await reign(now, HOUR);
    done = queued.length;
  }
  expect(ids()).toEqual(['a@14:00', 'a@15:00', 'a@16:00']);
});

test('one that is declared again during a look is looked at as it is now', async () => {
  const made = timetable(hourly());
  made.start(1);
  await clock.advance(59 * MINUTE - 1);
  const write = store.writeSchedules.bind(store);
  store.writeSchedules = (...args) => {
    store.writeSchedules = write;
    made.declare(hourly({ pattern: '*/5 * * * *' }));
    return write(...args);
  };
  await clock.advance(HOUR / 2);
  expect(await row()).toMatchObject({ pattern: '*/5 * * * *' });
  done = 1;
  await clock.advance(10 * MINUTE);
  expect(ids().length).toBeGreaterThan(1);
});

test('many that are due at once give way to beats', async () => {
  timetable(...Array.from({ length: 100 }, (_, index) => hourly({ id: `s${index}` }))).start(1);
  await clock.advance(1000);
  expect(breaths).toBeGreaterThanOrEqual(12);
});

test('after an outage slots are stored although planning takes longer than what was read is trusted', async () => {
  const many = () =>
    timetable(
      ...Array.from({ length: 40 }, (_, index) =>
        hourly({ id: `s${index}`, pattern: '* * * * *', missed: 'all', maxMissed: 60, overlap: 'queue' }),
      ),
    );
  const before = many();
  before.start(1);
  await clock.advance(1000);
  before.close();
  await clock.advance(2 * HOUR);
  breath = 150;
  many().start(2);
  await clock.advance(5 * MINUTE);
  const first = queued.slice(0, 2400);
  expect(new Set(queued.map(({ origin }) => origin)).size).toBe(queued.length);
  expect(first).toHaveLength(2400);
  const slots = first.map(({ id }) => id.slice(id.indexOf('@')));
  expect(slots).toEqual([...slots].sort());
  expect(told.filter((text) => text.includes('maxMissed'))).toHaveLength(40);
});

test('tasks that were made late for slots that are settled by then are forgotten', async () => {
  const made = timetable(hourly({ template: null, digest: '', pattern: '* * * * *' }));
  made.start(1);
  await clock.advance(5 * MINUTE);
  // The program was blocked: this one is missed by now, and the latest is asked for.
  for (const id of [...asked]) made.tasksMade(id, Uint8Array.from([5, 0, 0, 0, 0]));
  await clock.advance(2 * MINUTE);
  const before = asked.length;
  for (let minute = 0; minute < 5; minute += 1) {
    for (const id of asked.slice(-1)) made.tasksMade(id, null);
    await clock.advance(MINUTE);
  }
  expect(asked.length - before).toBeLessThan(12);
});

test.each([
  ['that is right', 0],
  ['that is hours ahead', 10 * HOUR],
])('a resume by a clock %s lets slots pass that have passed, and no others', async (_, ahead) => {
  const made = timetable(hourly({ missed: 'all' }));
  made.start(1);
  await clock.advance(1000);
  await store.pauseSchedule(NAME, 'a', { by: 'me', at: new Date() });
  made.end();
  await clock.advance(3 * HOUR);
  await store.resumeSchedule(NAME, 'a', clock.wall() + ahead);
  await clock.advance(10 * MINUTE);
  made.start(2);
  await clock.advance(2 * HOUR);
  expect(ids()).toEqual(['a@16:00']);
  expect(await row()).toMatchObject({ resumed: null });
  done = 1;
  await clock.advance(HOUR);
  expect(ids()).toEqual(['a@16:00', 'a@18:00']);
});

test('a resume that comes while a master looks lets slots pass that have passed', async () => {
  const made = timetable(hourly({ missed: 'all' }));
  made.start(1);
  await clock.advance(1000);
  await store.pauseSchedule(NAME, 'a', { by: 'me', at: new Date() });
  made.end();
  await clock.advance(HOUR);
  const read = store.readSchedules.bind(store);
  let isResumed = false;
  store.readSchedules = async (name, wanted) => {
    if (!isResumed && wanted !== null) {
      isResumed = true;
      // The look has begun before.
      clock.setWall(clock.wall() + 50);
      await store.resumeSchedule(NAME, 'a', clock.wall());
    }
    return read(name, wanted);
  };
  made.start(2);
  await clock.advance(MINUTE);
  expect([isResumed, ids()]).toEqual([true, []]);
  await clock.advance(HOUR);
  expect(ids()).toEqual(['a@14:00']);
});

test('a resume of one that is not paused leaves its missed slot', async () => {
  const made = timetable(hourly());
  made.start(1);
  await clock.advance(1000);
  made.end();
  await clock.advance(70 * MINUTE);
  await store.resumeSchedule(NAME, 'a', clock.wall());
  made.start(2);
  await clock.advance(1000);
  expect(ids()).toEqual(['a@13:00']);
});

test('a standby whose clock is far ahead does not make its clock the right one', async () => {
  const master = timetable(hourly());
  master.start(1);
  await clock.advance(1000);
  master.close();
  const before = (await row())?.cursor;
  clock.setWall(clock.wall() + 30 * 24 * HOUR);
  const standby = timetable(hourly());
  await clock.advance(2 * MINUTE);
  standby.start(2);
  await clock.advance(MINUTE);
  expect(await row()).toMatchObject({ cursor: before });
  expect(told.join()).toContain('30.0 days ahead');
});

test('a master without schedules parks those of others, and they begin when they come back', async () => {
  const first = timetable(hourly());
  first.start(1);
  await clock.advance(1000);
  first.close();
  const other = timetable();
  other.start(2);
  await clock.advance(7 * 24 * HOUR);
  expect(await row()).toMatchObject({ parked: true });
  other.close();
  timetable(hourly({ missed: 'all' })).start(3);
  await clock.advance(10 * MINUTE);
  expect(await row()).toMatchObject({ parked: false });
  expect(queued).toEqual([]);
  expect(told.join()).not.toContain('days ahead');
});
