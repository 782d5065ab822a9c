/** What becomes of a task whose attempts are used up. */
import { beforeEach, describe, expect, test } from 'vitest';
import { atOnce, MemoryTasks, type TaskCall } from '../../../support/memoryTaskStore.ts';
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

async function elected(options: MasterOptions, clean = true): Promise<Master> {
  terms += 1;
  const master = new Master(store, clock, `member ${terms}`, options);
  master.elect(terms, clean);
  await settle();
  return master;
}

describe('dead-letter', () => {
  const once = { attempts: 1 };

  test('the acknowledgement says why, then the letter is written, then the word is taken back', async () => {
    addAll(store, 1, 4);
    const master = await elected(once);
    store.news();
    master.queue.remove(1);
    master.fail(master.head, 1);
    expect(master.ready()).toEqual([]);
    await settle();
    expect(store.news().filter((call) => !call.startsWith('tasksAfter'))).toEqual([
      'acknowledge 1',
      'acknowledge 2 burying 2',
      'putDeadLetter 2',
      'acknowledge 2',
    ]);
    const letter = { queue: 'billing', seq: 2, id: 2, name: 'Error', message: 'too bad', attempts: 1 };
    expect(store.letters).toMatchObject([letter]);
    expect(master.news()).toEqual(['acknowledged 1', 'buried 2: too bad']);
    expect(master.ready()).toEqual([3, 4]);
    await clock.advance(POLL);
    expect([...store.tasks.keys()]).toEqual([3, 4]);
  });

  test('the letter gets another number if its own belongs to the letter of another task', async () => {
    addAll(store, 1, 2);
    const old = { queue: 'billing', seq: 1, id: 'old', bytes: new Uint8Array(1), at: new Date(0) };
    store.letters.push({ ...old, name: 'Error', message: 'old', code: undefined, attempts: 1 });
    const master = await elected(once);
    master.fail(master.head, 1);
    await settle();
    expect(store.letters.map(({ seq, id }) => [seq, id])).toEqual([
      [1, 'old'],
      [1 + 2 ** 45, 1],
    ]);
    expect(master.news()).toEqual(['buried 1: too bad']);
  });

  test('the letter keeps what the task was', async () => {
    store.add({ id: 'x', bytes: new Uint8Array([1, 2, 3]) });
    const master = await elected(once);
    master.fail(master.head, 1);
    await settle();
    expect(store.letters).toMatchObject([{ id: 'x', bytes: new Uint8Array([1, 2, 3]), at: new Date(clock.wall()) }]);
  });

  test.each([
    ['acknowledge', 0, 'call', 0],
    ['acknowledge', 0, 'answer', 1],
    ['putDeadLetter', 0, 'call', 1],
    ['putDeadLetter', 0, 'answer', 1],
    ['acknowledge', 1, 'call', 1],
    ['acknowledge', 1, 'answer', 1],
  ] as const)(
    'a crash at %s number %d, its %s lost: the next master has the letter, once',
    async (at, nth, lost, done) => {
      addAll(store, 1, 3);
      const master = await elected(once);
      let calls = 0;
      master.fate = (call: TaskCall) => (call === at && calls++ === nth ? { ...atOnce, lost } : atOnce);
      master.fail(master.head, 1);
      await settle();
      master.queue.endReign();
      expect(store.done).toBe(done);
      const next = await elected(once, false);
      if (done === 0) {
        next.ready();
        await settle();
        next.fail(next.head, 1);
        await settle();
      }
      expect(store.letters).toMatchObject([{ seq: 1, id: 1, message: 'too bad' }]);
      expect([store.burial, store.done, store.queued]).toEqual([null, 1, [2, 3]]);
    },
  );

  describe('who takes over a burial', () => {
    /** Whose mastership ended before the letter was written. */
    async function interrupted(): Promise<Master> {
      addAll(store, 1, 3);
      const master = await elected(once);
      master.fate = only('putDeadLetter', { ...atOnce, lost: 'call' });
      master.fail(master.head, 1);
      await settle();
      master.queue.endReign();
      return master;
    }

    async function unfinished(): Promise<Master> {
      await interrupted();
      const next = new Master(store, clock, 'next', once);
      terms += 1;
      next.elect(terms, true);
      return next;
    }

    test('finishes it, and tells it', async () => {
      const master = await interrupted();
      expect(master.news()).toEqual(['trouble: putDeadLetter was lost']);
      expect((await elected(once)).news()).toEqual(['buried 1: too bad']);
    });

    test.each([{ permanent: true } as const, {}])('tells whether its error was permanent: %j', async (mark) => {
      await interrupted();
      store.burial = { seq: 1, name: 'Error', message: 'never', code: undefined, attempts: 1, ...mark };
      const next = new Master(store, clock, 'next', once);
      const told: Error[] = [];
      next.onBuried = (_, error) => told.push(error);
      terms += 1;
      next.elect(terms, true);
      await settle();
      expect(told.map(({ message, ...more }) => [message, 'permanent' in more])).toEqual([
        ['never', 'permanent' in mark],
      ]);
    });

    test('and is refused begins nothing, until it is not', async () => {
      const next = await unfinished();
      const { holder } = store;
      store.holder = null;
      await clock.advance(3 * POLL);
      expect([next.ready(), next.news(), store.burial?.seq]).toEqual([[], [], 1]);
      store.holder = holder;
      await clock.advance(POLL);
      expect([next.ready(), next.news(), store.burial]).toEqual([[2, 3], ['buried 1: too bad'], null]);
    });

    test.each(['tasksAfter', 'putDeadLetter', 'acknowledge'] as const)(
      'and is deposed during %s says nothing, and asks for nothing more',
      async (call) => {
        const next = await unfinished();
        next.fate = only(call, { there: 5, back: 5 });
        await clock.advance(7);
        next.queue.endReign();
        store.news();
        await clock.advance(10 * POLL);
        expect([next.news(), store.news(), next.ready()]).toEqual([[], [], []]);
      },
    );

    test('and is deposed while it is refused asks for nothing more', async () => {
      const next = await unfinished();
      store.holder = null;
      await clock.advance(POLL / 2);
      next.queue.endReign();
      store.news();
      await clock.advance(10 * POLL);
      expect([next.news(), store.news()]).toEqual([[], []]);
    });
  });

  test('a letter that was taken is not written again, whichever member becomes master', async () => {
    addAll(store, 1, 2);
    const master = await elected(once);
    master.fate = only('putDeadLetter', { ...atOnce, lost: 'answer' });
    master.fail(master.head, 1);
    await settle();
    master.queue.endReign();
    const second = await elected(once);
    store.removeLetter(1);
    second.queue.endReign();
    await elected(once);
    expect([store.letters, store.burial]).toEqual([[], null]);
  });

  test('a master that is deposed before the burial is finished begins nothing', async () => {
    addAll(store, 1, 3);
    for (const call of ['acknowledge', 'putDeadLetter'] as const) {
      const master = await elected(once);
      master.fate = only(call, { there: 0, back: 10 });
      master.fail(master.head, 1);
      await settle();
      store.holder = null;
      await clock.advance(10 * POLL);
      expect(master.ready()).toEqual([]);
      master.queue.endReign();
    }
  });

  test('several in a row, behind an acknowledgement that is under way', async () => {
    addAll(store, 1, 5);
    const master = await elected(once);
    master.fate = only('acknowledge', { there: 5, back: 5 });
    master.queue.remove(1);
    for (const id of [2, 3]) {
      expect(master.head.id).toBe(id);
      master.fail(master.head, 1);
      expect(master.ready()).toEqual([]);
      await clock.advance(30);
    }
    expect([store.letters.map(({ id }) => id), master.ready()]).toEqual([
      [2, 3],
      [4, 5],
    ]);
  });

  test('a task whose record says so is not run, wherever it is in the queue', async () => {
    for (const id of [1, 2, 3, 4, 5])
      store.add({ id, bytes: new Uint8Array(0) }, { attempts: id === 1 || id === 3 ? 2 : 0 });
    const master = await elected({ attempts: 2 });
    expect([master.ready(), store.letters.map(({ id }) => id)]).toEqual([[2], [1]]);
    master.queue.remove(1);
    await settle();
    expect([master.ready(), store.letters.map(({ id }) => id)]).toEqual([
      [4, 5],
      [1, 3],
    ]);
  });

  test('flush waits for it', async () => {
    addAll(store, 1, 2);
    const master = await elected(once);
    master.fate = () => ({ there: 5, back: 5 });
    master.fail(master.head, 1);
    let flushed = 0;
    void master.queue.flush(true).then(() => {
      flushed = clock.now();
    });
    await clock.advance(100);
    expect([flushed, store.burial, store.letters.length]).toEqual([30, null, 1]);
  });
});

describe('block', () => {
  const block = { attempts: 2, exhausted: 'block' } as const;

  async function blocked(): Promise<Master> {
    addAll(store, 1, 3);
    const master = await elected(block);
    for (let attempt = 0; attempt < 2; attempt++) {
      master.fail(master.head, 2);
      await settle();
    }
    return master;
  }

  test('the head stays, nothing runs, and it is told once', async () => {
    const master = await blocked();
    await clock.advance(10 * POLL);
    expect([master.ready(), master.queue.blocked, store.done]).toEqual([[], 1, 0]);
    expect(master.news()).toEqual([expect.stringContaining("the queue 'billing' is blocked")]);
    expect(store.tasks.get(1)).toMatchObject({ attempts: 2, deaths: 0 });
  });

  test('until its record is cleared', async () => {
    const master = await blocked();
    store.record(1, 0, 0);
    await clock.advance(POLL);
    expect([master.ready(), master.queue.blocked, master.head.failed]).toEqual([[1, 2, 3], null, 0]);
  });

  test('until there is a hint that its record is cleared, with one look under way at most', async () => {
    const master = await blocked();
    master.fate = only('tasksAfter', { there: 5, back: 5 });
    store.news();
    for (let count = 0; count < 3; count++) master.queue.hinted();
    await clock.advance(7);
    // The look has read what was there before.
    store.record(1, 0, 0);
    master.queue.hinted();
    expect(store.news()).toHaveLength(1);
    await clock.advance(20);
    expect([master.ready(), master.queue.blocked]).toEqual([[1, 2, 3], null]);
  });

  test('until it is gone', async () => {
    const master = await blocked();
    store.tasks.delete(1);
    await clock.advance(POLL);
    expect([master.ready(), master.queue.blocked, store.done]).toEqual([[2, 3], null, 1]);
  });

  test('is on record before it is told, and not looked at before', async () => {
    const master = new Master(store, clock, 'a', { ...block, attempts: 1 });
    addAll(store, 1, 2);
    master.elect(1, true);
    await settle();
    master.fate = only('setAttempts', { there: 2.5 * POLL, back: 0 });
    master.fail(master.head, 1);
    await clock.advance(2 * POLL);
    expect([master.ready(), master.news()]).toEqual([[], []]);
    await clock.advance(POLL);
    expect([master.news().length, store.tasks.get(1)?.attempts, master.queue.blocked]).toEqual([1, 1, 1]);
  });

  test('is told again by the next master, which does not overwrite a record that is cleared just then', async () => {
    (await blocked()).queue.endReign();
    const next = new Master(store, clock, 'b', block);
    next.fate = (call) => (call === 'tasksAfter' ? { there: 0, back: 10 } : { there: 10, back: 0 });
    next.elect(2, false);
    await clock.advance(15);
    store.record(1, 0, 0);
    await clock.advance(20);
    expect([next.news().length, store.tasks.get(1)?.attempts]).toEqual([1, 0]);
    await clock.advance(2 * POLL);
    next.ready();
    await clock.advance(POLL);
    expect(next.ready()).toEqual([1]);
  });

  test('one look at a time, however slow: a late one releases no other task', async () => {
    const master = await blocked();
    store.news();
    master.fate = (call) => (call === 'tasksAfter' ? { there: 0, back: 5 * POLL } : atOnce);
    await clock.advance(4 * POLL);
    expect(store.news().filter((call) => call === 'tasksAfter 0')).toHaveLength(1);
    store.record(1, 0, 0);
    // The look of now is of before; the next one finds it.
    await clock.advance(12 * POLL);
    expect(master.head.id).toBe(1);
    master.queue.remove(1);
    for (let attempt = 0; attempt < 2; attempt++) {
      master.fail(master.head, 2);
      await settle();
    }
    await clock.advance(20 * POLL);
    expect([master.queue.blocked, master.ready(), store.done]).toEqual([2, [], 1]);
  });

  test('a store that is gone for long is asked by one call', async () => {
    const master = await blocked();
    let calls = 0;
    master.fate = (call) => {
      calls += 1;
      return { ...atOnce, ...(call === 'tasksAfter' && { lost: 'call' as const }) };
    };
    await clock.advance(20 * POLL);
    const before = calls;
    await clock.advance(20 * POLL);
    expect(calls - before).toBeLessThanOrEqual(3 * 20);
    expect(master.news().length).toBeLessThanOrEqual(3);
  });
});
