/** How it is kept how tasks ended, what a running task puts down, and what of it a deposed master can still do. */
import { beforeEach, describe, expect, test } from 'vitest';
import { StoreError } from '../../../../src/errors.ts';
import { failureIn } from '../../../../src/facade/outcomes.ts';
import type { QueuedTask } from '../../../../src/queue/runner.ts';
import { countsMore } from '../../../../src/store/outcomeDocuments.ts';
import type { TaskOutcome } from '../../../../src/store/taskStore.ts';
import { atOnce, MemoryTasks, OUTCOMES_TRIMMED_MAX, type TaskFate } from '../../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { random } from '../random.ts';
import { addAll, Master, type MasterOptions, only, POLL } from './durableMaster.ts';

const KEEP = 60_000;
const kept: MasterOptions = { keepOutcomes: KEEP, attempts: 1 };

let clock: VirtualClock;
let store: MemoryTasks;
let terms: number;

beforeEach(() => {
  clock = new VirtualClock();
  store = new MemoryTasks(clock);
  terms = 0;
});

const settle = (): Promise<void> => clock.advance(0);

async function elected(options: MasterOptions = kept, clean = true): Promise<Master> {
  terms += 1;
  const master = new Master(store, clock, `member ${terms}`, options);
  master.elect(terms, clean);
  await settle();
  store.news();
  return master;
}

function finish(master: Master, count: number, result?: Uint8Array): void {
  for (const task of master.queue.ready(count)) task.result = result;
  master.queue.remove(count);
}

const writes = () => store.news().filter((call) => !/^(tasksAfter|setAttempts)/.test(call));

describe('outcomes', () => {
  test('all that one acknowledgement takes are stored before it, by one call', async () => {
    addAll(store, 1, 3);
    const master = await elected();
    finish(master, 2, new Uint8Array([7]));
    await settle();
    expect(writes()).toEqual(['putOutcomes 1 done, 2 done', 'acknowledge 2']);
    const at = new Date(clock.wall());
    expect(store.outcomes.get(2)).toEqual({
      ...{ id: 2, seq: 2, term: 1, state: 'done', attempts: 1, error: null, result: new Uint8Array([7]) },
      ...{ at, until: new Date(at.getTime() + KEEP) },
    });
  });

  test('a right that is missing holds no acknowledgement up: the outcome is not kept, and that is told once', async () => {
    addAll(store, 1, 8);
    const master = await elected();
    const cause = Object.assign(new Error('not authorized on failover_outcomes'), { code: 13 });
    let refusal: StoreError | null = new StoreError('ERR_STORE', cause.message, { cause });
    master.fate = (call) => {
      if (call === 'putOutcomes' && refusal !== null) throw refusal;
      return atOnce;
    };
    for (let count = 0; count < 3; count += 1) {
      finish(master, 1);
      await settle();
    }
    expect(writes()).toEqual(['acknowledge 1', 'acknowledge 2', 'acknowledge 3']);
    expect(store.outcomes.size).toBe(0);
    const told = () => master.told.filter((line) => /^trouble: .*failover_outcomes that docs.guide/.test(line));
    expect(told()).toHaveLength(1);
    refusal = null;
    finish(master, 1);
    await settle();
    expect([...store.outcomes.keys()]).toEqual([4]);
    refusal = new StoreError('ERR_STORE', cause.message, { cause });
    finish(master, 1);
    await settle();
    // With some of the rights, some are kept and others are not.
    expect(told()).toHaveLength(1);
    // One that is away is waited for.
    refusal = new StoreError('ERR_STORE_UNAVAILABLE', 'no answer', { cause });
    store.news();
    finish(master, 1);
    await settle();
    expect(writes()).toEqual([]);
  });

  test('that the user may not delete what is done is told once, and tried on', async () => {
    addAll(store, 1, 8);
    const master = await elected();
    const cause = Object.assign(new Error('not authorized on failover_tasks'), { code: 13 });
    let tries = 0;
    master.fate = (call) => {
      if (call !== 'trimTasks') return atOnce;
      tries += 1;
      throw new StoreError('ERR_STORE', cause.message, { cause });
    };
    for (let count = 0; count < 5; count += 1) {
      finish(master, 1);
      await clock.advance(10 * POLL);
    }
    expect(tries).toBeGreaterThan(1);
    expect(master.told.filter((line) => /^trouble: .* are not deleted/.test(line))).toHaveLength(1);
  });

  test('that the acknowledgement is forbidden is not told as if the outcomes were', async () => {
    addAll(store, 1, 1);
    const master = await elected();
    const cause = Object.assign(new Error('not authorized on failover'), { code: 13 });
    let isForbidden = true;
    master.fate = (call) => {
      if (call === 'acknowledge' && isForbidden) throw new StoreError('ERR_STORE', cause.message, { cause });
      return atOnce;
    };
    finish(master, 1);
    await clock.advance(2 * POLL);
    expect(master.told.filter((line) => line.includes('keepOutcomes'))).toEqual([]);
    isForbidden = false;
    await clock.advance(POLL);
    expect([store.done, store.outcomes.get(1)?.state]).toEqual([1, 'done']);
  });

  test('where both are one transaction, an acknowledgement that is refused keeps none, and the one that passes has them all', async () => {
    store.isEmbedded = true;
    addAll(store, 1, 2);
    const master = await elected();
    const { holder } = store;
    store.holder = null;
    finish(master, 1);
    await settle();
    finish(master, 1);
    await clock.advance(3 * POLL);
    expect([store.done, [...store.outcomes.keys()]]).toEqual([0, []]);
    store.holder = holder;
    await clock.advance(2 * POLL);
    expect([store.done, [...store.outcomes.keys()]]).toEqual([2, [1, 2]]);
    store.news();
    addAll(store, 3, 3);
    await clock.advance(POLL);
    finish(master, 1);
    await settle();
    // What is kept by now is not carried again.
    expect(writes()).toEqual(['acknowledge 3', 'putOutcomes 3 done']);
  });

  test('nothing is stored without the option', async () => {
    addAll(store, 1, 3);
    const master = await elected({ attempts: 1 });
    finish(master, 2);
    await settle();
    expect(writes()).toEqual(['acknowledge 2']);
  });

  test('nothing is acknowledged, or told, while an outcome is not stored', async () => {
    addAll(store, 1, 2);
    const master = await elected();
    master.fate = only('putOutcomes', { ...atOnce, lost: 'call' });
    finish(master, 1);
    await clock.advance(10 * POLL);
    expect([store.done, master.news().filter((what) => what.startsWith('acknowledged'))]).toEqual([0, []]);
    master.fate = () => atOnce;
    await clock.advance(POLL);
    expect([store.done, master.news()]).toEqual([1, ['acknowledged 1']]);
  });

  test('a dead letter has its outcome before the acknowledgement that buries it', async () => {
    addAll(store, 1, 2);
    const master = await elected();
    master.fail(master.head, 1);
    await settle();
    expect(writes().slice(0, 2)).toEqual(['putOutcomes 1 failed', 'acknowledge 1 burying 1']);
    expect(store.outcomes.get(1)).toMatchObject({
      ...{ state: 'failed', attempts: 1, error: { name: 'Error', message: 'too bad' }, result: null },
    });
  });

  test('a queue that is blocked has no outcome of the task that blocks it', async () => {
    addAll(store, 1, 2);
    const master = await elected({ ...kept, exhausted: 'block' });
    master.fail(master.head, 1);
    await clock.advance(3 * POLL);
    expect(store.outcomes.size).toBe(0);
  });

  test('what a deposed master stores late does not take the place of what the next one has stored', async () => {
    addAll(store, 1, 1);
    const deposed = await elected();
    deposed.fate = (call) => (call === 'putOutcomes' ? { there: 100, back: 0 } : atOnce);
    finish(deposed, 1, new Uint8Array([1]));
    const next = await elected(kept, false);
    next.ready();
    await settle();
    finish(next, 1, new Uint8Array([2]));
    await settle();
    deposed.queue.endReign();
    await clock.advance(200);
    expect(store.outcomes.get(1)).toMatchObject({ term: 2, result: new Uint8Array([2]) });
  });

  test('old ones are deleted by the master, and by the next one, but not at each look', async () => {
    addAll(store, 1, 1);
    const master = await elected();
    finish(master, 1);
    await settle();
    await clock.advance(KEEP + 10);
    expect(store.outcomes.size).toBe(1);
    master.queue.endReign();
    let trims = 0;
    const next = new Master(store, clock, 'next', kept);
    next.fate = (call) => {
      if (call === 'trimOutcomes') trims += 1;
      return atOnce;
    };
    next.elect(2, true);
    await clock.advance(KEEP);
    expect([store.outcomes.size, trims]).toEqual([0, expect.any(Number)]);
    expect(trims).toBeLessThan(15);
    expect(trims).toBeGreaterThan(5);
  });

  /** Stores so many outcomes whose time is over. */
  function storeOld(count: number): void {
    const [at, until] = [new Date(0), new Date(0)];
    const old = { term: 1, state: 'done', attempts: 1, error: null, result: null, at, until } as const;
    for (let seq = 1; seq <= count; seq++) store.outcomes.set(seq, { id: seq, seq, ...old });
  }

  test('many old ones are deleted by calls that each delete some, one at a time, and soon again after one that failed', async () => {
    const master = await elected();
    const count = 3 * OUTCOMES_TRIMMED_MAX + 1;
    storeOld(count);
    let [calls, left] = [0, 1];
    master.fate = (call) => {
      if (call !== 'trimOutcomes') return atOnce;
      calls += 1;
      left -= 1;
      return left < 0 ? atOnce : { there: 5 * POLL, back: 5 * POLL, lost: 'call' };
    };
    await clock.advance(3 * POLL);
    expect([calls, store.outcomes.size]).toEqual([1, count]);
    await clock.advance(1000 + 12 * POLL);
    expect([calls, store.outcomes.size]).toEqual([5, 0]);
  });

  test('a mastership that ends deletes no more old ones', async () => {
    const master = await elected();
    storeOld(5 * OUTCOMES_TRIMMED_MAX);
    master.fate = (call) => (call === 'trimOutcomes' ? { there: POLL, back: POLL } : atOnce);
    await clock.advance(4 * POLL);
    master.queue.endReign();
    const { size } = store.outcomes;
    expect(size).toBeGreaterThan(OUTCOMES_TRIMMED_MAX);
    await clock.advance(KEEP);
    expect(store.outcomes.size).toBeGreaterThanOrEqual(size - OUTCOMES_TRIMMED_MAX);
  });
});

describe('failures that are permanent', () => {
  const permanent = Object.assign(new Error('never'), { permanent: true });

  /** As the dispatcher tells it. */
  function failForGood(master: Master, task: QueuedTask): void {
    task.failed += 1;
    master.queue.failed(task, true);
    master.queue.exhausted(task, permanent);
  }

  test('make a dead letter at once, though attempts are left', async () => {
    addAll(store, 1, 2);
    const master = await elected({ attempts: 5 });
    failForGood(master, master.head);
    await settle();
    expect(store.letters).toMatchObject([{ seq: 1, message: 'never', attempts: 1 }]);
    expect(master.ready()).toEqual([2]);
  });

  test.each([permanent, new Error('for now')])('are told by the outcome of the task: %s', async (error) => {
    addAll(store, 1, 2);
    const master = await elected(kept);
    const { head } = master;
    head.failed += 1;
    master.queue.failed(head, 'permanent' in error);
    master.queue.exhausted(head, error);
    await settle();
    const outcome = store.outcomes.get(1);
    expect(outcome).toMatchObject({ state: 'failed', error: { message: error.message } });
    const told = failureIn('billing', outcome as TaskOutcome);
    expect(told?.permanent).toBe('permanent' in error ? true : undefined);
  });

  test('block the queue also under the next masters, until it is requeued', async () => {
    addAll(store, 1, 2);
    const options: MasterOptions = { attempts: Number.POSITIVE_INFINITY, exhausted: 'block' };
    const master = await elected(options);
    failForGood(master, master.head);
    await clock.advance(3 * POLL);
    expect([master.queue.blocked, master.ready()]).toEqual([1, []]);
    expect(master.news()).toEqual([expect.stringContaining('task 1 failed for good: never')]);
    master.queue.endReign();
    const next = await elected(options, false);
    await clock.advance(3 * POLL);
    expect([next.queue.blocked, next.ready()]).toEqual([1, []]);
    const by = store.tasks.get(1)?.recordedBy ?? null;
    await store.connect().clearAttempts('billing', 1, by);
    await clock.advance(3 * POLL);
    expect(next.queue.blocked).toBeNull();
  });
});

describe('a task that is postponed', () => {
  test('has no attempt on record, and a suspect is none any more', async () => {
    addAll(store, 1, 2);
    await elected();
    const next = await elected(kept, false);
    next.ready();
    await settle();
    expect(store.tasks.get(1)).toMatchObject({ attempts: 1, deaths: 1 });
    const [head] = next.queue.ready(1);
    if (head === undefined) throw new Error('nothing is ready');
    next.queue.postponed(head);
    await settle();
    expect(store.tasks.get(1)).toMatchObject({ attempts: 0, deaths: 0 });
  });

  test('is not written down otherwise', async () => {
    addAll(store, 1, 2);
    const master = await elected();
    master.queue.postponed(master.head);
    await settle();
    expect(store.news().filter((call) => call.startsWith('setAttempts'))).toEqual([]);
    expect(master.ready()).toEqual([1, 2]);
  });
});

describe('checkpoints', () => {
  const bytes = new Uint8Array([7]);

  test('are stored under the term, and the next master has the last one', async () => {
    addAll(store, 1, 2);
    const master = await elected();
    await master.queue.putCheckpoint(master.head, new Uint8Array([6]));
    await master.queue.putCheckpoint(master.head, bytes);
    expect(store.news().filter((call) => call.startsWith('setC'))).toEqual(['setCheckpoint 1', 'setCheckpoint 1']);
    master.queue.endReign();
    const next = await elected(kept, true);
    expect(next.head.checkpoint).toEqual(bytes);
  });

  test('are put down once the store is there again', async () => {
    addAll(store, 1, 1);
    const master = await elected();
    let lost = 2;
    master.fate = (call) => (call === 'setCheckpoint' && lost-- > 0 ? { ...atOnce, lost: 'answer' } : atOnce);
    const put = master.queue.putCheckpoint(master.head, bytes);
    await clock.advance(5 * POLL);
    await put;
    expect(store.tasks.get(1)?.checkpoint).toEqual(bytes);
  });

  test('of a deposed master neither count as stored nor take the place of anything', async () => {
    addAll(store, 1, 1);
    const deposed = await elected();
    const { head } = deposed;
    deposed.fate = (call): TaskFate => (call === 'setCheckpoint' ? { there: 100, back: 0 } : atOnce);
    const late = deposed.queue.putCheckpoint(head, bytes);
    const refused = expect(late).rejects.toMatchObject({ code: 'ERR_LEASE_LOST' });
    const next = await elected(kept, false);
    // The suspect goes on record before it runs.
    next.ready();
    await settle();
    await clock.advance(200);
    expect(store.tasks.get(1)?.checkpoint).toBeUndefined();
    await next.queue.putCheckpoint(next.head, new Uint8Array([8]));
    expect(store.tasks.get(1)?.checkpoint).toEqual(new Uint8Array([8]));
    await refused;
  });

  test('of a mastership that has ended, or of a task that is done, are refused', async () => {
    addAll(store, 1, 2);
    const master = await elected();
    const { head } = master;
    finish(master, 1);
    await expect(master.queue.putCheckpoint(head, bytes)).rejects.toMatchObject({ code: 'ERR_CHECKPOINT' });
    master.queue.endReign();
    await expect(master.queue.putCheckpoint(head, bytes)).rejects.toMatchObject({ code: 'ERR_LEASE_LOST' });
  });
});

const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);

/**
 * Masterships follow each other at any moment, and calls are slow and get lost. A reader of `done`, and then of the outcomes, must
 * find one of each task up to there, from the very run that was acknowledged.
 */
test.each(SEEDS)('a task that is acknowledged has the outcome of the run that was (walk %i)', async (seed) => {
  const chance = random(seed);
  store.isEmbedded = seed % 2 === 0;
  const runs = new Map<number, number>();
  const expected = new Map<number, number>();
  let current: Master | null = null;
  let fed = 0;
  const check = (): void => {
    for (let seq = 1; seq <= store.done; seq++) {
      const outcome = store.outcomes.get(`id ${seq % 7}`);
      expect(outcome, `seed ${seed}: number ${seq} is done`).toBeDefined();
      if (outcome !== undefined && outcome.seq === seq) expect(outcome.result?.[0]).toBe(expected.get(seq));
      if (outcome !== undefined) expect(countsMore({ seq, term: 0 }, outcome)).toBe(false);
    }
  };
  for (let step = 0; step < 120; step++) {
    const what = chance.below(10);
    if (what < 3 && fed - store.done < 6) {
      fed += 1;
      store.add({ id: `id ${fed % 7}`, bytes: new Uint8Array(1) });
    } else if (what === 3 || current === null) {
      // The one before lives on for a while, or not.
      if (chance.below(2) === 0) current?.queue.endReign();
      terms += 1;
      current = new Master(store, clock, `member ${terms}`, { keepOutcomes: KEEP, attempts: 200 });
      current.fate = (call): TaskFate => {
        const lost = chance.below(6) === 0 ? (chance.below(2) === 0 ? 'call' : 'answer') : undefined;
        const slow = call === 'putOutcomes' ? 150 : 20;
        return { there: chance.below(slow), back: chance.below(20), ...(lost === undefined ? {} : { lost }) };
      };
      const { queue } = current;
      const term = terms;
      current.onAcknowledged = () => {};
      current.elect(term, false);
      current.onWake = () => {
        const tasks = queue.ready(1 + chance.below(4));
        for (const task of tasks) {
          const { seq } = task as QueuedTask & { readonly seq: number };
          const run = (runs.get(seq) ?? 0) + 1;
          runs.set(seq, run);
          task.result = new Uint8Array([run, term]);
          // Only the master of this term can have it acknowledged, and does so with its last run.
          if (store.holder?.term === term) expected.set(seq, run);
        }
        if (tasks.length > 0) queue.remove(tasks.length);
      };
    }
    await clock.advance(chance.below(60));
    check();
  }
});
