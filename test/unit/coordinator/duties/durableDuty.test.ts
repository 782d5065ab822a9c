import { beforeEach, describe, expect, test } from 'vitest';
import { DeadLetters } from '../../../../src/coordinator/deadLetters.ts';
import { DurableDuty } from '../../../../src/coordinator/duties/durableDuty.ts';
import type { ResolvedRetry } from '../../../../src/options/options.ts';
import { ReadLimit } from '../../../../src/queue/readLimit.ts';
import { emptyOutbox } from '../../../support/emptyOutbox.ts';
import { MemoryScheduleStore } from '../../../support/memoryScheduleStore.ts';
import { atOnce, MemoryTasks, type TaskFate } from '../../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { done, notRun, refused, upTo } from '../../queue/scriptedRunner.ts';
import { batchOf, leaseAfter, NAME, POLL, STOP_TIMEOUT, Told } from './duties.ts';

let clock: VirtualClock;
let store: MemoryTasks;
let told: Told;
let work: DurableDuty;
let letters: DeadLetters;
let fate: TaskFate;
let term: number;
let stores: number;

function make(retry?: Partial<ResolvedRetry>, minInterval = 0): void {
  told = new Told();
  letters = new DeadLetters({ store: store.connect(() => fate), name: NAME, holder: 'me', clock, poll: POLL });
  work = new DurableDuty({
    ...told.parts(clock, retry),
    options: { ...told.parts(clock, retry).options, minInterval },
    ...emptyOutbox(clock, POLL),
    store: store.connect(() => fate),
    holder: 'me',
    reads: new ReadLimit(),
    schedules: new MemoryScheduleStore(),
    clockAhead: async () => 'none',
    key: 'id',
    stored: () => {
      stores += 1;
    },
  });
}

beforeEach(() => {
  clock = new VirtualClock();
  store = new MemoryTasks(clock);
  fate = atOnce;
  term = 0;
  stores = 0;
  make();
});

const settle = (): Promise<void> => clock.advance(0);

async function elect(continued = false, count = 0): Promise<void> {
  term += 1;
  store.holder = { name: NAME, term, holder: 'me' };
  work.elected({ term, progress: { identifier: null, count, recent: [] }, continued });
  await settle();
}

describe('any member', () => {
  test('stores what it is fed', async () => {
    expect(await work.submit(batchOf('a', 'b'))).toEqual(['queued', 'queued']);
    expect([...store.tasks.values()]).toMatchObject([
      { seq: 1, id: 'a', bytes: new Uint8Array([0, 0]) },
      { seq: 2, id: 'b', bytes: new Uint8Array([1, 0]) },
    ]);
    await clock.advance(30);
    expect(await work.load()).toMatchObject({ queued: 2, queuedBytes: 0, running: null, headAge: 30 });
  });

  test('tells the last count it knew when the store does not answer', async () => {
    await work.submit(batchOf(1, 2));
    await work.load();
    fate = { ...atOnce, lost: 'call' };
    expect(await work.load()).toMatchObject({ queued: 2, dead: null, headAge: null });
    await expect(work.submit(batchOf(3))).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  });
});

test('a master runs what is stored, and what it is fed without asking for it', async () => {
  work.seenNothing();
  await work.submit(batchOf(1));
  await elect();
  await settle();
  expect(told.runner.running).toBe(1);
  store.news();
  await work.submit(batchOf(2));
  told.runner.settle(done);
  await settle();
  expect([told.runner.running, told.news(), told.progressed]).toEqual([2, ['done 1'], 1]);
  expect(store.news()).not.toContain('tasksAfter 1');
  expect(work.progress()).toEqual({ identifier: 1, count: 1, recent: [] });
});

test('a member that stores tasks says so, and a master that hears it of another one runs them at once', async () => {
  work.seenNothing();
  await elect();
  expect(stores).toBe(0);
  store.add({ id: 1, bytes: new Uint8Array(2) });
  work.hinted();
  await settle();
  expect(told.runner.running).toBe(1);
  await work.submit(batchOf(2));
  await work.submit(batchOf(2));
  expect(stores).toBe(1);
});

test('counts on from what the lease carried, unless it was its own', async () => {
  await work.submit(batchOf(1, 2));
  work.seen(leaseAfter(40, [], null));
  await elect(false, 40);
  told.runner.settle(done);
  await settle();
  expect(work.progress().count).toBe(41);
  work.deposed('lost', 0);
  await elect(true, 40);
  expect(work.progress().count).toBe(41);
});

describe('the tasks that may have been running', () => {
  test.each([
    ['of a holder whose lease ran out', () => work.seen(leaseAfter(0, [])), true],
    ['of a holder that released it', () => work.seen(leaseAfter(0, [], null)), false],
    ['that was released for a holder that died', () => work.seen({ ...leaseAfter(0, [], null), died: true }), true],
    ['of no holder', () => work.seenNothing(), false],
    ['of a holder that was never seen', () => {}, true],
  ])('%s', async (_name, see, suspects) => {
    await work.submit(batchOf(1, 2));
    see();
    await elect();
    await settle();
    expect(told.runner.running).toBe(1);
    expect(store.tasks.get(1)?.deaths).toBe(suspects ? 1 : 0);
  });

  test('of its own mastership are none', async () => {
    await work.submit(batchOf(1, 2));
    work.seenNothing();
    await elect();
    work.deposed('lost', 0);
    await settle();
    await elect(true);
    await settle();
    expect([told.runner.running, store.tasks.get(1)?.deaths]).toEqual([1, 0]);
  });

  test('of those that came after it are', async () => {
    await work.submit(batchOf(1, 2));
    work.seen(leaseAfter(0, [], null));
    await elect();
    work.deposed('lost', 0);
    await settle();
    await elect();
    await settle();
    expect([told.runner.running, store.tasks.get(1)?.deaths]).toEqual([1, 1]);
  });
});

describe('a drain', () => {
  test('that the store will not let acknowledge anything ends nevertheless, and gives no lease away', async () => {
    await work.submit(batchOf(1, 2));
    work.seenNothing();
    await elect();
    fate = { ...atOnce, lost: 'call' };
    let how = '';
    void work.drain().then((result) => {
      how = result;
    });
    told.runner.settle(done);
    await clock.advance(STOP_TIMEOUT - 1);
    expect(how).toBe('');
    await clock.advance(1);
    expect(how).toBe('stuck');
    store.news();
    await clock.advance(10 * POLL);
    expect(store.news()).toEqual([]);
  });

  test('waits until what has run is acknowledged', async () => {
    await work.submit(batchOf(1, 2));
    work.seenNothing();
    await elect();
    fate = { there: 20, back: 20 };
    let how = '';
    void work.drain().then((result) => {
      how = result;
    });
    told.runner.settle(done);
    await clock.advance(39);
    expect([how, told.runner.state]).toEqual(['', 'absent']);
    await clock.advance(1);
    expect([how, store.done, told.news()]).toEqual(['drained', 1, ['done 1']]);
  });

  test('takes the record of a suspect back that was not let run to its end', async () => {
    await work.submit(batchOf(1, 2));
    await elect();
    await settle();
    expect(store.tasks.get(1)).toMatchObject({ attempts: 1, deaths: 1 });
    const drained = work.drain();
    // After stopTimeout it is aborted, and after the grace its thread is ended.
    await clock.advance(1000);
    expect(await drained).toBe('drained');
    expect(store.tasks.get(1)).toMatchObject({ attempts: 0, deaths: 0 });
  });
});

test('a task whose attempts are used up becomes a dead letter, which can be found and taken', async () => {
  await work.submit(batchOf(1, 2));
  work.seenNothing();
  await elect();
  told.runner.settle(refused);
  await clock.advance(20);
  expect(told.news()).toEqual(['failed 1 #1', 'deadletter 1: the work returned false']);
  expect([told.runner.running, await work.requeue(2, letters)]).toEqual([2, false]);
  expect(await work.requeue(1, letters)).toBe(true);
  expect(store.letters).toEqual([]);
  expect([...store.tasks.values()].at(-1)).toMatchObject({ seq: 3, id: 1, bytes: new Uint8Array(2), attempts: 0 });
});

test('or holds the queue up, until any member clears it', async () => {
  make({ attempts: 2, exhausted: 'block' });
  await work.submit(batchOf(1, 2));
  work.seenNothing();
  await elect();
  for (let attempt = 0; attempt < 2; attempt++) {
    told.runner.settle(refused);
    await clock.advance(20);
  }
  const blocked = expect.stringContaining("the queue 'billing' is blocked");
  expect(told.news()).toEqual(['failed 1 #1', 'failed 1 #2', blocked]);
  expect([told.runner.running, (await work.load()).blocked]).toEqual([undefined, 1]);
  const other = new DurableDuty({
    ...new Told().parts(clock),
    ...emptyOutbox(clock, POLL),
    store: store.connect(),
    holder: 'other',
    reads: new ReadLimit(),
    schedules: new MemoryScheduleStore(),
    clockAhead: async () => 'none',
    key: 'id',
    // The others of its coordinator, of which the master may be one, and of the store are told as of new tasks.
    stored: () => work.hinted(),
  });
  expect([await other.unblock(2), await other.unblock(1), await other.unblock(1)]).toEqual([false, true, false]);
  await clock.advance(0);
  expect([told.runner.running, (await work.load()).blocked]).toEqual([1, null]);
  for (let attempt = 0; attempt < 2; attempt++) {
    told.runner.settle(refused);
    await clock.advance(20);
  }
  expect([await work.unblock(1), (await work.load()).blocked]).toEqual([true, 1]);
  await clock.advance(0);
  expect([told.runner.running, (await work.load()).blocked]).toEqual([1, null]);
});

describe('work that does not load', () => {
  beforeEach(() => {
    told.runner.lazy = true;
  });

  async function electLoaded(): Promise<void> {
    await elect();
    await settle();
    told.runner.settleLoad('loaded');
    await settle();
  }

  test('is loaded before a suspect goes on record', async () => {
    await work.submit(batchOf(1, 2));
    await elect();
    await settle();
    expect([told.runner.loading, store.tasks.get(1)?.deaths]).toEqual([true, 0]);
    told.runner.settleLoad('failed');
    await settle();
    expect([told.news(), store.tasks.get(1)]).toMatchObject([
      ['unloadable: too much, settled: true'],
      { attempts: 0, deaths: 0 },
    ]);
    work.deposed('given up', 0);
    await elect();
    await settle();
    told.runner.settleLoad('loaded');
    await settle();
    expect([told.runner.running, store.tasks.get(1)?.deaths, told.news()]).toEqual([1, 1, ['loaded']]);
  });

  test('takes the record of a suspect back that was not begun', async () => {
    await work.submit(batchOf(1, 2));
    await electLoaded();
    told.runner.settle(notRun);
    told.runner.loaded = false;
    await clock.advance(20);
    expect([told.runner.loading, store.tasks.get(1)?.deaths]).toEqual([true, 1]);
    told.runner.settleLoad('failed');
    await settle();
    expect(store.tasks.get(1)).toMatchObject({ attempts: 0, deaths: 0 });
    expect(told.news()).toEqual(['loaded', 'unloadable: too much, settled: true']);
  });

  test('waits for the acknowledgement of what has run, though not for long', async () => {
    for (const [there, settled] of [
      [20, true],
      [10_000, false],
    ] as const) {
      work.seenNothing();
      await work.submit(batchOf(1, 2));
      await electLoaded();
      fate = { there, back: 0 };
      told.runner.settle(upTo(1, 'late'));
      told.runner.loaded = false;
      await settle();
      if (told.runner.running !== undefined) told.runner.settle(notRun);
      await clock.advance(POLL / 10);
      told.news();
      told.runner.settleLoad('failed');
      await clock.advance(5);
      expect(told.news()).toEqual([]);
      await clock.advance(POLL);
      expect(told.news()).toContain(`unloadable: too much, settled: ${settled}`);
      work.deposed('given up', 0);
      fate = atOnce;
      await clock.advance(20_000);
      store = new MemoryTasks(clock);
      make();
      told.runner.lazy = true;
    }
  });

  /** Does the first of two tasks, whose acknowledgement takes `there` ms to arrive, and fails to load the work again. */
  async function failToReload(there: number): Promise<void> {
    work.seenNothing();
    await work.submit(batchOf(1, 2));
    await electLoaded();
    fate = { there, back: 0 };
    told.runner.settle(upTo(1, 'late'));
    told.runner.loaded = false;
    await settle();
    if (told.runner.running !== undefined) told.runner.settle(notRun);
    await clock.advance(POLL / 10);
    told.runner.settleLoad('failed');
  }

  test('is not loaded again while the store acknowledges what has run, though the mastership is saved', async () => {
    await failToReload(50);
    await settle();
    told.news();
    work.fence('about to end');
    await settle();
    work.resume();
    await settle();
    expect([told.runner.loading, told.runner.state, told.news()]).toEqual([false, 'absent', []]);
    await clock.advance(POLL);
    expect(told.news()).toContain('unloadable: too much, settled: true');
    expect([told.runner.running, told.runner.loading]).toEqual([undefined, false]);
  });

  test('says nothing of a mastership that is over when another one has begun', async () => {
    await failToReload(10_000);
    work.deposed('lost', 0);
    fate = atOnce;
    await elect();
    told.news();
    await clock.advance(10 * POLL);
    expect(told.news().filter((line) => line.startsWith('unloadable'))).toEqual([]);
  });
});

describe('the exit of the process', () => {
  test.each([
    ['leaves the record of a suspect that it cut short', true, { attempts: 1, deaths: 1 }],
    ['takes the record of a suspect back that was ended before', false, { attempts: 0, deaths: 0 }],
  ])('%s', async (_, isCutShort, record) => {
    await work.submit(batchOf(1, 2));
    await elect();
    await settle();
    expect(store.tasks.get(1)).toMatchObject({ attempts: 1, deaths: 1 });
    work.exit(isCutShort);
    expect(await work.drain()).toBe('drained');
    expect(store.tasks.get(1)).toMatchObject(record);
  });
});

describe('with a least time between tasks', () => {
  const runs = (): string[] => told.runner.news().filter((line) => line.startsWith('run'));

  test('a master begins its first task after that time, and one at a time', async () => {
    make({}, 1000);
    await work.submit(batchOf('a', 'b'));
    await elect();
    await clock.advance(999);
    expect(runs()).toEqual([]);
    await clock.advance(1);
    expect(runs()).toEqual(['run a #1']);
    told.runner.settle(done);
    await clock.advance(998);
    expect(runs()).toEqual([]);
    await clock.advance(2);
    expect(runs()).toEqual(['run b #1']);
  });

  test('a mastership that follows waits the whole time again', async () => {
    make({}, 1000);
    await work.submit(batchOf('a', 'b'));
    await elect();
    await clock.advance(1000);
    told.runner.settle(done);
    await clock.advance(500);
    work.deposed('lost', 0);
    await settle();
    runs();
    await elect();
    await clock.advance(999);
    expect(runs()).toEqual([]);
    await clock.advance(1);
    expect(runs()).toEqual(['run b #1']);
  });

  test('a failed task waits for it, too', async () => {
    make({ attempts: 3 }, 1000);
    await work.submit(batchOf('a'));
    await elect();
    await clock.advance(1000);
    told.runner.settle(refused);
    runs();
    await clock.advance(999);
    expect(runs()).toEqual([]);
    await clock.advance(1);
    expect(runs()).toEqual(['run a #2']);
  });
});

test('each letter is put back by its number, and the older of one id stays for its own call', async () => {
  const letter = { queue: NAME, name: 'Error', message: 'no', code: undefined, attempts: 1, at: new Date(0) };
  store.letters.push({ ...letter, seq: 3, id: 'a', bytes: new Uint8Array([3]) });
  store.letters.push({ ...letter, seq: 5, id: 'a', bytes: new Uint8Array([5]) });
  const page = await letters.list(0);
  expect(page).toEqual([
    { seq: 3, id: 'a', error: 'Error: no' },
    { seq: 5, id: 'a', error: 'Error: no' },
  ]);
  expect(await letters.list(3)).toHaveLength(1);
  // Two members at once: one of them does it.
  const both = [work.requeueLetter('a', 5, letters), work.requeueLetter('a', 5, letters)];
  await clock.advance(10 * POLL);
  const outcomes = await Promise.all(both);
  expect(outcomes.sort()).toEqual(['none', 'queued']);
  expect(store.letters.map(({ seq }) => seq)).toEqual([3]);
  expect([...store.tasks.values()].map(({ bytes }) => [...bytes])).toEqual([[5]]);
  expect(await work.requeueLetter('a', 3, letters)).toBe('known');
  expect(await work.requeueLetter('a', 9, letters)).toBe('none');
});
