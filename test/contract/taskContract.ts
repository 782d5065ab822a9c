/**
 * What every store promises of a durable queue, as tests that each store runs. As in storeContract.ts, races are between
 * processes, and a server that does not write one document atomically is asked only for what must hold there too.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lease, Progress, Tenure } from '../../src/store/store.ts';
import type { Burial, DeadLetter, FullStore, NewTask, StoredTask } from '../../src/store/taskStore.ts';
import { acknowledgement } from '../support/acknowledgements.ts';
import { createStore } from '../support/builtStore.ts';
import { race } from './contenders.ts';
import { ids } from './ids.ts';
import type { StoreUnderTest } from './storeContract.ts';

export interface TaskStoreUnderTest extends StoreUnderTest {
  /** Writes fields into a stored task, or a dead letter, past the store. */
  tamperTask(name: string, seq: number, fields: Record<string, unknown>): Promise<void>;
  tamperLetter(name: string, seq: number, fields: Record<string, unknown>): Promise<void>;
}

const CONTENDERS = 4;
export const MANY = 1_000_000;
const nothing: Progress = { identifier: null, count: 0, recent: [] };
const lease: Lease = { term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500, ...nothing };
const everything = { tasks: MANY, bytes: Number.MAX_SAFE_INTEGER };
const burial: Burial = { seq: 3, name: 'TypeError', message: 'no', code: undefined, attempts: 5 };

export const aTask = (id: NewTask['id'], bytes: Uint8Array = Buffer.from(`payload of ${id}`)): NewTask => ({
  id,
  bytes,
});
export const many = (count: number, prefix = 'task'): NewTask[] =>
  Array.from({ length: count }, (_, index) => aTask(`${prefix} ${index}`));
export const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
export const seqs = (tasks: readonly StoredTask[]): number[] => tasks.map(({ seq }) => seq);
export const stored = (from: number, to: number) => numbers(from, to).map((seq) => ({ type: 'stored', seq }));
const known = { type: 'known' };
const full = { type: 'full' };

export function taskContract(title: string, setup: () => Promise<TaskStoreUnderTest>): void {
  describe(title, () => {
    let under: TaskStoreUnderTest;
    let store: FullStore;
    beforeAll(async () => {
      under = await setup();
      store = createStore(under.options, { commandTimeout: 30_000 });
      await store.open();
    });
    afterAll(() => store?.close());

    /** A queue with so many tasks, and a lease under which `done` of them are acknowledged. */
    const queue = async ({ tasks = 0, done = 0 } = {}) => {
      const name = randomUUID();
      const tenure = { name, term: lease.term, holder: 'holder' };
      await store.compareAndSetLease(name, null, lease);
      if (tasks > 0) await store.tasks.addTasks(name, many(tasks), MANY);
      if (done > 0) await store.tasks.acknowledge(tenure, acknowledgement(done, null));
      return { name, tenure };
    };
    const all = (name: string, after = 0): Promise<StoredTask[]> => store.tasks.tasksAfter(name, after, everything);
    const recordsOf = async (name: string) => (await all(name)).map(({ attempts, deaths }) => [attempts, deaths]);

    describe('adding', () => {
      test('a queue that was never used is empty', async () => {
        const name = randomUUID();
        expect(await store.tasks.queueState(name)).toEqual({ done: 0, burial: null });
        expect(await all(name)).toEqual([]);
        expect(await store.tasks.countTasks(name)).toEqual({ queued: 0, dead: 0, headAt: null });
        await store.tasks.trimTasks(name, 0);
        expect(await store.tasks.addTasks(name, [], MANY)).toEqual([]);
      });

      test('tasks get the numbers from 1 on in the order in which they were given, and come back as they were', async () => {
        const { name } = await queue();
        const before = Date.now();
        expect(await store.tasks.addTasks(name, [aTask('b'), aTask('a')], MANY)).toEqual(stored(1, 2));
        expect(await store.tasks.addTasks(name, [aTask(1), aTask('1')], MANY)).toEqual(stored(3, 4));
        const tasks = await all(name);
        expect(tasks.map(({ id, seq }) => [id, seq])).toEqual([
          ['b', 1],
          ['a', 2],
          [1, 3],
          ['1', 4],
        ]);
        for (const { id, bytes, attempts, deaths, at } of tasks) {
          expect(Buffer.from(bytes).toString()).toBe(`payload of ${id}`);
          expect({ attempts, deaths }).toEqual({ attempts: 0, deaths: 0 });
          expect(at.getTime()).toBeGreaterThanOrEqual(before);
        }
      });

      test('ids of every shape come back, and are known again', async () => {
        const { name } = await queue();
        // 0 and -0 are one id to those who look it up.
        const each = ids.filter((id) => !Object.is(id, -0)).map((id) => aTask(id));
        expect(await store.tasks.addTasks(name, each, MANY)).toEqual(stored(1, each.length));
        expect((await all(name)).map(({ id }) => id)).toEqual(each.map(({ id }) => id));
        expect(await store.tasks.addTasks(name, each, MANY)).toEqual(each.map(() => known));
      });

      test('an id that is queued is known, also twice in one call, and the tasks around it are stored', async () => {
        const { name } = await queue();
        await store.tasks.addTasks(name, [aTask('a'), aTask('b')], MANY);
        const mixed = ['x', 'a', 'y', 'x', 'b', 'z'].map((id) => aTask(id));
        const results = await store.tasks.addTasks(name, mixed, MANY);
        expect(results.map(({ type }) => type)).toEqual(['stored', 'known', 'stored', 'known', 'known', 'stored']);
        expect((await all(name)).map(({ id }) => id)).toEqual(['a', 'b', 'x', 'y', 'z']);
        expect(seqs(await all(name))).toEqual(numbers(1, 5));
      });

      test('the same id in two queues is two tasks', async () => {
        const [one, other] = await Promise.all([queue({ tasks: 2 }), queue({ tasks: 2 })]);
        expect(seqs(await all(one.name))).toEqual([1, 2]);
        expect(seqs(await all(other.name))).toEqual([1, 2]);
      });

      test('calls that are under way together get numbers without a gap', async () => {
        const { name } = await queue();
        const calls = numbers(1, 5).map((call) => store.tasks.addTasks(name, many(3, `call ${call}`), MANY));
        const results = (await Promise.all(calls)).flat();
        expect(results.map((result) => (result.type === 'stored' ? result.seq : 0)).sort((a, b) => a - b)).toEqual(
          numbers(1, 15),
        );
        expect(seqs(await all(name))).toEqual(numbers(1, 15));
      });

      test('a queue is full at its limit, counted from what is done, and says of what it has that it is known', async () => {
        const { name, tenure } = await queue({ tasks: 4 });
        const more = [...many(2, 'more'), aTask('task 0'), ...many(1, 'last'), ...many(2, 'more')];
        expect(await store.tasks.addTasks(name, more, 5)).toEqual([
          { type: 'stored', seq: 5 },
          full,
          known,
          full,
          known,
          full,
        ]);
        expect(await store.tasks.addTasks(name, many(1, 'last'), 5)).toEqual([full]);
        await store.tasks.acknowledge(tenure, acknowledgement(2, null));
        expect(await store.tasks.addTasks(name, many(3, 'last'), 5)).toEqual([...stored(6, 7), full]);
        expect(seqs(await all(name, 5))).toEqual([6, 7]);
      });

      test('an id that is done may come again, whether its task is trimmed or not, and is then known again', async () => {
        const { name, tenure } = await queue({ tasks: 5, done: 3 });
        const again = many(5);
        expect(await store.tasks.addTasks(name, again, MANY)).toEqual([...stored(6, 8), known, known]);
        expect(await store.tasks.addTasks(name, again, MANY)).toEqual(again.map(() => known));
        expect((await all(name, 3)).map(({ id }) => id)).toEqual(['task 3', 'task 4', 'task 0', 'task 1', 'task 2']);
        await store.tasks.acknowledge(tenure, acknowledgement(8, null));
        await store.tasks.trimTasks(name, 8);
        expect(await store.tasks.addTasks(name, again, MANY)).toEqual(stored(9, 13));
        // Trimming the old ones leaves the new ones' ids alone.
        await store.tasks.trimTasks(name, 8);
        expect(await store.tasks.addTasks(name, again, MANY)).toEqual(again.map(() => known));
        expect((await all(name, 8)).map(({ id }) => id)).toEqual(again.map(({ id }) => id));
      });

      test('of several processes each keeps its order, and the numbers have no gap', async () => {
        const { name } = await queue();
        const [batches, size] = [15, 4];
        const results = await race(CONTENDERS, under.options, { job: 'addOwn', name, batches, size });
        const lists = results.map((list): { id: string; seq: number }[] => (Array.isArray(list) ? list : []));
        for (const list of lists) {
          expect(list).toHaveLength(batches * size);
          expect(list.map(({ seq }) => seq)).toEqual(list.map(({ seq }) => seq).sort((a, b) => a - b));
        }
        const said = lists.flat().sort((a, b) => a.seq - b.seq);
        const tasks = await all(name);
        expect(seqs(tasks)).toEqual(numbers(1, CONTENDERS * batches * size));
        expect(tasks.map(({ id, seq }) => ({ id, seq }))).toEqual(said);
      });

      test('of several processes that bring the same ids one stores each', async () => {
        const { name } = await queue();
        const count = 60;
        const results = await race(CONTENDERS, under.options, { job: 'addShared', name, count, size: 6 });
        const rows = results.flatMap((list): { id: string; type: string; seq?: number }[] =>
          Array.isArray(list) ? list : [],
        );
        expect(rows).toHaveLength(CONTENDERS * count);
        const winners = rows.filter(({ type }) => type === 'stored').map(({ id, seq }) => ({ id, seq }));
        expect(winners).toHaveLength(count);
        expect(rows.filter(({ type }) => type === 'known')).toHaveLength((CONTENDERS - 1) * count);
        const tasks = await all(name);
        expect(seqs(tasks)).toEqual(numbers(1, count));
        expect(new Set(tasks.map(({ id }) => id)).size).toBe(count);
        expect(tasks.map(({ id, seq }) => ({ id, seq }))).toEqual(winners.sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0)));
      });
    });

    describe('reading', () => {
      test('a window ends at its count, and at its bytes but for the first task', async () => {
        const { name } = await queue();
        const bytes = [10, 10, 10, 500, 10].map((size) => Buffer.alloc(size));
        await store.tasks.addTasks(
          name,
          bytes.map((payload, index) => aTask(index, payload)),
          MANY,
        );
        const read = async (seq: number, tasks: number, most: number) =>
          seqs(await store.tasks.tasksAfter(name, seq, { tasks, bytes: most }));
        expect(await read(0, 2, 1000)).toEqual([1, 2]);
        expect(await read(2, 2, 1000)).toEqual([3, 4]);
        expect(await read(0, 9, 30)).toEqual([1, 2, 3]);
        expect(await read(0, 9, 29)).toEqual([1, 2]);
        expect(await read(0, 9, 1)).toEqual([1]);
        expect(await read(3, 9, 100)).toEqual([4]);
        expect(await read(3, 9, 510)).toEqual([4, 5]);
        expect(await read(4, 9, 1000)).toEqual([5]);
        expect(await read(5, 9, 1000)).toEqual([]);
      });

      test('what is on record of attempts comes back with the task, and a task that is gone has none', async () => {
        const { name, tenure } = await queue({ tasks: 2 });
        await store.tasks.setAttempts(tenure, { seq: 2, number: 1, attempts: 3, deaths: 1 });
        await store.tasks.setAttempts(tenure, { seq: 3, number: 2, attempts: 9, deaths: 0 });
        expect(await recordsOf(name)).toEqual([
          [0, 0],
          [3, 1],
        ]);
      });

      test('a record that lands after a later one of its term, or of a later term, changes nothing', async () => {
        const { name, tenure } = await queue({ tasks: 1 });
        const later = { ...tenure, term: tenure.term + 1 };
        const record = async (by: Tenure, number: number, attempts: number, deaths: number) => {
          await store.tasks.setAttempts(by, { seq: 1, number, attempts, deaths });
          return recordsOf(name);
        };
        expect(await record(tenure, 7, 1, 1)).toEqual([[1, 1]]);
        expect(await record(tenure, 7, 9, 9)).toEqual([[1, 1]]);
        expect(await record(tenure, 6, 9, 9)).toEqual([[1, 1]]);
        expect(await record(tenure, 8, 1, 0)).toEqual([[1, 0]]);
        expect(await record(later, 1, 2, 1)).toEqual([[2, 1]]);
        expect(await record(tenure, 9, 9, 9)).toEqual([[2, 1]]);
      });

      test('attempts that are cleared stay so when an earlier record lands, and are counted on by the next', async () => {
        const { name, tenure } = await queue({ tasks: 2 });
        await store.tasks.setAttempts(tenure, { seq: 1, number: 2, attempts: 3, deaths: 1 });
        await store.tasks.clearAttempts(name, 1, { term: tenure.term, number: 2 });
        await store.tasks.clearAttempts(name, 2, null);
        await store.tasks.clearAttempts(name, 3, null);
        await store.tasks.setAttempts(tenure, { seq: 1, number: 1, attempts: 2, deaths: 0 });
        expect(await recordsOf(name)).toEqual([
          [0, 0],
          [0, 0],
        ]);
        await store.tasks.setAttempts(tenure, { seq: 1, number: 3, attempts: 1, deaths: 0 });
        expect((await recordsOf(name))[0]).toEqual([1, 0]);
      });

      test('attempts are cleared only when their last record is the one that was seen', async () => {
        const { name, tenure } = await queue({ tasks: 1 });
        const { term } = tenure;
        await store.tasks.setAttempts(tenure, { seq: 1, number: 2, attempts: 3, deaths: 0 });
        const [task] = await all(name);
        expect(task?.recordedBy).toEqual({ term, number: 2 });
        for (const mark of [null, { term, number: 1 }, { term, number: 3 }, { term: term + 1, number: 2 }]) {
          await store.tasks.clearAttempts(name, 1, mark);
          expect(await recordsOf(name)).toEqual([[3, 0]]);
        }
        await store.tasks.clearAttempts(name, 1, { term, number: 2 });
        expect(await recordsOf(name)).toEqual([[0, 0]]);
      });

      test('the counts say what is queued, what is dead, and since when the oldest waits', async () => {
        const { name, tenure } = await queue({ tasks: 5 });
        const [, , third] = await all(name);
        await store.tasks.acknowledge(tenure, acknowledgement(2, null));
        await store.tasks.putDeadLetter(aLetter(name, 1));
        expect(await store.tasks.countTasks(name)).toEqual({ queued: 3, dead: 1, headAt: third?.at });
        await store.tasks.acknowledge(tenure, acknowledgement(5, null));
        await store.tasks.trimTasks(name, 5);
        expect(await store.tasks.countTasks(name)).toEqual({ queued: 0, dead: 1, headAt: null });
      });
    });

    describe('acknowledging', () => {
      test('done rises and never falls, and the burial is as it was last set', async () => {
        const { name, tenure } = await queue({ tasks: 5 });
        expect(await store.tasks.acknowledge(tenure, acknowledgement(3, burial))).toBe(true);
        expect(await store.tasks.queueState(name)).toEqual({ done: 3, burial });
        expect(await store.tasks.acknowledge(tenure, acknowledgement(2, { ...burial, code: 'ERR' }))).toBe(true);
        expect(await store.tasks.queueState(name)).toEqual({ done: 3, burial: { ...burial, code: 'ERR' } });
        const forGood = { ...burial, permanent: true } as const;
        expect(await store.tasks.acknowledge(tenure, acknowledgement(2, forGood))).toBe(true);
        expect(await store.tasks.queueState(name)).toEqual({ done: 3, burial: forGood });
        expect(await store.tasks.acknowledge(tenure, acknowledgement(5, null))).toBe(true);
        expect(await store.tasks.queueState(name)).toEqual({ done: 5, burial: null });
      });

      test('one that lands after a later one of the same holder changes nothing', async () => {
        const { name, tenure } = await queue({ tasks: 5 });
        const [early, late] = [acknowledgement(2, null), acknowledgement(3, burial)];
        expect(await store.tasks.acknowledge(tenure, late)).toBe(true);
        expect(await store.tasks.acknowledge(tenure, early)).toBe(false);
        expect(await store.tasks.acknowledge(tenure, late)).toBe(false);
        expect(await store.tasks.queueState(name)).toEqual({ done: 3, burial });
        const [seen] = await store.observe([{ name, tip: 0 }]);
        expect(seen?.lease).toEqual({ ...lease, ack: late.number });
      });

      test('each makes a lease that never was: a claim that expects the one before does not match', async () => {
        const { name, tenure } = await queue({ tasks: 5 });
        const [before] = await store.observe([{ name, tip: 0 }]);
        await store.tasks.acknowledge(tenure, acknowledgement(0, null));
        const next = { ...lease, term: 2, claim: 'next', holder: 'next' };
        expect(await store.compareAndSetLease(name, before?.lease ?? null, next)).toBe(false);
        const [now] = await store.observe([{ name, tip: 0 }]);
        expect(await store.compareAndSetLease(name, now?.lease ?? null, next)).toBe(true);
      });

      test('only the holder of this term acknowledges', async () => {
        const { name, tenure } = await queue({ tasks: 2, done: 1 });
        expect(await store.tasks.acknowledge({ ...tenure, term: 2 }, acknowledgement(2, burial))).toBe(false);
        expect(await store.tasks.acknowledge({ ...tenure, holder: 'other' }, acknowledgement(2, burial))).toBe(false);
        expect(await store.tasks.acknowledge({ ...tenure, name: randomUUID() }, acknowledgement(2, burial))).toBe(
          false,
        );
        expect(await store.tasks.queueState(name)).toEqual({ done: 1, burial: null });
        await store.release(tenure, 1, nothing);
        expect(await store.tasks.acknowledge(tenure, acknowledgement(2, burial))).toBe(false);
        expect(await store.tasks.queueState(name)).toEqual({ done: 1, burial: null });
      });

      test('claims, beats and releases leave alone how far the queue is, and it leaves them alone', async () => {
        const { name, tenure } = await queue({ tasks: 3 });
        await store.tasks.acknowledge(tenure, acknowledgement(2, burial));
        await store.beat(tenure, 1, { identifier: 'a', count: 1, recent: ['a'] });
        const last = acknowledgement(3, burial);
        await store.tasks.acknowledge(tenure, last);
        const [seen] = await store.observe([{ name, tip: 0 }]);
        const ack = last.number;
        expect(seen?.lease).toEqual({ ...lease, beat: 1, ack, identifier: 'a', count: 1, recent: ['a'] });
        await store.release(tenure, 2, nothing);
        const next = { ...lease, term: 2, claim: 'next', holder: 'next' };
        expect(await store.compareAndSetLease(name, { ...lease, beat: 2, ack, holder: null }, next)).toBe(true);
        expect(await store.tasks.queueState(name)).toEqual({ done: 3, burial });
        expect(await store.tasks.acknowledge({ name, term: 2, holder: 'next' }, acknowledgement(3, null))).toBe(true);
        expect(await store.tasks.queueState(name)).toEqual({ done: 3, burial: null });
      });
    });

    describe('trimming', () => {
      test('the numbers go on after what was trimmed, and what is not done stays', async () => {
        const { name, tenure } = await queue({ tasks: 10, done: 7 });
        await store.tasks.trimTasks(name, 7);
        expect(seqs(await all(name, 7))).toEqual([8, 9, 10]);
        await store.tasks.acknowledge(tenure, acknowledgement(10, null));
        await store.tasks.trimTasks(name, 10);
        await store.tasks.trimTasks(name, 4);
        // Another member, who remembers nothing.
        const other = createStore(under.options, { commandTimeout: 30_000 });
        await other.open();
        expect(await other.tasks.addTasks(name, many(2, 'more'), MANY)).toEqual(stored(11, 12));
        await other.close();
        expect(await store.tasks.addTasks(name, many(1, 'last'), MANY)).toEqual(stored(13, 13));
        expect(seqs(await all(name, 10))).toEqual([11, 12, 13]);
      });
    });

    describe('dead letters', () => {
      test('the id of a task that is being buried is taken, and the task is there for its letter', async () => {
        const { name, tenure } = await queue({ tasks: 4 });
        const [, , third] = await all(name);
        const again = [aTask(third?.id ?? 'none'), aTask('other')];
        await store.tasks.acknowledge(tenure, acknowledgement(3, burial));
        expect(await store.tasks.addTasks(name, again, MANY)).toEqual([known, ...stored(5, 5)]);
        expect(await store.tasks.addTasks(name, again.slice(0, 1), 1)).toEqual([known]);
        expect((await all(name, 2))[0]).toEqual(third);
        await store.tasks.acknowledge(tenure, acknowledgement(3, null));
        expect(await store.tasks.addTasks(name, again.slice(0, 1), MANY)).toEqual(stored(6, 6));
      });

      test('a letter is written once, found by its id, oldest first, and goes when it is removed', async () => {
        const { name } = await queue();
        const letters = [aLetter(name, 9), aLetter(name, 10, { code: 'ERR_X' })];
        // What the context of the work is made of comes back with it.
        letters.push(aLetter(name, 2, { details: { schedule: 'nightly', slot: 5 } }));
        for (const letter of letters) await store.tasks.putDeadLetter(letter);
        expect(await store.tasks.putDeadLetter({ ...aLetter(name, 9), message: 'another' })).toBe(true);
        // Its number belongs to the letter of another task, which stays.
        expect(await store.tasks.putDeadLetter(aLetter(name, 9, { id: 'alive' }))).toBe(false);
        expect(await store.tasks.oldestDeadLetter(name, 'alive')).toBeNull();
        await store.tasks.putDeadLetter(aLetter(name, 11, { id: 1 }));
        await store.tasks.putDeadLetter(aLetter(name, 12, { id: '1' }));
        await store.tasks.putDeadLetter(aLetter(`${name}/more`, 1));
        const found = async (id: DeadLetter['id']) => {
          const letter = await store.tasks.oldestDeadLetter(name, id);
          return letter && { ...letter, bytes: Buffer.from(letter.bytes) };
        };
        expect(await found('dead')).toEqual({ ...letters[2], claim: null });
        expect((await found(1))?.seq).toBe(11);
        expect((await store.tasks.countTasks(name)).dead).toBe(5);
        expect(await store.tasks.countDeadLetters(name)).toBe(5);
        await store.tasks.removeDeadLetter(name, 2);
        await store.tasks.removeDeadLetter(name, 2);
        expect(await found('dead')).toEqual({ ...letters[0], claim: null });
        await store.tasks.removeDeadLetter(name, 9);
        expect((await found('dead'))?.seq).toBe(10);
        expect(await found('nobody')).toBeNull();
        expect(await store.tasks.countDeadLetters(name)).toBe(3);
      });

      test('the count of letters is what is there, over another opening, and for each queue', async () => {
        const { name } = await queue();
        for (const seq of [1, 2, 2, 3]) await store.tasks.putDeadLetter(aLetter(name, seq));
        await store.tasks.putDeadLetter(aLetter(`${name}/more`, 1));
        const other = createStore(under.options, { commandTimeout: 30_000 });
        await other.open();
        expect(await other.tasks.countDeadLetters(name)).toBe(3);
        await other.tasks.removeDeadLetter(name, 9);
        await other.tasks.removeDeadLetter(name, 2);
        await other.close();
        expect(await store.tasks.countDeadLetters(name)).toBe(2);
        for (const seq of [1, 3]) await store.tasks.removeDeadLetter(name, seq);
        expect([await store.tasks.countDeadLetters(name), await store.tasks.countDeadLetters('none')]).toEqual([0, 0]);
      });

      test('a letter is claimed by one, and only on the claim that it has', async () => {
        const { name } = await queue();
        await store.tasks.putDeadLetter(aLetter(name, 1));
        const claim = (expected: string | null, next: string | null) =>
          store.tasks.claimDeadLetter(name, 1, expected, next);
        expect([await claim(null, 'a'), await claim(null, 'b'), await claim('b', 'c')]).toEqual([true, false, false]);
        expect(await store.tasks.oldestDeadLetter(name, 'dead')).toMatchObject({ seq: 1, attempts: 3, claim: 'a' });
        await store.tasks.putDeadLetter(aLetter(name, 1));
        expect([await claim('a', 'b'), await claim('a', null), await claim('b', null)]).toEqual([true, false, true]);
        expect(await store.tasks.oldestDeadLetter(name, 'dead')).toMatchObject({ claim: null });
        await store.tasks.removeDeadLetter(name, 1);
        expect([await claim(null, 'a'), await store.tasks.countDeadLetters(name)]).toEqual([false, 0]);
      });
    });

    describe('what another program wrote is refused by name', () => {
      const refused = (call: Promise<unknown>, name: string, field: string) =>
        expect(call).rejects.toMatchObject({
          code: 'ERR_STORE_DATA',
          message: expect.stringMatching(new RegExp(`${name}.*${field}`)),
        });

      test.each([
        ['done', -1],
        ['done', 'all'],
        ['burial', 'none'],
        ['burial', { seq: 1 }],
      ])('a lease whose %s is %j', async (field, value) => {
        const { name } = await queue({ tasks: 2 });
        await under.tamper(name, { [field]: value });
        await refused(store.tasks.queueState(name), name, field);
        const other = createStore(under.options, { commandTimeout: 30_000 });
        await other.open();
        await refused(other.tasks.addTasks(name, many(1, 'more'), MANY), name, field);
        await other.close();
      });

      test.each([
        ['key', null],
        ['payload', 'text'],
        ['attempts', -1],
        ['deaths', 'many'],
        ['by', 'me'],
        ['by', { term: -1, number: 1 }],
        ['at', 'today'],
      ])('a task whose %s is %j', async (field, value) => {
        const { name } = await queue({ tasks: 1 });
        await under.tamperTask(name, 1, { [field]: value });
        await refused(all(name), name, field);
      });

      test.each([
        ['payload', 7],
        ['error', null],
        ['error', { name: 'E', message: 5, code: null }],
        ['attempts', 'two'],
        ['at', null],
        ['claim', 5],
      ])('a dead letter whose %s is %j', async (field, value) => {
        const { name } = await queue();
        await store.tasks.putDeadLetter(aLetter(name, 1));
        await under.tamperLetter(name, 1, { [field]: value });
        await refused(store.tasks.oldestDeadLetter(name, 'dead'), name, field);
      });
    });

    test('a store that is not open refuses', async () => {
      const other = createStore(under.options, { commandTimeout: 30_000 });
      await expect(other.tasks.addTasks('x', many(1), MANY)).rejects.toMatchObject({ code: 'ERR_STORE' });
      await expect(other.tasks.tasksAfter('x', 0, everything)).rejects.toMatchObject({ code: 'ERR_STORE' });
      await other.close();
    });
  });
}

function aLetter(queue: string, seq: number, fields: Partial<DeadLetter> = {}): DeadLetter {
  const bytes = Buffer.from(`payload of ${seq}`);
  const verdict = { name: 'Error', message: 'no', code: undefined, attempts: 3 };
  return { queue, seq, id: 'dead', bytes, at: new Date(1_700_000_000_000 + seq), ...verdict, ...fields };
}
