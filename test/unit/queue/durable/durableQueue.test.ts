import { beforeEach, describe, expect, test } from 'vitest';
import { UNACKNOWLEDGED_MAX } from '../../../../src/queue/durable/reignParts.ts';
import type { StoredTask } from '../../../../src/store/taskStore.ts';
import { atOnce, MemoryTasks, type TaskCall } from '../../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { addAll, Master, NAME, only, POLL } from './durableMaster.ts';

let clock: VirtualClock;
let store: MemoryTasks;
let master: Master;

beforeEach(() => {
  clock = new VirtualClock();
  store = new MemoryTasks(clock);
  master = new Master(store, clock, 'a');
});

const settle = (): Promise<void> => clock.advance(0);
const range = (from: number, through: number): number[] =>
  Array.from({ length: through - from + 1 }, (_, index) => from + index);

/** A first mastership, with nothing that anybody else has begun. */
async function elected(count: number): Promise<void> {
  addAll(store, 1, count);
  master.elect(1, true);
  await settle();
}

describe('acknowledgement', () => {
  test('of a whole chunk is one write', async () => {
    await elected(5);
    expect(master.ready()).toEqual([1, 2, 3, 4, 5]);
    store.news();
    master.queue.remove(4);
    await settle();
    expect(store.news().filter((call) => call.startsWith('ack'))).toEqual(['acknowledge 4']);
    expect([store.done, master.news(), master.ready()]).toEqual([4, ['acknowledged 1,2,3,4'], [5]]);
  });

  test('is one at a time, each for all that is done by then', async () => {
    await elected(10);
    master.fate = only('acknowledge', { there: 10, back: 10 });
    master.queue.remove(1);
    master.queue.remove(2);
    await clock.advance(15);
    master.queue.remove(3);
    expect(master.news()).toEqual([]);
    await clock.advance(5);
    expect(master.news()).toEqual(['acknowledged 1']);
    await clock.advance(20);
    expect(master.news()).toEqual(['acknowledged 2,3,4,5,6']);
    expect(store.news().filter((call) => call.startsWith('ack'))).toEqual(['acknowledge 1', 'acknowledge 6']);
  });

  test('no more than the bound is done or running without one', async () => {
    await elected(3 * UNACKNOWLEDGED_MAX);
    master.fate = only('acknowledge', { there: 10, back: 10 });
    master.queue.remove(100);
    expect(master.ready(1000)).toHaveLength(UNACKNOWLEDGED_MAX - 100);
    master.queue.remove(UNACKNOWLEDGED_MAX - 100);
    expect(master.ready(1000)).toEqual([]);
    const wakes = master.wakes;
    await clock.advance(20);
    expect(master.wakes).toBeGreaterThan(wakes);
    expect(master.ready(1000)).toHaveLength(100);
  });

  test('that is refused: nothing more is begun, whatever comes', async () => {
    await elected(9);
    master.queue.remove(1);
    await settle();
    store.holder = { name: NAME, term: 2, holder: 'b' };
    master.queue.remove(1);
    expect(master.ready()).toEqual([3, 4, 5, 6, 7, 8, 9]);
    await settle();
    expect(master.ready()).toEqual([]);
    master.queue.remove(1);
    master.queue.offer([store.add({ id: 10, bytes: new Uint8Array(0) })]);
    await clock.advance(3 * POLL);
    await master.queue.flush(true);
    expect([master.ready(), store.done, master.news()]).toEqual([[], 1, ['acknowledged 1']]);
  });

  test.each([1, Number.POSITIVE_INFINITY])(
    'that is refused while a task runs, which then fails (attempts %d)',
    async (attempts) => {
      for (const exhausted of ['block', 'dead-letter'] as const) {
        store = new MemoryTasks(clock);
        master = new Master(store, clock, 'a', { attempts, exhausted });
        await elected(5);
        master.queue.remove(1);
        const running = master.head;
        store.holder = null;
        await settle();
        store.news();
        master.fail(running, attempts);
        await clock.advance(3 * POLL);
        expect([master.ready(), store.done, store.letters, master.queue.blocked]).toEqual([[], 0, [], null]);
        const calls = store.news().filter((call) => !call.startsWith('tasksAfter'));
        expect(new Set(calls)).toEqual(new Set(['acknowledge 1 refused']));
      }
    },
  );

  test.each([1, Number.POSITIVE_INFINITY])(
    'that is refused for a while, because a late write is in the place of the lease (attempts %d)',
    async (attempts) => {
      master = new Master(store, clock, 'a', { attempts });
      await elected(5);
      master.queue.remove(1);
      const running = master.head;
      const { holder } = store;
      store.holder = null;
      await settle();
      expect(master.ready()).toEqual([]);
      master.fail(running, attempts);
      await clock.advance(2 * POLL);
      store.holder = holder;
      await clock.advance(2 * POLL);
      expect(store.done).toBe(attempts === 1 ? 2 : 1);
      expect(store.letters.map(({ id }) => id)).toEqual(attempts === 1 ? [2] : []);
      expect(master.ready()[0]).toBe(attempts === 1 ? 3 : 2);
    },
  );
});

describe('a failure', () => {
  test('goes on record before the task is tried again', async () => {
    await elected(2);
    master.fate = only('setAttempts', { there: 10, back: 10 });
    master.fail(master.head);
    expect(master.ready()).toEqual([]);
    await clock.advance(19);
    expect([master.ready(), store.tasks.get(1)?.attempts]).toEqual([[], 1]);
    await clock.advance(1);
    expect([master.ready(), master.head.failed]).toEqual([[1, 2], 1]);
  });

  test('of a task that is not the head, or of an old mastership, says nothing', async () => {
    await elected(2);
    const old = master.head;
    master.queue.remove(1);
    await settle();
    master.fail(old);
    expect(master.ready()).toEqual([2]);
    master.queue.endReign();
    master.elect(2, true);
    await settle();
    master.fail(old);
    master.queue.exhausted(old, new Error('no'));
    expect(master.ready()).toEqual([2]);
  });
});

describe('a store that fails', () => {
  test.each(['queueState', 'tasksAfter', 'acknowledge', 'setAttempts', 'putDeadLetter'] as const)(
    'is asked again every poll, and told once: %s',
    async (name) => {
      master = new Master(store, clock, 'a', { attempts: 2 });
      let [calls, failing] = [0, true];
      master.fate = (call) => {
        if (call !== name) return atOnce;
        calls += 1;
        return { ...atOnce, ...(failing && { lost: calls % 2 === 0 ? ('call' as const) : ('answer' as const) }) };
      };
      addAll(store, 1, 3);
      master.elect(1, false);
      const work = async (): Promise<void> => {
        for (let step = 0; step < 8; step++) {
          await settle();
          const [task] = master.queue.ready(1);
          if (task?.id === 2) master.fail(task, 2);
          else if (task !== undefined) master.queue.remove(1);
        }
      };
      await work();
      await clock.advance(5 * POLL);
      await work();
      expect(calls).toBe(6);
      failing = false;
      for (let round = 0; round < 5; round++) {
        await clock.advance(POLL);
        await work();
      }
      expect([store.done, store.queued, store.letters.map(({ id }) => id)]).toEqual([3, [], [2]]);
      const troubles = master.news().filter((text) => text.startsWith('trouble'));
      expect(troubles).toHaveLength(1);
    },
  );
});

describe('offers', () => {
  test('that follow on the window are taken without asking', async () => {
    await elected(2);
    await settle();
    store.news();
    master.queue.offer([
      store.add({ id: 3, bytes: new Uint8Array(1) }),
      store.add({ id: 4, bytes: new Uint8Array(1) }),
    ]);
    expect([master.ready(), master.queue.bytes, store.news()]).toEqual([[1, 2, 3, 4], 2, []]);
  });

  test('that do not have the store asked, at once', async () => {
    await elected(1);
    addAll(store, 2, 3);
    const wakes = master.wakes;
    master.queue.offer([store.add({ id: 4, bytes: new Uint8Array(0) })]);
    expect(master.ready()).toEqual([1]);
    await settle();
    expect([master.ready(), master.wakes > wakes]).toEqual([[1, 2, 3, 4], true]);
  });

  test('that come while the store is asked have it asked again', async () => {
    await elected(0);
    master.fate = only('tasksAfter', { there: 10, back: 10 });
    await clock.advance(POLL + 15);
    addAll(store, 1, 1);
    master.queue.offer([store.add({ id: 2, bytes: new Uint8Array(0) })]);
    await clock.advance(30);
    expect(master.ready()).toEqual([1, 2]);
  });

  test('by others are found at the next look', async () => {
    await elected(0);
    addAll(store, 1, 2);
    await clock.advance(POLL);
    expect(master.ready()).toEqual([1, 2]);
  });

  test('to a member that is not master are dropped', () => {
    master.queue.offer([store.add({ id: 1, bytes: new Uint8Array(0) })]);
    expect([master.ready(), store.news()]).toEqual([[], []]);
  });
});

describe('the end of a mastership', () => {
  test.each(['queueState', 'tasksAfter', 'acknowledge', 'setAttempts', 'putDeadLetter'] as const)(
    'comes while %s is under way: its answer does nothing, and no timer is left',
    async (name) => {
      master = new Master(store, clock, 'a', { attempts: 1 });
      addAll(store, 1, 3);
      master.fate = only(name, { there: 10, back: 10 });
      master.elect(1, false);
      await settle();
      if (name === 'acknowledge' || name === 'setAttempts' || name === 'putDeadLetter') {
        master.ready();
        await settle();
        if (name === 'acknowledge') master.queue.remove(1);
        if (name === 'putDeadLetter') master.fail(master.head, 1);
        await settle();
      }
      const flushed = master.queue.flush(true);
      master.queue.endReign();
      await flushed;
      const before = [master.news(), master.wakes];
      await clock.advance(10 * POLL);
      expect([master.news(), master.wakes]).toEqual([[], before[1]]);
      expect([master.ready(), clock.pending, master.queue.bytes]).toEqual([[], 0, 0]);
    },
  );

  test('an answer of the last one does nothing to the next', async () => {
    await elected(5);
    master.fate = only('acknowledge', { there: 10, back: 10 });
    master.queue.remove(2);
    master.queue.endReign();
    master.elect(2, true);
    await settle();
    expect(master.ready()).toEqual([1, 2, 3, 4, 5]);
    let flushed = false;
    master.queue.remove(3);
    void master.queue.flush(true).then(() => {
      flushed = true;
    });
    await clock.advance(19);
    expect([flushed, master.news()]).toEqual([false, []]);
    await clock.advance(1);
    expect([flushed, master.news(), store.done]).toEqual([true, ['acknowledged 1,2,3'], 3]);
  });
});

test('flush waits for what is done and for what goes on record', async () => {
  await elected(3);
  await master.queue.flush(true);
  master.fate = (call) => (call === 'acknowledge' ? { there: 5, back: 5 } : { there: 20, back: 20 });
  master.queue.remove(1);
  master.fail(master.head);
  const times: number[] = [];
  void master.queue.flush(true).then(() => times.push(clock.now()));
  await clock.advance(39);
  expect([store.done, times]).toEqual([1, []]);
  await clock.advance(1);
  expect([store.tasks.get(2)?.attempts, times]).toEqual([1, [40]]);
});

test('a master with many tasks gets them all, in order, and those that are stored in between', async () => {
  await elected(5000);
  const seen: number[] = [];
  for (let step = 0; seen.length < 6000 && step < 100; step++) {
    const ids = master.ready().map(Number);
    master.queue.remove(ids.length);
    seen.push(...ids);
    if (step === 10) addAll(store, 5001, 6000);
    await clock.advance(ids.length === 0 ? POLL : 0);
  }
  expect(seen).toEqual(range(1, 6000));
});

describe('an idle queue', () => {
  /** How many calls of that name are made in so many ms, if each has this fate. */
  async function calls(name: TaskCall, ms: number, fate = atOnce): Promise<number> {
    let count = 0;
    master.fate = (call) => {
      if (call === name) count += 1;
      return call === name ? fate : atOnce;
    };
    await clock.advance(ms);
    return count;
  }

  test('of which nothing was ever done has nothing trimmed', async () => {
    await elected(0);
    expect(await calls('trimTasks', 1_000_000)).toBe(0);
  });

  test('is trimmed ever more seldom, down to once a minute, and at once after the next acknowledgement', async () => {
    await elected(2);
    master.queue.remove(1);
    await clock.advance(2 * POLL);
    expect(await calls('trimTasks', 60_000)).toBeLessThanOrEqual(10);
    expect(await calls('trimTasks', 600_000)).toBeLessThanOrEqual(11);
    expect(await calls('trimTasks', 120_000)).toBeGreaterThan(0);
    master.queue.remove(1);
    expect(await calls('trimTasks', POLL)).toBe(1);
  });

  test('goes on being trimmed soon while the store refuses it', async () => {
    await elected(1);
    master.queue.remove(1);
    expect(await calls('trimTasks', 60_000, { ...atOnce, lost: 'call' })).toBeGreaterThan(500);
  });

  test('is looked at at once after a hint', async () => {
    await elected(0);
    store.news();
    addAll(store, 1, 2);
    master.queue.hinted();
    await settle();
    expect(master.ready()).toEqual([1, 2]);
    expect(store.news().filter((call) => call.startsWith('tasksAfter'))).toEqual(['tasksAfter 0', 'tasksAfter 2']);
  });

  test('has one look under way at most, however many hints come, and misses none of them', async () => {
    await elected(0);
    master.fate = only('tasksAfter', { there: 5, back: 5 });
    store.news();
    master.queue.hinted();
    await clock.advance(7);
    addAll(store, 1, 1);
    for (let count = 0; count < 100; count++) master.queue.hinted();
    expect(store.news()).toEqual(['tasksAfter 0']);
    await clock.advance(13);
    expect(master.ready()).toEqual([1]);
    await clock.advance(15);
    expect(store.news()).toEqual(['tasksAfter 0', 'tasksAfter 1']);
  });

  test.each([
    ['a hint', () => master.queue.hinted()],
    ['a task that this member has stored', (task: StoredTask) => master.queue.offer([task])],
  ])('misses nothing if %s comes during the takeover, whose fetch was before', async (_title, tell) => {
    master.fate = only('tasksAfter', { there: 5, back: 5 });
    master.elect(1, true);
    await clock.advance(7);
    tell(store.add({ id: 1, bytes: new Uint8Array(0) }));
    await clock.advance(POLL / 2);
    expect(master.ready()).toEqual([1]);
  });

  test('is not looked at after a hint while there is something to do', async () => {
    await elected(3);
    await clock.advance(POLL / 2);
    store.news();
    addAll(store, 4, 4);
    for (let count = 0; count < 100; count++) master.queue.hinted();
    await settle();
    expect(store.news()).toEqual([]);
    master.queue.remove(3);
    await settle();
    expect(master.ready()).toEqual([4]);
  });

  test('is left alone by a hint when the mastership is over, or has not begun', async () => {
    master.queue.hinted();
    await elected(0);
    master.queue.endReign();
    store.news();
    master.queue.hinted();
    await settle();
    expect(store.news()).toEqual([]);
  });

  test('is looked at every POLL, and less often when the store is slow', async () => {
    await elected(0);
    expect(await calls('tasksAfter', 100 * POLL)).toBe(100);
    expect(await calls('tasksAfter', 100 * POLL, { there: POLL / 2, back: POLL / 2 })).toBeLessThan(30);
    await calls('tasksAfter', 10 * POLL);
    expect(await calls('tasksAfter', 100 * POLL)).toBe(100);
  });
});

test('a suspect is put on record only when it is asked for, and asking whether one waits changes nothing', async () => {
  addAll(store, 1, 2);
  master.elect(1, false);
  await settle();
  store.news();
  expect(master.queue.waits).toBe(true);
  await settle();
  expect(store.news().filter((call) => call.startsWith('setAttempts'))).toEqual([]);
  expect(master.ready()).toEqual([]);
  expect(master.queue.waits).toBe(false);
  await settle();
  expect([master.queue.waits, master.ready()]).toEqual([true, [1]]);
});
