import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FailoverError, StoreError } from '../../../src/errors.ts';
import { encodeAnswer } from '../../../src/execution/answerBytes.ts';
import { judge } from '../../../src/facade/outcomes.ts';
import { OutcomeWaiters } from '../../../src/facade/outcomeWaiters.ts';
import type { OutcomeLook, TaskOutcome } from '../../../src/store/taskStore.ts';
import type { TaskId } from '../../../src/task/task.ts';

const POLL = 500;

let done: number;
let stored: Map<TaskId, number>;
let outcomes: Map<TaskId, TaskOutcome>;
/** When each look began, in ms, with what was asked. */
let looks: { readonly at: number; readonly ids: readonly TaskId[] }[];
let fails: Error | undefined;
/** What was written by another program. */
let alien: Set<TaskId>;
/** Called when the answer of a look is made. */
let onLook: (ids: readonly TaskId[]) => void;
let waiters: OutcomeWaiters;

beforeEach(() => {
  vi.useFakeTimers();
  alien = new Set();
  onLook = () => {};
  [done, stored, outcomes, looks, fails] = [0, new Map(), new Map(), [], undefined];
  const began = Date.now();
  const now = () => Date.now() - began;
  waiters = new OutcomeWaiters({
    name: 'reports',
    poll: POLL,
    // The global ones, which are fake here.
    time: {
      monotonic: () => BigInt(now()) * 1_000_000n,
      wall: () => Date.now(),
      setTimeout: (callback, delay) => setTimeout(callback, delay),
      clearTimeout: (timer) => clearTimeout(timer),
      setInterval: (callback, delay) => setInterval(callback, delay),
      clearInterval: (timer) => clearInterval(timer),
    },
    async look(ids): Promise<OutcomeLook> {
      looks.push({ at: now(), ids });
      if (fails !== undefined) throw fails;
      for (const id of ids) if (alien.has(id)) throw new StoreError('ERR_STORE_DATA', `${id} is alien`);
      onLook(ids);
      return {
        done,
        stored: ids.map((id) => stored.get(id) ?? null),
        outcomes: ids.map((id) => outcomes.get(id) ?? null),
        later: [],
      };
    },
  });
});
afterEach(() => {
  vi.useRealTimers();
});

function ended(id: TaskId, seq: number, fields: Partial<TaskOutcome> = {}): void {
  outcomes.set(id, {
    ...{ id, seq, term: 3, state: 'done', attempts: 2, error: null, result: encodeAnswer({ n: seq }, 'it') },
    ...{ at: new Date(1000), until: new Date(2000), ...fields },
  });
}

/** What came of it: its outcome, or the code and message of its error. */
function told(promise: Promise<unknown>): { what: unknown } {
  const seen: { what: unknown } = { what: 'waits' };
  promise.then(
    (outcome) => {
      seen.what = outcome;
    },
    (error: unknown) => {
      seen.what = error;
    },
  );
  return seen;
}
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const unknown = { code: 'ERR_OUTCOME_UNKNOWN' };

describe('waiting', () => {
  test('a task that is done already is told at once', async () => {
    ended('a', 1);
    done = 1;
    const seen = told(waiters.wait('a', 1, {}));
    await pass(0);
    expect(seen.what).toEqual({ result: { n: 1 }, attempts: 2, term: 3, at: new Date(1000) });
  });

  test('an outcome counts only when its task is acknowledged', async () => {
    stored.set('a', 1);
    ended('a', 1);
    const seen = told(waiters.wait('a', 1, {}));
    await pass(5000);
    expect(seen.what).toBe('waits');
    done = 1;
    await pass(POLL);
    expect(seen.what).toMatchObject({ result: { n: 1 } });
  });

  test('the pauses between looks grow from 50 ms to POLL, and one look asks for all', async () => {
    for (const id of ['a', 'b', 'c']) stored.set(id, 5);
    const all = ['a', 'b', 'c', 'a'].map((id) => told(waiters.wait(id, 5, {})));
    await pass(4000);
    expect(looks[0]).toEqual({ at: 0, ids: ['a', 'b', 'c'] });
    const pauses = looks.slice(1).map(({ at }, index) => at - (looks[index]?.at ?? 0));
    expect(pauses[0]).toBeGreaterThanOrEqual(50);
    expect(pauses[0]).toBeLessThan(100);
    expect(pauses.at(-1)).toBe(POLL);
    expect(Math.max(...pauses)).toBe(POLL);
    expect(all.map(({ what }) => what)).toEqual(['waits', 'waits', 'waits', 'waits']);
  });

  test('news that a task ended here, and a new waiter, bring the next look near, and never nearer than 50 ms', async () => {
    stored.set('a', 1);
    told(waiters.wait('a', 1, {}));
    await pass(4000);
    const before = looks.length;
    for (let times = 0; times < 100; times++) {
      waiters.soon();
      await pass(1);
    }
    expect(looks.length - before).toBeLessThanOrEqual(3);
    expect(looks.length - before).toBeGreaterThanOrEqual(2);
  });

  test('no more is asked than one look may, and nothing when no one waits', async () => {
    const all = Array.from({ length: 450 }, (_, index) => index);
    for (const id of all) stored.set(id, 1);
    const stop = new AbortController();
    const seen = all.map((id) => told(waiters.wait(id, 1, { signal: stop.signal })));
    await pass(0);
    expect(looks.map(({ ids }) => ids.length)).toEqual([200]);
    done = 1;
    await pass(100);
    expect(looks.map(({ ids }) => ids.length)).toEqual([200, 200, 200, 50]);
    stop.abort(new Error('enough'));
    await pass(10_000);
    expect(seen.every(({ what }) => what instanceof Error && what.message === 'enough')).toBe(true);
    expect(looks.length).toBe(4);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('of many in line one look in each turn sees some, and in time all, so those that leave it otherwise are told', async () => {
    const all = Array.from({ length: 2000 }, (_, index) => index);
    for (const id of all) stored.set(id, id + 1);
    const seen = all.map((id) => told(waiters.wait(id, id + 1, {})));
    await pass(20 * POLL);
    expect(looks.length).toBeLessThan(35);
    expect(new Set(looks.slice(-10).flatMap(({ ids }) => ids)).size).toBe(2000);
    stored.delete(1234);
    ended(1234, 1235, { state: 'cancelled' });
    await pass(11 * POLL);
    expect(seen[1234]?.what).toMatchObject({ code: 'ERR_CANCELLED' });
    for (const id of all.slice(0, 500)) ended(id, id + 1);
    done = 500;
    await pass(POLL);
    expect(seen.filter(({ what }) => what !== 'waits')).toHaveLength(501);
  });

  /** Takes a task out of the middle of the line. */
  function cancel(id: number): void {
    stored.delete(id);
    ended(id, id + 1, { state: 'cancelled' });
  }

  function waitInLine(count: number): { what: unknown }[] {
    const all = Array.from({ length: count }, (_, index) => index);
    for (const id of all) stored.set(id, id + 1);
    return all.map((id) => told(waiters.wait(id, id + 1, {})));
  }

  test('one of many in line that is cancelled is told at the next look, and the others wait in line', async () => {
    const seen = waitInLine(20_000);
    await pass(10 * POLL);
    cancel(15_000);
    waiters.leftLine([15_000, 'another']);
    const before = looks.length;
    await pass(60);
    expect(seen[15_000]?.what).toMatchObject({ code: 'ERR_CANCELLED' });
    expect(looks.slice(before).map(({ ids }) => ids.length)).toEqual([200, 1]);
    await pass(10 * POLL);
    expect(looks.slice(before + 2).map(({ ids }) => ids.length)).toEqual(looks.slice(before + 2).map(() => 200));
  });

  test('one that is cancelled while a look is under way, which does not see it yet, is told at the one after it', async () => {
    const seen = waitInLine(2000);
    await pass(0);
    const before = looks.length;
    onLook = (ids) => {
      const id = ids[100] as number;
      if (!stored.has(id) || looks.length > before + 1) return;
      // After the answer of this look, and before it comes.
      queueMicrotask(() => {
        cancel(id);
        waiters.leftLine([id]);
      });
    };
    await pass(600);
    const [id] = [...outcomes.keys()] as number[];
    expect(outcomes.size).toBe(1);
    expect(seen[id ?? -1]?.what).toMatchObject({ code: 'ERR_CANCELLED' });
  });

  test('one that is said to be cancelled and is not waits in line again after two looks', async () => {
    waitInLine(1000);
    await pass(0);
    const before = looks.length;
    waiters.leftLine([700]);
    await pass(10 * POLL);
    const alone = looks.slice(before).filter(({ ids }) => ids.length === 1);
    expect(alone.map(({ ids }) => ids)).toEqual([[700], [700]]);
  });

  test('a later task of the id of one that was cancelled is not taken for it', async () => {
    const seen = waitInLine(1000);
    await pass(0);
    cancel(700);
    stored.set(700, 1001);
    waiters.leftLine([700]);
    await pass(POLL);
    expect(seen[700]?.what).toMatchObject({ code: 'ERR_CANCELLED' });
  });

  test('a cancelled task is asked for again while the store is away', async () => {
    const seen = waitInLine(1000);
    await pass(0);
    fails = new StoreError('ERR_STORE_UNAVAILABLE', 'away');
    cancel(700);
    waiters.leftLine([700]);
    await pass(5 * POLL);
    fails = undefined;
    await pass(POLL);
    expect(seen[700]?.what).toMatchObject({ code: 'ERR_CANCELLED' });
  });

  test('a store that is away, and a coordinator that died, are asked again', async () => {
    ended('a', 1);
    done = 1;
    fails = new StoreError('ERR_STORE_UNAVAILABLE', 'away');
    const seen = told(waiters.wait('a', 1, {}));
    await pass(3000);
    fails = new FailoverError('ERR_COORDINATOR_LOST', 'died');
    await pass(3000);
    expect(seen.what).toBe('waits');
    fails = undefined;
    await pass(POLL);
    expect(seen.what).toMatchObject({ result: { n: 1 } });
  });

  test('an outcome that cannot be read fails those alone who wait for it', async () => {
    const all = Array.from({ length: 200 }, (_, index) => index);
    for (const id of all) ended(id, id + 1);
    alien = new Set([7, 100]);
    done = 200;
    const seen = all.map((id) => told(waiters.wait(id, id + 1, {})));
    await pass(0);
    const isAlien = all.map((id) => seen[id]?.what instanceof StoreError);
    expect(all.filter((id) => isAlien[id])).toEqual([7, 100]);
    expect(seen[8]?.what).toMatchObject({ result: { n: 9 } });
    expect(looks.length).toBeLessThan(40);
  });

  test('a store that refuses fails those who wait', async () => {
    fails = new StoreError('ERR_STORE', 'not authorized');
    const seen = told(waiters.wait('a', 1, {}));
    await pass(0);
    expect(seen.what).toBe(fails);
  });
});

describe('other ends', () => {
  test('the error of a task that failed comes with its name, message and code', async () => {
    done = 1;
    ended('a', 1, { state: 'failed', error: { name: 'TypeError', message: 'no', code: 'E_NO' } });
    const seen = told(waiters.wait('a', 1, {}));
    await pass(0);
    expect(seen.what).toMatchObject({ name: 'TypeError', message: 'no', code: 'E_NO' });
  });

  test('a cancelled task is told when it is out of the queue', async () => {
    stored.set('a', 4);
    ended('a', 4, { state: 'cancelled' });
    const seen = told(waiters.wait('a', 4, {}));
    await pass(2000);
    expect(seen.what).toBe('waits');
    stored.delete('a');
    await pass(POLL);
    expect(seen.what).toMatchObject({ code: 'ERR_CANCELLED' });
  });

  test('a signal of the user that fails is told by the call, and no look is made for it', async () => {
    const thrower = (): never => {
      throw new Error('no listeners here');
    };
    const signal = {
      aborted: false,
      addEventListener: thrower,
      removeEventListener: () => {},
    } as unknown as AbortSignal;
    const seen = told(waiters.wait('a', 1, { signal }));
    await vi.advanceTimersByTimeAsync(10 * POLL);
    expect(seen).toMatchObject({ what: { code: 'ERR_INVALID_OPTION' } });
    expect(looks).toEqual([]);
  });

  test('a signal of the user that keeps its listeners does not keep the others from their outcomes', async () => {
    const thrower = (): never => {
      throw new Error('listeners stay here');
    };
    const signal = {
      aborted: false,
      addEventListener: () => {},
      removeEventListener: thrower,
    } as unknown as AbortSignal;
    const seen = [told(waiters.wait('a', 1, { signal })), told(waiters.wait('b', 2, {}))];
    ended('a', 1);
    ended('b', 2);
    done = 2;
    await vi.advanceTimersByTimeAsync(POLL);
    expect(seen).toMatchObject([{ what: { result: { n: 1 } } }, { what: { result: { n: 2 } } }]);
  });

  test('a time-out and a signal end one wait, and leave the others', async () => {
    stored.set('a', 1);
    const stop = new AbortController();
    const [late, aborted, other] = [
      told(waiters.wait('a', 1, { timeout: 200 })),
      told(waiters.wait('a', 1, { signal: stop.signal })),
      told(waiters.wait('a', 1, {})),
    ];
    await pass(199);
    expect(late.what).toBe('waits');
    await pass(1);
    expect(late.what).toMatchObject({ code: 'ERR_TIMEOUT', message: expect.stringContaining('"a" of \'reports\'') });
    stop.abort(new Error('enough'));
    await pass(0);
    expect(aborted.what).toEqual(new Error('enough'));
    done = 1;
    ended('a', 1);
    await pass(POLL);
    expect(other.what).toMatchObject({ result: { n: 1 } });
    expect(told(waiters.wait('a', 1, { signal: stop.signal }))).toEqual({ what: 'waits' });
  });

  test('a cluster that stops leaves no one waiting', async () => {
    stored.set('a', 1);
    const seen = told(waiters.wait('a', 1, {}));
    await pass(100);
    waiters.stop();
    const later = told(waiters.wait('a', 1, {}));
    await pass(0);
    expect([seen.what, later.what]).toMatchObject([{ code: 'ERR_STOPPED' }, { code: 'ERR_STOPPED' }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a task that is done without an outcome is not known, after two looks', async () => {
    done = 1;
    const seen = told(waiters.wait('a', 1, {}));
    await pass(49);
    expect(seen.what).toBe('waits');
    await pass(100);
    expect(seen.what).toMatchObject(unknown);
    expect(looks.length).toBe(2);
  });

  test('a task that was taken out of the store is not known', async () => {
    const seen = told(waiters.wait('a', 7, {}));
    await pass(200);
    expect(seen.what).toMatchObject(unknown);
  });

  test('one look that misses a task is no proof', async () => {
    const seen = told(waiters.wait('a', 7, {}));
    await pass(0);
    stored.set('a', 7);
    await pass(200);
    stored.delete('a');
    await pass(40);
    done = 7;
    ended('a', 7);
    await pass(POLL);
    expect(seen.what).toMatchObject({ result: { n: 7 } });
  });

  test('the outcome of a later task of the same id is not taken for that of the earlier one', async () => {
    done = 9;
    ended('a', 9);
    const seen = told(waiters.wait('a', 7, {}));
    await pass(200);
    expect(seen.what).toMatchObject({ ...unknown, message: expect.stringContaining('another task of the same id') });
  });

  test('an outcome of before is not taken for that of a task that waits', async () => {
    done = 5;
    ended('a', 5);
    stored.set('a', 8);
    const seen = told(waiters.wait('a', 8, {}));
    await pass(2000);
    expect(seen.what).toBe('waits');
    ended('a', 8, { state: 'failed', error: { name: 'Error', message: 'no', code: undefined } });
    done = 8;
    await pass(POLL);
    expect(seen.what).toMatchObject({ message: 'no' });
  });
});

describe('a task that another call has stored', () => {
  test('is the one that is queued under the id, also once it is done', async () => {
    done = 5;
    ended('a', 5);
    stored.set('a', 8);
    const seen = told(waiters.wait('a', null, {}));
    await pass(100);
    done = 8;
    ended('a', 8);
    await pass(POLL);
    expect(seen.what).toMatchObject({ result: { n: 8 } });
  });

  test('is the last one, if none is queued any more', async () => {
    done = 8;
    ended('a', 8);
    stored.set('a', 8);
    const seen = told(waiters.wait('a', null, {}));
    await pass(0);
    expect(seen.what).toMatchObject({ result: { n: 8 } });
  });
});

test('what is judged of one look', () => {
  const outcome = (seq: number): TaskOutcome => {
    ended('x', seq);
    return outcomes.get('x') as TaskOutcome;
  };
  expect(judge(null, { done: 0, stored: null, outcome: null })).toEqual({ type: 'missing' });
  expect(judge(3, { done: 2, stored: 3, outcome: outcome(3) })).toEqual({ type: 'queued', seq: 3 });
  expect(judge(3, { done: 3, stored: 3, outcome: outcome(3) })).toMatchObject({ type: 'ended' });
  expect(judge(3, { done: 3, stored: 4, outcome: outcome(3) })).toMatchObject({ type: 'ended' });
  expect(judge(3, { done: 3, stored: null, outcome: outcome(2) })).toEqual({ type: 'missing' });
  expect(judge(3, { done: 4, stored: null, outcome: outcome(4) })).toEqual({ type: 'replaced' });
});
