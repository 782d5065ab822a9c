import { beforeEach, describe, expect, test } from 'vitest';
import { DeadLetters } from '../../../../src/coordinator/deadLetters.ts';
import { MemoryDuty } from '../../../../src/coordinator/duties/memoryDuty.ts';
import type { ResolvedRetry } from '../../../../src/options/options.ts';
import { atOnce, MemoryTasks, type TaskFate } from '../../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { done, refused, upTo } from '../../queue/scriptedRunner.ts';
import { batchOf, leaseAfter, NAME, POLL, STOP_TIMEOUT, Told } from './duties.ts';

const first = { term: 1, progress: { identifier: null, count: 0, recent: [] }, continued: false };

let clock: VirtualClock;
let store: MemoryTasks;
let told: Told;
let work: MemoryDuty;
let letters: DeadLetters;
let fate: TaskFate;

function make(retry?: Partial<ResolvedRetry>): void {
  told = new Told();
  letters = new DeadLetters({ store: store.connect(() => fate), name: NAME, holder: 'me', clock, poll: POLL });
  work = new MemoryDuty({ ...told.parts(clock, retry), store: store.connect(() => fate) });
}

beforeEach(() => {
  clock = new VirtualClock();
  store = new MemoryTasks(clock);
  fate = atOnce;
  make();
});

const settle = (): Promise<void> => clock.advance(0);

test('a master runs what it was fed, tells what is done, and lets the lease carry it', async () => {
  expect(await work.submit(batchOf(1, 2, 1))).toEqual(['queued', 'queued', 'known']);
  work.elected(first);
  expect(told.runner.news()).toEqual(['start 1', 'run 1 #1']);
  told.runner.settle(done);
  await settle();
  expect(told.news()).toEqual(['done 1']);
  expect([work.progress(), told.progressed]).toEqual([{ identifier: 1, count: 1, recent: [1] }, 1]);
  expect(await work.load()).toMatchObject({ queued: 1, queuedBytes: 2, running: 2, blocked: null, dead: 0 });
});

test('a standby removes what another has done, also what it is fed late', async () => {
  await work.submit(batchOf(1, 2));
  work.seenNothing();
  work.seen(leaseAfter(2, [1, 3]));
  expect(told.news()).toEqual(['removed 1']);
  expect(await work.submit(batchOf(3, 4))).toEqual(['done', 'queued']);
  expect(await work.load()).toMatchObject({ queued: 2, running: null });
});

test('when it missed more than the lease lists it says so, once', async () => {
  await work.submit(batchOf(1, 2, 3));
  work.seenNothing();
  work.seen(leaseAfter(50, [2]));
  work.seen(leaseAfter(100, [3]));
  const infos = told.news().filter((text) => text.startsWith('info'));
  expect(infos).toHaveLength(1);
});

test('the head is as old as its wait', async () => {
  await work.submit(batchOf(1));
  await clock.advance(70);
  expect((await work.load()).headAge).toBe(70);
});

describe('a task whose attempts are used up', () => {
  beforeEach(async () => {
    await work.submit(batchOf(1, 2));
    work.elected(first);
  });

  test('becomes a dead letter, is told, and the lease carries it as done', async () => {
    told.runner.settle(refused);
    await settle();
    expect(told.news()).toEqual(['failed 1 #1', 'deadletter 1: the work returned false']);
    expect(store.letters).toMatchObject([{ queue: 'billing', id: 1, attempts: 1, bytes: new Uint8Array(2) }]);
    expect(work.progress()).toEqual({ identifier: 1, count: 1, recent: [1] });
    await clock.advance(20);
    expect(told.runner.running).toBe(2);
    expect(await work.load()).toMatchObject({ queued: 1, dead: 1 });
  });

  test('is found by its id, and its letter can be taken', async () => {
    told.runner.settle(refused);
    await settle();
    const letter = await letters.take(1);
    expect([letter, await letters.take(2)]).toMatchObject([{ bytes: new Uint8Array(2) }, 'none']);
    if (typeof letter !== 'string') await letters.finish(letter, 'queued');
    expect(store.letters).toEqual([]);
  });

  test('has the higher number the later it was given up, within a term and over terms', async () => {
    make({ maxDelay: 10 });
    await work.submit(batchOf(1, 2, 3));
    work.elected({ ...first, term: 7 });
    for (const fails of [1, 2]) {
      expect(told.runner.running).toBe(fails);
      told.runner.settle(refused);
      await clock.advance(20);
    }
    work.deposed('lost', 0);
    await settle();
    work.elected({ ...first, term: 8 });
    told.runner.settle(refused);
    await clock.advance(20);
    const letters = store.letters.filter(({ seq }) => seq > 7 * 2 ** 26);
    expect(letters.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(letters.map(({ seq }) => seq)).toEqual(letters.map(({ seq }) => seq).toSorted((a, b) => a - b));
    expect(new Set(letters.map(({ seq }) => seq)).size).toBe(3);
  });

  test('gets the next number if terms began again and the letters of before are still there', async () => {
    const before = { queue: 'billing', name: 'Error', message: 'old', code: undefined, attempts: 1 };
    for (const n of [1, 2]) {
      store.letters.push({
        ...before,
        seq: 1 * 2 ** 26 + n,
        id: `old ${n}`,
        bytes: new Uint8Array(1),
        at: new Date(0),
      });
    }
    told.runner.settle(refused);
    await settle();
    expect(store.letters.map(({ seq, id }) => [seq - 2 ** 26, id])).toEqual([
      [1, 'old 1'],
      [2, 'old 2'],
      [3, 1],
    ]);
    expect(told.news()).toEqual(['failed 1 #1', 'deadletter 1: the work returned false']);
  });

  test('holds the queue up until its letter is written, however often that fails', async () => {
    fate = { ...atOnce, lost: 'answer' };
    told.runner.settle(refused);
    await clock.advance(3 * POLL + 1);
    expect(told.news()).toEqual(['failed 1 #1', 'error: the answer of putDeadLetter was lost']);
    expect([told.runner.running, store.letters.length, store.news().length]).toEqual([undefined, 1, 4]);
    fate = atOnce;
    await clock.advance(POLL);
    expect([told.news(), told.runner.running]).toEqual([['deadletter 1: the work returned false'], 2]);
  });

  test('stays when the mastership ends before its letter is written', async () => {
    fate = { there: 0, back: 50 };
    told.runner.settle(refused);
    await settle();
    work.deposed('lost', 0);
    await clock.advance(10 * POLL);
    expect(told.news()).toEqual(['failed 1 #1']);
    fate = atOnce;
    expect([(await work.load()).queued, clock.pending]).toEqual([2, 0]);
  });

  test('and is tried again by the next mastership of this member, whose letter is its own', async () => {
    fate = { there: 0, back: 50 };
    told.runner.settle(refused);
    await settle();
    work.deposed('lost', 0);
    work.elected({ ...first, term: 2 });
    await settle();
    expect(told.runner.running).toBe(1);
    told.runner.settle(done);
    await clock.advance(200);
    expect(told.news()).toEqual(['failed 1 #1', 'done 1']);
  });
});

describe('block', () => {
  beforeEach(async () => {
    make({ exhausted: 'block' });
    await work.submit(batchOf(1, 2));
    work.elected(first);
    told.runner.settle(upTo(0, 'thrown'));
    await clock.advance(10 * POLL);
  });

  test('nothing runs, and it is told', async () => {
    const blocked = expect.stringContaining("the queue 'billing' is blocked");
    expect(told.news()).toEqual(['failed 1 #1', blocked]);
    expect([told.runner.running, (await work.load()).blocked]).toEqual([undefined, 1]);
  });

  test('until it is cleared, by its id', async () => {
    expect([await work.unblock(2), await work.unblock(1), await work.unblock(1)]).toEqual([false, true, false]);
    await settle();
    expect([told.runner.running, told.runner.news().at(-1)]).toEqual([1, 'run 1 #1']);
  });

  test('or another member has done it', async () => {
    work.deposed('lost', 0);
    await settle();
    work.seen(leaseAfter(1, [1]));
    work.elected({ ...first, term: 2 });
    await settle();
    expect([told.runner.running, (await work.load()).blocked]).toEqual([2, null]);
  });
});

describe('a drain while a dead letter is on its way', () => {
  let how: string;

  beforeEach(async () => {
    await work.submit(batchOf(1));
    work.elected(first);
    how = '';
  });

  async function drainAfter(next: TaskFate): Promise<void> {
    fate = next;
    told.runner.settle(refused);
    await settle();
    void work.drain().then((result) => {
      how = result;
    });
  }

  test('waits for it, so the lease carries the task as done', async () => {
    await drainAfter({ there: 20, back: 20 });
    await clock.advance(39);
    expect(how).toBe('');
    await clock.advance(1);
    expect([how, work.progress().recent]).toEqual(['drained', [1]]);
  });

  test('but not for ever, and what was not written then is left to the next holder', async () => {
    await drainAfter({ ...atOnce, lost: 'call' });
    await clock.advance(STOP_TIMEOUT);
    expect([how, work.progress().recent]).toEqual(['drained', []]);
    fate = atOnce;
    await clock.advance(10 * POLL);
    expect([store.letters, told.news().filter((text) => text.startsWith('deadletter'))]).toEqual([[], []]);
  });
});

test('a drain lets the running task end, and the lease carries it', async () => {
  await work.submit(batchOf(1, 2));
  work.elected(first);
  const drained = work.drain();
  told.runner.settle(done);
  expect(await drained).toBe('drained');
  expect([work.progress().count, told.runner.state]).toEqual([1, 'absent']);
});
