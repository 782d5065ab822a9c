/** A letter that several members put back at once, and calls that are cut off in between. */
import { beforeEach, describe, expect, test } from 'vitest';
import { CLAIM_MAX_MS, DeadLetters } from '../../../src/coordinator/deadLetters.ts';
import { TenureStore } from '../../../src/queue/durable/tenureStore.ts';
import { ReadLimit } from '../../../src/queue/readLimit.ts';
import { LETTERS_APART } from '../../../src/store/taskStore.ts';
import type { TaskId } from '../../../src/task/task.ts';
import type { SubmitResult } from '../../../src/wire/messages.ts';
import { CLAIM_FRESH_MAX_MS, mustBeFresh } from '../../../src/wire/takenLetter.ts';
import { atOnce, MemoryTasks, type TaskCall, type TaskFate } from '../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { NAME, POLL } from './duties/duties.ts';

let clock: VirtualClock;
let store: MemoryTasks;
/** How often the letter was queued, by whom. */
let queued: string[];

const letter = { queue: NAME, id: 'a', bytes: new Uint8Array(2), name: 'Error', message: 'no', code: undefined };

beforeEach(() => {
  clock = new VirtualClock();
  store = new MemoryTasks(clock);
  queued = [];
  store.letters.push({ ...letter, seq: 1, attempts: 1, at: new Date(0) });
});

function member(holder: string, fate?: (call: TaskCall) => TaskFate) {
  const letters = new DeadLetters({ store: store.connect(fate), name: NAME, holder, clock, poll: POLL });
  const add = async (): Promise<SubmitResult> => {
    queued.push(holder);
    return 'queued';
  };
  return { letters, requeue: (id: TaskId = 'a') => letters.requeue(id, add) };
}

const slow = { there: 5, back: 5 };

test.each([
  { name: 'two', members: ['a', 'b'] },
  { name: 'twice the same', members: ['a', 'a'] },
  { name: 'five', members: ['a', 'b', 'c', 'd', 'e'] },
])('of several at once one puts it back: $name', async ({ members }) => {
  const made = new Map(members.map((name) => [name, member(name, () => slow)]));
  const calls = members.map((name) => made.get(name)?.requeue());
  await clock.advance(1000);
  const outcomes = await Promise.all(calls);
  expect(outcomes.toSorted()).toEqual([...members.slice(1).map(() => 'elsewhere'), 'queued'].toSorted());
  expect([queued.length, store.letters]).toEqual([1, []]);
});

test('of two at once the other one hears of it soon, however long POLL is', async () => {
  const parts = { store: store.connect(() => slow), name: NAME, clock, poll: 600_000 };
  const add = async (): Promise<SubmitResult> => 'queued';
  const calls = ['a', 'b'].map((holder) => new DeadLetters({ ...parts, holder }).requeue('a', add));
  await clock.advance(100);
  expect((await Promise.all(calls)).toSorted()).toEqual(['elsewhere', 'queued']);
});

test('a member that comes while another is at it waits, and hears that it is done', async () => {
  const first = await member('a').letters.take('a');
  const second = member('b').requeue();
  await clock.advance(5 * POLL);
  expect(queued).toEqual([]);
  if (typeof first !== 'string') await member('a').letters.finish(first, 'queued');
  await clock.advance(POLL);
  expect([await second, queued]).toEqual(['elsewhere', []]);
});

test('a letter that stays is free again, for the member that waits', async () => {
  const { letters } = member('a');
  const first = await letters.take('a');
  const second = member('b').requeue();
  await clock.advance(POLL);
  if (typeof first !== 'string') await letters.finish(first, 'stays');
  await clock.advance(2 * POLL);
  expect([await second, queued]).toEqual(['queued', ['b']]);
});

test('the claim of a member that died is replaced in the end, and never before', async () => {
  await member('dead').letters.take('a');
  const second = member('b').requeue();
  await clock.advance(CLAIM_MAX_MS - POLL);
  expect(queued).toEqual([]);
  await clock.advance(3 * POLL);
  expect([await second, queued]).toEqual(['queued', ['b']]);
});

test('a claim whose answer was lost is no obstacle for the next call of the same member', async () => {
  let lost = true;
  const { requeue } = member('a', (call) =>
    call === 'claimDeadLetter' && lost ? { ...atOnce, lost: 'answer' } : atOnce,
  );
  await expect(requeue()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  lost = false;
  expect([await requeue(), queued]).toEqual(['queued', ['a']]);
});

test('a letter comes with what its task had beside its bytes', async () => {
  const details = { schedule: 'nightly', slot: 5 };
  store.letters.push({ ...letter, id: 'b', seq: 2, attempts: 1, at: new Date(0), details });
  expect(await member('a').letters.take('b')).toMatchObject({ seq: 2, details });
});

test('a claim that is no longer fresh queues nothing', async () => {
  const { letters } = member('a');
  const taken = await letters.take('a');
  if (typeof taken === 'string') throw new Error(taken);
  await clock.advance(CLAIM_FRESH_MAX_MS - 1);
  mustBeFresh(taken, clock);
  await clock.advance(1);
  expect(() => mustBeFresh(taken, clock)).toThrow('call requeue again');
});

describe('the newest letter', () => {
  /** Writes a letter as a master does. */
  async function bury(seq: number, id: TaskId): Promise<void> {
    const parts = { name: NAME, store: store.connect(), clock, poll: POLL, reads: new ReadLimit() };
    const master = new TenureStore(
      { name: NAME, term: 1, holder: 'a' },
      { ...parts, nextNumber: () => 1, trouble: () => {} },
    );
    const burial = { seq, attempts: 1, name: 'Error', message: 'no', code: undefined };
    const written = master.writeLetter({ id, bytes: new Uint8Array(2) }, burial);
    await clock.advance(0);
    expect(await written).toBe(true);
  }

  async function newest(): Promise<{ newest: number; pages: number }> {
    let pages = 0;
    const letters = member('a', (call) => {
      if (call === 'deadLettersAfter') pages += 1;
      return atOnce;
    }).letters.newest();
    await clock.advance(0);
    return { newest: await letters, pages };
  }

  test('is one that the queue is done through, and no letter up to there is read', async () => {
    store.done = 5000;
    for (let seq = 2; seq <= 4000; seq++) store.letters.push({ ...letter, seq, attempts: 1, at: new Date(0) });
    expect(await newest()).toEqual({ newest: 5000, pages: 1 });
  });

  test('is that of its task, where the number was that of the letter of another', async () => {
    await bury(1, 'b');
    await bury(1, 'c');
    expect(store.letters.map(({ seq }) => seq)).toEqual([1, 1 + LETTERS_APART, 1 + 2 * LETTERS_APART]);
    store.done = 7;
    expect(await newest()).toEqual({ newest: 7, pages: 1 });
  });

  test('is of before the tasks were dropped, however many letters were not', async () => {
    for (let seq = 2; seq <= 1200; seq++) store.letters.push({ ...letter, seq, attempts: 1, at: new Date(0) });
    store.letters.push({ ...letter, seq: LETTERS_APART + 1500, attempts: 1, at: new Date(0) });
    store.done = 3;
    expect(await newest()).toEqual({ newest: 1500, pages: 3 });
  });
});
