/** Who waits for tasks that come from the outbox, which are told from others of their id by their origins. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { judgeLater } from '../../../src/facade/outcomes.ts';
import { type AwaitedLater, OutcomeWaiters } from '../../../src/facade/outcomeWaiters.ts';
import type { LaterTask, StoredTask, TaskOutcome } from '../../../src/store/taskStore.ts';
import { lookAt } from '../../support/outcomes.ts';
import { runs } from '../../support/propertyRuns.ts';

const POLL = 500;
const NO_BYTES = new Uint8Array();
const none = { attempts: 0, deaths: 0, recordedBy: null };

/** A queue with its outbox, in which all tasks have the id `a`, and one that waits for one of them. */
class World {
  done = 0;
  next = 1;
  readonly entries = new Map<string, { key: unknown; origin: string }>();
  readonly tasks = new Map<number, StoredTask>();
  readonly kept = new Map<string, TaskOutcome>();
  looks: (readonly LaterTask[])[] = [];
  readonly waiters: OutcomeWaiters;

  constructor() {
    const began = Date.now();
    this.waiters = new OutcomeWaiters({
      name: 'reports',
      poll: POLL,
      // The global ones, which are fake here.
      time: {
        monotonic: () => BigInt(Date.now() - began) * 1_000_000n,
        wall: () => Date.now(),
        setTimeout: (callback, delay) => setTimeout(callback, delay),
        clearTimeout: (timer) => clearTimeout(timer),
        setInterval: (callback, delay) => setInterval(callback, delay),
        clearInterval: (timer) => clearInterval(timer),
      },
      look: async (ids, later) => {
        this.looks.push(later);
        return lookAt(ids, this.done, this.tasks.values(), this.kept as never, later, this.entries.values());
      },
    });
  }

  enter(origin: string, key: string): void {
    this.entries.set(origin, { key, origin });
  }

  /** The next task takes over the id, as in the stores. */
  store(origin?: string): number {
    for (const [seq, { id }] of this.tasks) if (id === 'a' && seq <= this.done) this.tasks.delete(seq);
    const seq = this.next;
    this.next += 1;
    const task: StoredTask = { seq, id: 'a', bytes: NO_BYTES, at: new Date(0), ...none };
    this.tasks.set(seq, origin === undefined ? task : { ...task, origin });
    return seq;
  }

  end(seq: number, fields: Partial<TaskOutcome> = {}): void {
    const origin = this.tasks.get(seq)?.origin;
    this.kept.set('a', {
      ...{ id: 'a', seq, origin, term: 1, state: 'done', attempts: seq, error: null, result: null },
      ...{ at: new Date(1000), until: new Date(2000), ...fields },
    });
    this.done = seq;
  }

  trim(): void {
    for (const seq of this.tasks.keys()) if (seq <= this.done) this.tasks.delete(seq);
  }

  wait(later: AwaitedLater, timeout?: number): { what: unknown } {
    const seen: { what: unknown } = { what: 'waits' };
    this.waiters.wait('a', null, { timeout }, later).then(
      (outcome) => {
        seen.what = outcome;
      },
      (error: unknown) => {
        seen.what = error;
      },
    );
    return seen;
  }
}

/** One that is due at once, of a call that stored it. */
const due = (origin: string | null = 'o'): AwaitedLater => ({
  ...{ task: { id: 'a', key: null, origin }, at: null, isSure: true },
});
const KEY = '0123456789abcdef01234567';
const transacted: AwaitedLater = { task: { id: 'a', key: KEY, origin: 'o' }, at: null, isSure: false };
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const unknown = { code: 'ERR_OUTCOME_UNKNOWN' };

let world: World;
beforeEach(() => {
  vi.useFakeTimers();
  world = new World();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a task that is due later', () => {
  test('is waited for in the outbox, in the queue, and until it is done', async () => {
    world.enter('o', 'at a');
    const seen = world.wait(due());
    await pass(5 * POLL);
    const seq = world.store('o');
    await pass(2 * POLL);
    world.entries.clear();
    await pass(2 * POLL);
    expect(seen.what).toBe('waits');
    world.end(seq);
    world.trim();
    await pass(POLL);
    expect(seen.what).toMatchObject({ attempts: seq, term: 1 });
  });

  test('is not taken for an earlier task of its id, nor for a later one', async () => {
    world.end(world.store());
    world.enter('o', 'at a');
    const seen = world.wait(due());
    await pass(2 * POLL);
    expect(seen.what).toBe('waits');
    const own = world.store('o');
    world.entries.clear();
    world.end(own);
    const other = world.store('another');
    await pass(POLL);
    expect(seen.what).toMatchObject({ attempts: own });
    world.end(other);
    const late = world.wait(due());
    await pass(POLL);
    expect(late.what).toMatchObject(unknown);
  });

  test('that was dropped, because its id was taken, is not known', async () => {
    world.store();
    world.enter('o', 'at a');
    const seen = world.wait(due());
    await pass(POLL);
    world.entries.clear();
    await pass(2 * POLL);
    expect(seen.what).toMatchObject({ ...unknown, message: expect.stringContaining('event duplicate') });
  });

  test('that fails or is cancelled says so', async () => {
    const seen = [world.wait(due())];
    world.end(world.store('o'), { state: 'failed', error: { name: 'TypeError', message: 'no', code: undefined } });
    await pass(POLL);
    seen.push(world.wait(due()));
    world.end(world.store('o'), { state: 'cancelled' });
    world.trim();
    await pass(POLL);
    expect(seen.map(({ what }) => what)).toMatchObject([{ name: 'TypeError' }, { code: 'ERR_CANCELLED' }]);
  });

  test('of which another one of its id waited first: that one is meant', async () => {
    world.enter('first', 'at a');
    const seen = world.wait(due(null));
    await pass(POLL);
    const seq = world.store('first');
    world.entries.clear();
    world.end(seq);
    world.end(world.store('second'));
    await pass(POLL);
    expect(seen.what).toMatchObject(unknown);
    world.enter('third', 'at a');
    const third = world.wait(due(null));
    await pass(POLL);
    expect(third.what).toBe('waits');
    const last = world.store('third');
    world.entries.clear();
    world.end(last);
    await pass(POLL);
    expect(third.what).toMatchObject({ attempts: last });
  });

  test('of which another one waited first that is gone: the one that is queued, or the last one', async () => {
    const seq = world.store();
    const seen = world.wait(due(null));
    await pass(POLL);
    expect(seen.what).toBe('waits');
    world.end(seq);
    await pass(POLL);
    expect(seen.what).toMatchObject({ attempts: seq });
  });

  test('is looked at among those in line before its time, and each time from then on', async () => {
    const at = Date.now() + 60_000;
    for (let index = 0; index < 450; index++) {
      const task = { id: index, key: null, origin: `o ${index}` };
      world.entries.set(`o ${index}`, { key: `at ${index}`, origin: `o ${index}` });
      world.waiters.wait(index, null, {}, { task, at, isSure: true }).catch(() => {});
    }
    await pass(10 * POLL);
    expect(Math.max(...world.looks.map(({ length }) => length))).toBe(200);
    expect(new Set(world.looks.flatMap((later) => later.map(({ id }) => id))).size).toBe(450);
    await pass(60_000);
    world.looks = [];
    await pass(POLL);
    expect(world.looks.map(({ length }) => length)).toEqual([200, 200, 50]);
    world.waiters.stop();
  });
});

describe('a task of a transaction', () => {
  test('is waited for before the commit, and after it', async () => {
    const seen = world.wait(transacted);
    await pass(20 * POLL);
    expect(seen.what).toBe('waits');
    world.enter('o', KEY);
    await pass(POLL);
    world.end(world.store('o'));
    world.entries.clear();
    world.trim();
    await pass(POLL);
    expect(seen.what).toMatchObject({ attempts: 1 });
  });

  test('that never commits ends with the time-out, which says that nothing is known', async () => {
    world.end(world.store());
    const seen = world.wait(transacted, 4000);
    await pass(3999);
    expect(seen.what).toBe('waits');
    await pass(1);
    expect(seen.what).toMatchObject({ code: 'ERR_TIMEOUT', message: expect.stringContaining('it may yet be done') });
  });

  test('that was seen to wait, and then was dropped, is not known', async () => {
    world.enter('o', KEY);
    const seen = world.wait(transacted);
    await pass(POLL);
    world.entries.clear();
    await pass(2 * POLL);
    expect(seen.what).toMatchObject(unknown);
  });
});

test('what is judged of one look', () => {
  const outcome = (seq: number, origin?: string): TaskOutcome => ({
    ...{ id: 'x', seq, origin, term: 1, state: 'done', attempts: 1, error: null, result: null },
    ...{ at: new Date(1), until: new Date(2) },
  });
  const seen = (done: number, stored: number | null, ended: TaskOutcome | null) => ({ done, stored, outcome: ended });
  const later = (waits: boolean, seq: number | null) => ({ origin: 'o', waits, seq });
  expect(judgeLater(null, false, seen(0, null, null), later(true, null))).toEqual({ type: 'waits' });
  expect(judgeLater(null, true, seen(0, null, null), later(false, null))).toEqual({ type: 'waits' });
  expect(judgeLater(null, false, seen(0, null, null), later(false, null))).toEqual({ type: 'missing' });
  expect(judgeLater(null, false, seen(3, 4, outcome(3)), later(false, 4))).toEqual({ type: 'queued', seq: 4 });
  expect(judgeLater(null, false, seen(3, 4, outcome(4, 'o')), later(false, 4))).toEqual({ type: 'queued', seq: 4 });
  expect(judgeLater(4, false, seen(4, 4, outcome(4, 'o')), later(true, 4))).toMatchObject({ type: 'ended' });
  expect(judgeLater(null, false, seen(4, 4, outcome(4, 'p')), later(true, null))).toEqual({ type: 'waits' });
  expect(judgeLater(4, false, seen(5, 5, outcome(5, 'p')), later(false, null))).toEqual({ type: 'replaced' });
  // One that came too late, below what is done.
  expect(judgeLater(null, false, seen(5, 3, null), later(false, 3))).toEqual({ type: 'missing' });
});

test('whatever else happens to its id, it is told its own end or none, and its own if that is kept', async () => {
  const steps = fc.constantFrom('other', 'other later', 'end', 'trim', 'look', 'look');
  const property = fc.asyncProperty(
    fc.array(steps, { maxLength: 12 }),
    fc.array(steps, { maxLength: 12 }),
    fc.boolean(),
    fc.boolean(),
    async (before, after, drops, isTransacted) => {
      world = new World();
      let queued: number | null = null;
      let own: number | null = null;
      let isReplaced = false;
      const carryOut = async (step: (typeof before)[number]): Promise<void> => {
        if (step === 'look') await pass(POLL);
        else if (step === 'trim') world.trim();
        else if (step === 'end' && queued !== null) {
          world.end(queued);
          if (own !== null && queued > own) isReplaced = true;
          queued = null;
        } else if (step !== 'end' && queued === null) queued = world.store(step === 'other' ? undefined : 'p');
      };
      const seen = world.wait(isTransacted ? transacted : due());
      world.enter('o', isTransacted ? KEY : 'at a');
      for (const step of before) await carryOut(step);
      // The relay drops one whose id is queued.
      const dropped = queued !== null;
      if (drops && dropped) await pass(0);
      if (!dropped) {
        own = world.store('o');
        queued = own;
      }
      world.entries.clear();
      for (const step of after) await carryOut(step);
      const ended = own !== null && own <= world.done;
      await pass(3 * POLL);
      const told = seen.what as { attempts?: number; code?: string };
      if (told.attempts !== undefined) expect(told.attempts).toBe(own);
      else if (seen.what !== 'waits') expect(told.code).toBe('ERR_OUTCOME_UNKNOWN');
      if (ended && !isReplaced) expect(told.attempts).toBe(own);
      if (own !== null && !ended) expect(seen.what).toBe('waits');
      world.waiters.stop();
      await pass(0);
    },
  );
  await fc.assert(property, runs(300));
});
