/** What a takeover makes of the tasks that may have been running. */
import { beforeEach, describe, expect, test } from 'vitest';
import { UNACKNOWLEDGED_MAX } from '../../../../src/queue/durable/reignParts.ts';
import { MemoryTasks } from '../../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { addAll, Master, type MasterOptions, only, POLL } from './durableMaster.ts';

let clock: VirtualClock;
let store: MemoryTasks;
let terms: number;

beforeEach(() => {
  clock = new VirtualClock();
  store = new MemoryTasks(clock);
  terms = 0;
});

const settle = (): Promise<void> => clock.advance(0);
const recordOf = (seq: number): (number | undefined)[] => {
  const task = store.tasks.get(seq);
  return [task?.attempts, task?.deaths];
};

/** A member that has just become master. */
async function elected(clean: boolean, options?: MasterOptions): Promise<Master> {
  terms += 1;
  const master = new Master(store, clock, `member ${terms}`, options);
  master.elect(terms, clean);
  await settle();
  return master;
}

/** Runs what is ready until a task of that id runs, which is left running; the most that ran at once. */
async function runUntil(master: Master, id: number): Promise<number> {
  let most = 0;
  for (let step = 0; step < 2000; step++) {
    const ids = master.ready(64);
    most = Math.max(most, ids.length);
    if (ids.includes(id)) return most;
    master.queue.remove(ids.length);
    await settle();
  }
  throw new Error(`task ${id} never ran`);
}

test('after an unclean takeover they run one at a time, each put on record before', async () => {
  addAll(store, 1, 3);
  const master = await elected(false);
  store.news();
  master.fate = only('setAttempts', { there: 10, back: 10 });
  expect(master.ready()).toEqual([]);
  await clock.advance(19);
  expect([master.ready(), store.news()]).toEqual([[], ['setAttempts 1 1/1']]);
  await clock.advance(1);
  expect(master.ready()).toEqual([1]);
  master.queue.remove(1);
  await settle();
  expect([store.done, master.ready()]).toEqual([1, []]);
  await clock.advance(20);
  expect([recordOf(2), master.ready()]).toEqual([[1, 1], [2]]);
});

test('after a clean one there are none', async () => {
  addAll(store, 1, 3);
  const master = await elected(true);
  expect([master.ready(), recordOf(1)]).toEqual([
    [1, 2, 3],
    [0, 0],
  ]);
});

test('they are as many as may have been running, and none that was stored later', async () => {
  addAll(store, 1, UNACKNOWLEDGED_MAX + 50);
  expect(await runUntil(await elected(false), UNACKNOWLEDGED_MAX)).toBe(1);
  store.done = UNACKNOWLEDGED_MAX;
  const master = await elected(false);
  addAll(store, UNACKNOWLEDGED_MAX + 51, UNACKNOWLEDGED_MAX + 100);
  expect(await runUntil(master, UNACKNOWLEDGED_MAX + 50)).toBe(1);
  master.queue.remove(1);
  await clock.advance(POLL);
  expect(master.ready(64)).toHaveLength(50);
});

test('few and large tasks that fill the window do not hide the others', async () => {
  addAll(store, 1, 20, 1024 * 1024);
  expect(await runUntil(await elected(false), 20)).toBe(1);
});

describe('nothing begins before the suspect ahead of it is acknowledged', () => {
  test('neither another suspect nor its record', async () => {
    addAll(store, 1, 3);
    const master = await elected(false, { attempts: 2 });
    await runUntil(master, 1);
    master.fate = only('acknowledge', { there: 10, back: 10 });
    master.queue.remove(1);
    await clock.advance(19);
    expect([master.ready(), recordOf(2)]).toEqual([[], [0, 0]]);
    await clock.advance(1);
    expect(master.ready()).toEqual([]);
    await settle();
    expect([master.ready(), recordOf(2)]).toEqual([[2], [1, 1]]);
  });

  test('nor what comes after the last of them', async () => {
    addAll(store, 1, 1);
    const master = await elected(false, { attempts: 2 });
    addAll(store, 2, 3);
    await clock.advance(POLL);
    await runUntil(master, 1);
    master.fate = only('acknowledge', { there: 10, back: 10 });
    master.queue.remove(1);
    await clock.advance(19);
    expect(master.ready()).toEqual([]);
    await clock.advance(1);
    expect(master.ready()).toEqual([2, 3]);
  });
});

test.each([
  [1, 2],
  [2, 2],
  [3, 3],
  [Number.POSITIVE_INFINITY, 3],
])('with %d attempts a task that takes its process down does so %d times', async (attempts, deaths) => {
  addAll(store, 1, 10);
  let died = 0;
  for (; died < 10; died++) {
    const master = await elected(died === 0, { attempts });
    if (store.letters.length > 0) break;
    await runUntil(master, 1);
    master.queue.endReign();
  }
  expect(died).toBe(deaths);
  expect(store.letters).toMatchObject([{ id: 1, code: 'ERR_ATTEMPTS_EXHAUSTED' }]);
  expect(store.letters[0]?.message).toContain(`${deaths} processes died`);
});

test('only the task that was running is charged', async () => {
  addAll(store, 1, 8);
  for (const clean of [true, false]) {
    const master = await elected(clean, { attempts: 2 });
    await runUntil(master, 5);
    // The acknowledgement of the fourth task was answered, and the process dies at the fifth.
    master.queue.endReign();
  }
  const master = await elected(false, { attempts: 2 });
  const seen: unknown[] = [];
  for (let step = 0; step < 60; step++) {
    const ids = master.ready();
    seen.push(...ids);
    master.queue.remove(ids.length);
    await settle();
  }
  expect([seen, store.letters.map(({ id }) => id)]).toEqual([[6, 7, 8], [5]]);
});

test('a record that a dead master wrote sets nothing back when it lands late', async () => {
  addAll(store, 1, 2);
  const first = await elected(false, { attempts: 5 });
  first.fate = only('setAttempts', { there: 100, back: 0 });
  expect(first.ready()).toEqual([]);
  first.queue.endReign();
  for (const count of [1, 2]) {
    const master = await elected(false, { attempts: 5 });
    await runUntil(master, 1);
    expect(recordOf(1)).toEqual([count, count]);
    master.queue.endReign();
  }
  await clock.advance(100);
  expect([recordOf(1), store.news().at(-1)]).toEqual([[2, 2], 'setAttempts 1 1/1 refused']);
});

test('a suspect that fails is charged with that attempt alone', async () => {
  addAll(store, 1, 2);
  const master = await elected(false, { attempts: 3 });
  for (const failures of [1, 2]) {
    await runUntil(master, 1);
    expect(recordOf(1)).toEqual([failures, 1]);
    master.fail(master.head, 3);
    await settle();
    expect(recordOf(1)).toEqual([failures, 0]);
  }
  await runUntil(master, 1);
  master.fail(master.head, 3);
  await settle();
  expect(store.letters).toMatchObject([{ id: 1, attempts: 3, message: 'too bad' }]);
});

describe('a suspect that was begun and not let run to its end', () => {
  test('has no record after a clean hand-over', async () => {
    addAll(store, 1, 2);
    const master = await elected(false, { attempts: 2 });
    await runUntil(master, 1);
    await master.queue.flush(true);
    expect(recordOf(1)).toEqual([0, 0]);
    master.queue.endReign();
    expect((await elected(true, { attempts: 2 })).ready()).toEqual([1, 2]);
  });

  test('keeps it when its work could not be stopped', async () => {
    addAll(store, 1, 2);
    const master = await elected(false, { attempts: 2 });
    await runUntil(master, 1);
    await master.queue.flush(false);
    expect(recordOf(1)).toEqual([1, 1]);
  });

  test('goes on under its record when the same member takes its lease again', async () => {
    addAll(store, 1, 3);
    const master = await elected(false, { attempts: 2 });
    await runUntil(master, 1);
    master.queue.endReign();
    master.elect(2, true);
    await settle();
    expect([store.letters, master.ready(), master.head.failed]).toEqual([[], [1], 0]);
    master.queue.remove(1);
    expect(master.ready()).toEqual([]);
    await settle();
    expect(master.ready()).toEqual([2, 3]);
  });

  test.each([
    ['attempts', { attempts: 2, deaths: 1 }, 2],
    ['deaths', { attempts: 1, deaths: 0 }, 1],
  ])('is an attempt like another when the %s on record was changed in between', async (_what, record, failed) => {
    addAll(store, 1, 3);
    const master = await elected(false, { attempts: 3 });
    await runUntil(master, 1);
    master.queue.endReign();
    store.record(1, record.attempts, record.deaths);
    master.elect(2, true);
    await settle();
    expect([master.ready(), master.head.failed]).toEqual([[1, 2, 3], failed]);
  });

  test('and is done in between leaves nothing to its member', async () => {
    addAll(store, 1, 3);
    const master = await elected(false, { attempts: 2 });
    await runUntil(master, 1);
    master.queue.endReign();
    store.done = 1;
    master.elect(2, true);
    await settle();
    expect([master.ready(), master.head.failed]).toEqual([[2, 3], 0]);
  });

  test('is charged with the death of another member that ran it in between', async () => {
    addAll(store, 1, 3);
    const master = await elected(false, { attempts: 3 });
    await runUntil(master, 1);
    master.queue.endReign();
    const other = await elected(false, { attempts: 3 });
    await runUntil(other, 1);
    other.queue.endReign();
    master.elect(3, false);
    await settle();
    expect(store.letters.map(({ id }) => id)).toEqual([1]);
  });
});
