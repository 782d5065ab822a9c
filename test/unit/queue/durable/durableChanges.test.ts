import { beforeEach, describe, expect, test } from 'vitest';
import { judge } from '../../../../src/facade/outcomes.ts';
import type { QueuedTask } from '../../../../src/queue/runner.ts';
import { askChangeTask, type ChangeTaskOutcome } from '../../../../src/requests/changeTask.ts';
import { noOrders } from '../../../../src/store/orders.ts';
import type { TaskId } from '../../../../src/task/task.ts';
import { atOnce, MemoryTasks } from '../../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { addAll, Master, NAME, only, POLL } from './durableMaster.ts';

let clock: VirtualClock;
let store: MemoryTasks;
let master: Master;
let asked: number;

beforeEach(() => {
  clock = new VirtualClock();
  store = new MemoryTasks(clock);
  master = new Master(store, clock, 'a');
  asked = 0;
});

const settle = (): Promise<void> => clock.advance(0);
const NEW = new Uint8Array([1, 2, 3]);

async function elected(count: number): Promise<void> {
  addAll(store, 1, count, 1);
  master.elect(1, true);
  await settle();
}

interface Asked {
  outcome: ChangeTaskOutcome | undefined;
}

/** Asks from another member, and tells the present master. */
function ask(key: TaskId, bytes: Uint8Array | null = null, running = false, timeout = 1000): Asked {
  const answer: Asked = { outcome: undefined };
  asked += 1;
  const desk = {
    orders: async () => noOrders,
    writeOrders: async () => {
      master.queue.changesAsked();
      return true;
    },
  };
  void askChangeTask(
    { name: NAME, unique: String(asked), by: 'b', key, running, bytes },
    { store: store.connect(), desk, clock, poll: POLL, timeout },
  ).then((outcome) => {
    answer.outcome = outcome;
  });
  return answer;
}

/** All of what is asked has been answered, if it is at once. */
const answered = (): Promise<void> => clock.advance(2 * POLL);

test('the queue waits for the store alone while a change of its next task is written', async () => {
  await elected(2);
  master.fate = only('markTask', { there: 10, back: 10 });
  ask(1);
  await clock.advance(19);
  expect([master.ready(), master.queue.awaitsStore]).toEqual([[], true]);
  await clock.advance(1);
  expect([master.ready(), master.queue.awaitsStore]).toEqual([[2], false]);
});

describe('cancel', () => {
  test('of a task in the middle of the window: it is passed over, and the others run', async () => {
    await elected(4);
    const cancelled = ask(2);
    await answered();
    expect(cancelled.outcome).toBe('removed');
    expect(master.news()).toEqual(['cancelled 2']);
    expect(master.ready()).toEqual([1]);
    master.queue.remove(1);
    await settle();
    expect(store.done).toBe(2);
    expect(master.ready()).toEqual([3, 4]);
  });

  test('of the last task: nothing waits any more', async () => {
    await elected(1);
    const cancelled = ask(1);
    await answered();
    expect([cancelled.outcome, store.done, master.ready()]).toEqual(['removed', 1, []]);
  });

  test('is on record before it is proven, and proven before it is answered', async () => {
    await elected(2);
    store.news();
    ask(2);
    await answered();
    const steps = store.news().filter((step) => /^(markTask|acknowledge|answerChange)/.test(step));
    expect(steps.map((step) => step.split(' ')[0])).toEqual(['markTask', 'acknowledge', 'answerChange']);
  });

  test('holds the task while its mark is on the way', async () => {
    await elected(3);
    master.fate = only('markTask', { there: 50, back: 0 });
    ask(2);
    await clock.advance(20);
    expect(master.ready()).toEqual([1]);
    master.queue.remove(1);
    await clock.advance(10);
    expect([master.ready(), master.queue.waits]).toEqual([[], false]);
    await answered();
    expect(master.ready()).toEqual([3]);
  });

  test('of a task beyond the window, whose old version is on its way, holds', async () => {
    await elected(1);
    master.fate = only('tasksAfter', { there: 0, back: 50 });
    addAll(store, 2, 3, 1);
    // The answer that shows it as it was is under way.
    master.queue.hinted();
    master.fate = () => atOnce;
    master.queue.remove(1);
    await clock.advance(10);
    const cancelled = ask(2);
    await clock.advance(20);
    expect(cancelled.outcome).toBe('removed');
    await clock.advance(100);
    expect(master.ready()).toEqual([3]);
  });

  test('of a task that is in a run waits for it, and is done if that did it', async () => {
    await elected(3);
    let end: () => void = () => {};
    master.onApart = () =>
      new Promise((resolve) => {
        end = resolve;
      });
    const cancelled = ask(1);
    await answered();
    expect(cancelled.outcome).toBeUndefined();
    master.onApart = () => null;
    master.queue.remove(1);
    end();
    await answered();
    expect([cancelled.outcome, master.news()]).toEqual(['done', ['acknowledged 1']]);
  });

  test('of a task whose run failed takes it from the head, without another attempt', async () => {
    await elected(2);
    let end: () => void = () => {};
    const { head } = master;
    master.onApart = () =>
      new Promise((resolve) => {
        end = resolve;
      });
    const cancelled = ask(1, null, true);
    await answered();
    master.onApart = () => null;
    master.fail(head);
    end();
    await answered();
    expect(cancelled.outcome).toBe('removed');
    expect(master.ready()).toEqual([2]);
  });

  test('says done only once that is acknowledged', async () => {
    await elected(2);
    master.fate = only('acknowledge', { there: 0, back: 0, lost: 'call' });
    master.queue.remove(1);
    const cancelled = ask(1, null, false, 10 * POLL);
    await answered();
    expect(cancelled.outcome).toBeUndefined();
    master.fate = () => atOnce;
    await clock.advance(5 * POLL);
    expect(cancelled.outcome).toBe('done');
  });

  test('of a head that blocks the queue lets it go on', async () => {
    master = new Master(store, clock, 'a', { attempts: 1, exhausted: 'block' });
    await elected(2);
    master.fail(master.head, 1);
    await settle();
    expect(master.queue.blocked).toBe(1);
    ask(1);
    await answered();
    expect([master.queue.blocked, master.ready()]).toEqual([null, [2]]);
  });

  test('of a head that is about to block the queue lets it go on, also if its record is late', async () => {
    master = new Master(store, clock, 'a', { attempts: 1, exhausted: 'block' });
    await elected(2);
    let end: () => void = () => {};
    const { head } = master;
    master.onApart = () =>
      new Promise((resolve) => {
        end = resolve;
      });
    const cancelled = ask(1, null, true, 10 * POLL);
    await settle();
    master.onApart = () => null;
    let calls = 0;
    master.fate = (call) => (call === 'setAttempts' && calls++ === 0 ? { there: 0, back: 0, lost: 'call' } : atOnce);
    master.fail(head, 1);
    end();
    await clock.advance(5 * POLL);
    expect(cancelled.outcome).toBe('removed');
    expect([master.queue.blocked, master.ready()]).toEqual([null, [2]]);
    // Nor is it told that it blocks.
    expect(master.news()).toEqual(['trouble: setAttempts was lost', 'cancelled 1']);
  });

  test('of a head that blocks the queue by a mark that came late lets it go on', async () => {
    master = new Master(store, clock, 'a', { attempts: 1, exhausted: 'block' });
    await elected(2);
    master.fail(master.head, 1);
    await settle();
    const task = store.tasks.get(1);
    if (task !== undefined) store.tasks.set(1, { ...task, bytes: new Uint8Array(0), cancelled: true });
    await clock.advance(2 * POLL);
    expect([master.queue.blocked, master.ready()]).toEqual([null, [2]]);
  });

  test('of a running head is seen behind any number that wait for the same run', async () => {
    await elected(80);
    const ended: QueuedTask[] = [];
    master.onApart = (task, ends) => {
      if (ends) ended.push(task);
      return new Promise(() => {});
    };
    for (let id = 2; id <= 71; id++) ask(id);
    await answered();
    ask(1, null, true);
    await answered();
    expect(ended.map(({ id }) => id)).toEqual([1]);
  });

  test('of an id that nobody has, or that is done', async () => {
    await elected(2);
    master.queue.remove(1);
    await settle();
    const [unknown, done] = [ask(99), ask(1)];
    await answered();
    expect([unknown.outcome, done.outcome]).toEqual(['unknown', 'done']);
  });

  test('twice at once is answered alike', async () => {
    await elected(3);
    const both = [ask(2), ask(2)];
    await answered();
    expect(both.map(({ outcome }) => outcome)).toEqual(['removed', 'removed']);
    expect(master.news()).toEqual(['cancelled 2']);
  });

  test('does not concern a later task of the same id', async () => {
    addAll(store, 1, 1, 1);
    const cancelled = ask(1, null, false, 10);
    await clock.advance(20);
    expect(cancelled.outcome).toBe('requested');
    // Without a master: it was done by one that the asker did not see, and comes again.
    store.done = 1;
    store.add({ id: 1, bytes: NEW });
    master.elect(2, true);
    await answered();
    expect(master.ready()).toEqual([1]);
  });

  describe('with outcomes kept', () => {
    beforeEach(() => {
      master = new Master(store, clock, 'a', { keepOutcomes: 60_000 });
    });

    /** What a reader is told of task 2, whenever it looks. */
    async function look(): Promise<string> {
      const { done, stored, outcomes } = await store.connect().readOutcomes(NAME, [2]);
      const verdict = judge(2, { done, stored: stored[0] ?? null, outcome: outcomes[0] ?? null });
      return verdict.type === 'ended' ? verdict.outcome.state : verdict.type;
    }

    test('is told at every moment, also while the task before it runs', async () => {
      await elected(3);
      master.fate = (call) => (call === 'tasksAfter' ? atOnce : { there: 7, back: 7 });
      const cancelled = ask(2);
      const seen: string[] = [];
      while (cancelled.outcome === undefined) {
        seen.push(await look());
        await clock.advance(1);
      }
      expect([...new Set(seen)]).toEqual(['queued', 'cancelled']);
      expect([store.done, await look()]).toEqual([0, 'cancelled']);
    });

    test('is told though the master dies at once, at any moment of it', async () => {
      for (let moment = 0; moment < 60; moment++) {
        store = new MemoryTasks(clock);
        master = new Master(store, clock, 'a', { keepOutcomes: 60_000 });
        await elected(2);
        master.fate = () => ({ there: 7, back: 7 });
        ask(2);
        await clock.advance(moment);
        master.queue.endReign();
        for (let steps = 0; steps < 30; steps++) {
          expect(await look()).toMatch(/^(queued|cancelled)$/);
          await clock.advance(1);
        }
      }
    });
  });

  test('lets the id be stored again at once', async () => {
    await elected(2);
    ask(2);
    await answered();
    expect(await store.connect().addTasks(NAME, [{ id: 2, bytes: NEW }], 10)).toEqual([{ type: 'stored', seq: 3 }]);
  });
});

describe('without a master', () => {
  test('a request stays, and the next master decides it', async () => {
    addAll(store, 1, 2, 1);
    const cancelled = ask(2, null, false, 50);
    await clock.advance(100);
    expect(cancelled.outcome).toBe('requested');
    master.elect(1, true);
    await answered();
    expect(master.ready()).toEqual([1]);
  });

  test('a request is forgotten after an hour', async () => {
    addAll(store, 1, 2, 1);
    ask(2, null, false, 50);
    await clock.advance(3_600_001);
    master.elect(1, true);
    await answered();
    expect(master.ready()).toEqual([1, 2]);
  });

  test('a request that is gone is asked again, and no answer promises what is not there', async () => {
    addAll(store, 1, 2, 1);
    const cancelled = ask(2, null, false, 10 * POLL);
    await clock.advance(POLL);
    // By a member whose clock is an hour ahead.
    store.changes.trim(new Date(clock.wall() + 2 * 3_600_000));
    expect(store.changes.open(10)).toEqual([]);
    await clock.advance(3 * POLL);
    expect(store.changes.open(10)).toMatchObject([{ seq: 2 }]);
    master.elect(1, true);
    await answered();
    expect(cancelled.outcome).toBe('removed');
  });

  test('only so many wait', async () => {
    addAll(store, 1, 257, 1);
    const all = Array.from({ length: 257 }, (_, index) => ask(index + 1, null, false, 0));
    await answered();
    expect(all.filter(({ outcome }) => outcome === 'requested')).toHaveLength(256);
    expect(all.at(-1)?.outcome).toBe('full');
  });
});

describe('a master that is deposed', () => {
  /** Sends a mark under term 1, and is deposed before the store has it. */
  async function markLate(bytes: Uint8Array | null): Promise<Asked> {
    await elected(3);
    master.fate = only('markTask', { there: 500, back: 0 });
    const cancelled = ask(2, bytes, false, 10_000);
    await settle();
    master.queue.endReign();
    return cancelled;
  }

  test('answers nothing, and the next master decides again', async () => {
    const cancelled = await markLate(null);
    const next = new Master(store, clock, 'b');
    next.elect(2, true);
    await answered();
    expect([cancelled.outcome, next.ready(1)]).toEqual(['removed', [1]]);
    next.queue.remove(1);
    await clock.advance(500);
    expect(next.ready()).toEqual([3]);
  });

  test.each(['answerChange', 'acknowledge'] as const)(
    'before its %s leaves it to the next one, which says removed',
    async (last) => {
      await elected(3);
      let marked = false;
      master.fate = (call) => {
        marked ||= call === 'answerChange';
        // The proof passes, and the answer does not come.
        return marked && (call === 'answerChange' || call === last) ? { there: 1e9, back: 0 } : atOnce;
      };
      const cancelled = ask(1, null, false, 100_000);
      await answered();
      expect(marked).toBe(true);
      for (const [holder, term] of [
        ['b', 2],
        ['c', 3],
      ] as const) {
        master.queue.endReign();
        master = new Master(store, clock, holder);
        // The first of them does not come to answering either, nor to looking.
        if (term === 2) master.fate = only('openChanges', { there: 1e9, back: 0 });
        master.elect(term, true);
        await answered();
      }
      expect([cancelled.outcome, master.ready()]).toEqual(['removed', [2, 3]]);
      expect(store.done).toBe(1);
    },
  );

  test('has told what it cancelled, and the next one tells it as told again', async () => {
    await elected(3);
    ask(2);
    await answered();
    expect(master.news()).toEqual(['cancelled 2']);
    master.queue.endReign();
    master = new Master(store, clock, 'b');
    master.elect(2, true);
    await answered();
    master.ready(1);
    master.queue.remove(1);
    await clock.advance(500);
    expect(master.news().filter((news) => news.startsWith('cancelled'))).toEqual(['cancelled 2 again']);
  });

  test('leaves no mark over that of a later master', async () => {
    await markLate(NEW);
    const next = new Master(store, clock, 'b');
    next.elect(2, true);
    const old = master;
    master = next;
    await answered();
    const newest = ask(2, new Uint8Array([9]), false, 10_000);
    await clock.advance(1000);
    expect(newest.outcome).toBe('updated');
    expect(store.tasks.get(2)?.bytes).toEqual(new Uint8Array([9]));
    expect(old.news()).toEqual([]);
  });

  test('does not answer when its proof is refused', async () => {
    await elected(3);
    store.holder = { name: NAME, term: 2, holder: 'b' };
    const cancelled = ask(2, null, false, 300);
    await clock.advance(400);
    expect(cancelled.outcome).toBe('requested');
    expect(master.news()).toEqual([]);
  });
});

describe('update', () => {
  test('gives a queued task another payload, in the store and in the window', async () => {
    await elected(2);
    const updated = ask(2, NEW);
    await answered();
    expect(updated.outcome).toBe('updated');
    expect(store.tasks.get(2)?.bytes).toEqual(NEW);
    expect(master.queue.ready(2)[1]?.bytes).toEqual(NEW);
    expect(master.queue.bytes).toBe(1 + NEW.length);
  });

  test('does not touch what runs', async () => {
    await elected(2);
    let end: () => void = () => {};
    const { head } = master;
    const before = head.bytes;
    master.onApart = () =>
      new Promise((resolve) => {
        end = resolve;
      });
    const updated = ask(1, NEW);
    await answered();
    expect([head.bytes, store.tasks.get(1)?.bytes]).toEqual([before, before]);
    master.onApart = () => null;
    master.queue.remove(1);
    end();
    await answered();
    expect(updated.outcome).toBe('done');
  });

  test('of a task that is cancelled finds none', async () => {
    await elected(3);
    ask(3);
    await answered();
    const updated = ask(3, NEW);
    await answered();
    expect(updated.outcome).toBe('unknown');
  });
});

test('a request that ends the work is not held up by one that waits for it', async () => {
  await elected(2);
  const ends: boolean[] = [];
  master.onApart = (_task, isEnded) => {
    ends.push(isEnded);
    return new Promise(() => {});
  };
  ask(1);
  ask(1, null, true);
  await answered();
  expect(ends).toEqual([false, true]);
});
