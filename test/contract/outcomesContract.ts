/** What every store promises of outcomes and checkpoints, as tests that each store runs. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lease } from '../../src/store/store.ts';
import type { FullStore, TaskOutcome } from '../../src/store/taskStore.ts';
import type { TaskId } from '../../src/task/task.ts';
import { systemClock } from '../../src/time/systemClock.ts';
import { acknowledgement } from '../support/acknowledgements.ts';
import { createStore } from '../support/builtStore.ts';
import { ids as shapes } from './ids.ts';
import type { StoreUnderTest } from './storeContract.ts';
import { aTask, MANY, many } from './taskContract.ts';

const lease: Lease = {
  ...{ term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500 },
  ...{ identifier: null, count: 0, recent: [] },
};
const AT = new Date(1_700_000_000_000);

export interface OutcomesUnderTest extends StoreUnderTest {
  /** Writes fields into the outcome of an id, which is a text, past the store. */
  tamperOutcome(name: string, id: string, fields: Record<string, unknown>): Promise<void>;
}

const done = (id: TaskId, seq: number, fields: Partial<TaskOutcome> = {}): TaskOutcome => ({
  ...{ id, seq, term: 1, state: 'done', attempts: 1, error: null, result: null },
  ...{ at: AT, until: new Date(AT.getTime() + 60_000), ...fields },
});
const error = { name: 'TypeError', message: 'no', code: 'E_NO', permanent: true } as const;

export function outcomesContract(title: string, setup: () => Promise<OutcomesUnderTest>): void {
  describe(title, () => {
    let under: OutcomesUnderTest;
    let store: FullStore;
    beforeAll(async () => {
      under = await setup();
      store = createStore(under.options, { commandTimeout: 30_000 });
      await store.open();
    });
    afterAll(() => store?.close());

    const kept = async (name: string, ...ids: TaskId[]) => (await store.tasks.readOutcomes(name, ids)).outcomes;
    const queue = async (count: number, term = 1) => {
      const name = randomUUID();
      await store.compareAndSetLease(name, null, { ...lease, term });
      await store.tasks.addTasks(name, many(count), MANY);
      return { name, tenure: { name, term, holder: 'holder' } };
    };

    test('an outcome comes back as it was, with what its queue has done', async () => {
      const { name, tenure } = await queue(2);
      const failed = done('task 1', 2, { state: 'failed', attempts: 3, error });
      const result = new Uint8Array([0, 1, 255]);
      await store.tasks.putOutcomes(name, [done('task 0', 1, { result }), failed]);
      await store.tasks.acknowledge(tenure, acknowledgement(1, null));
      const look = await store.tasks.readOutcomes(name, ['task 1', 'task 0', 'nobody']);
      expect(look).toMatchObject({
        done: 1,
        outcomes: [failed, { ...done('task 0', 1), result: expect.anything() }, null],
      });
      expect([...(look.outcomes[1]?.result ?? [])]).toEqual([0, 1, 255]);
      // Embedded, what is done may be trimmed at once.
      expect(look.stored[0]).toBe(2);
      expect(look.stored[2]).toBeNull();
    });

    test('an outcome has the origin of its task, and that of a later task without one takes it away', async () => {
      const name = randomUUID();
      const result = new Uint8Array([1]);
      await store.tasks.putOutcomes(name, [done('a', 1, { origin: 'o 1' }), done('b', 2, { origin: 'o 2', result })]);
      const origins = async () => (await kept(name, 'a', 'b')).map((outcome) => outcome?.origin);
      expect(await origins()).toEqual(['o 1', 'o 2']);
      await store.tasks.putOutcomes(name, [done('a', 3), done('b', 4, { origin: 'o 4' })]);
      expect(await origins()).toEqual([undefined, 'o 4']);
    });

    test('a task that comes from the outbox is found by its origin: as an entry, in the queue, and when it has ended', async () => {
      const { name, tenure } = await queue(1);
      const bytes = aTask('a').bytes;
      const [first, other] = ['0'.repeat(24), '1'.repeat(24)];
      const at = new Date(AT);
      await store.outbox.putEntries(name, [{ id: 'a', bytes, at, origin: first }]);
      const look = async (...origins: (string | null)[]) => {
        const later = origins.map((origin) => ({ id: 'a', key: null, origin }));
        return (await store.tasks.readOutcomes(name, ['a'], later)).later;
      };
      const waits = { origin: first, waits: true, seq: null };
      expect(await look(first, null, other)).toEqual([waits, waits, { origin: other, waits: false, seq: null }]);
      const since = { now: systemClock.now(), sinceBoot: systemClock.sinceBoot() };
      const [relayed] = (await store.tasks.relayTasks(tenure, [{ id: 'a', bytes, origin: first }], since)) ?? [];
      expect(relayed).toEqual({ type: 'stored', seq: 2 });
      expect(await look(first, other)).toEqual([
        { origin: first, waits: true, seq: 2 },
        { origin: other, waits: false, seq: null },
      ]);
      const [entry] = await store.outbox.readEntries(name, at, 10);
      if (entry === undefined) throw new Error('the entry is not there');
      await store.outbox.markEntries(name, [entry]);
      expect(await look(first, null)).toEqual([
        { origin: first, waits: true, seq: 2 },
        { origin: first, waits: true, seq: 2 },
      ]);
      await store.outbox.removeEntries(name, [entry]);
      expect(await look(first, null)).toEqual([
        { origin: first, waits: false, seq: 2 },
        { origin: null, waits: false, seq: null },
      ]);
      const outcomes = [done('a', 2, { origin: first })];
      await store.tasks.acknowledge(tenure, { ...acknowledgement(2, null), outcomes });
      // Its id comes again, from elsewhere.
      expect(await store.tasks.addTasks(name, [aTask('a')], MANY)).toEqual([{ type: 'stored', seq: 3 }]);
      const later = [{ id: 'a', key: null, origin: first }];
      expect(await store.tasks.readOutcomes(name, ['a'], later)).toMatchObject({
        ...{ done: 2, stored: [3], outcomes: [{ seq: 2, origin: first }] },
        later: [{ origin: first, waits: false, seq: null }],
      });
    });

    test('an acknowledgement keeps the outcomes that it carries, and one of a deposed master makes none count', async () => {
      const { name, tenure } = await queue(3, 2);
      const acknowledge = (through: number, term: number, outcomes: TaskOutcome[]) =>
        store.tasks.acknowledge({ ...tenure, term }, { ...acknowledgement(through, null), outcomes });
      const result = new Uint8Array([1, 2]);
      const first = [done('task 0', 1, { term: 2, result }), done('task 1', 2, { term: 2, state: 'failed', error })];
      expect(await acknowledge(2, 1, [done('task 0', 1), done('task 1', 2)])).toBe(false);
      const { done: before } = await store.tasks.readOutcomes(name, ['task 0']);
      expect(before).toBe(0);
      expect(await acknowledge(2, 2, first)).toBe(true);
      const look = await store.tasks.readOutcomes(name, ['task 0', 'task 1']);
      expect(look).toMatchObject({ done: 2, outcomes: [{ term: 2, state: 'done' }, first[1]] });
      expect([...(look.outcomes[0]?.result ?? [])]).toEqual([1, 2]);
      // Again, as after an answer that was lost, with one more.
      expect(await acknowledge(3, 2, [...first, done('task 2', 3, { term: 2 })])).toBe(true);
      expect((await kept(name, 'task 0', 'task 2')).map((outcome) => outcome?.seq)).toEqual([1, 3]);
      expect(await acknowledge(3, 1, [done('task 2', 3, { attempts: 9 })])).toBe(false);
      expect((await kept(name, 'task 2'))[0]).toMatchObject({ term: 2, attempts: 1 });
    });

    test('an acknowledgement carries as many results as tasks can be done without one', async () => {
      const { name, tenure } = await queue(256);
      const outcomes = Array.from({ length: 256 }, (_, index) =>
        done(`task ${index}`, index + 1, { result: new Uint8Array(32 * 1024).fill(index) }),
      );
      expect(await store.tasks.acknowledge(tenure, { ...acknowledgement(256, null), outcomes })).toBe(true);
      const found = await kept(name, 'task 0', 'task 100', 'task 255');
      expect(found.map((outcome) => [outcome?.result?.length, outcome?.result?.[9]])).toEqual(
        [0, 100, 255].map((index) => [32_768, index]),
      );
    });

    test('ids of every shape are kept apart', async () => {
      const name = randomUUID();
      await store.tasks.putOutcomes(
        name,
        shapes.map((id, index) => done(id, index + 1)),
      );
      expect((await kept(name, ...shapes)).map((outcome) => outcome?.seq)).toEqual(shapes.map((_, index) => index + 1));
      expect(await kept(randomUUID(), ...shapes)).toEqual(shapes.map(() => null));
    });

    test('the higher number counts, then the higher term, whichever lands last', async () => {
      const name = randomUUID();
      const put = (seq: number, term: number) =>
        store.tasks.putOutcomes(name, [done('a', seq, { term, attempts: 10 * seq + term })]);
      const marks = async () =>
        (await kept(name, 'a')).map((outcome) => [outcome?.seq, outcome?.term, outcome?.attempts]);
      await put(3, 2);
      for (const [seq, term] of [
        [2, 9],
        [3, 1],
      ] as const) {
        await put(seq, term);
        expect(await marks()).toEqual([[3, 2, 32]]);
      }
      await store.tasks.putOutcomes(name, [done('a', 3, { term: 2, attempts: 99 })]);
      expect(await marks()).toEqual([[3, 2, 32]]);
      await put(3, 4);
      expect(await marks()).toEqual([[3, 4, 34]]);
      await put(5, 1);
      expect(await marks()).toEqual([[5, 1, 51]]);
    });

    test('of many that are put at once, older and newer ones are told apart', async () => {
      const name = randomUUID();
      const all = Array.from({ length: 48 }, (_, index) => done(`id ${index}`, index + 1));
      await store.tasks.putOutcomes(name, all);
      const again = all.map((outcome, index) => ({
        ...outcome,
        term: index % 2,
        attempts: 7,
        seq: outcome.seq + (index % 2),
      }));
      await store.tasks.putOutcomes(name, [...again, done('new', 999)]);
      const found = await kept(name, 'id 0', 'id 1', 'id 46', 'id 47', 'new');
      expect(found.map((outcome) => [outcome?.seq, outcome?.attempts])).toEqual([
        [1, 1],
        [3, 7],
        [47, 1],
        [49, 7],
        [999, 1],
      ]);
    });

    test('calls that are under way together leave what counts most', async ({ skip }) => {
      skip(!under.atomic, 'this server does not write one document atomically');
      const name = randomUUID();
      const orders = Array.from({ length: 12 }, (_, index) => ((index * 5) % 12) + 1);
      const calls = orders.map((seq) => store.tasks.putOutcomes(name, [done('a', seq), done('b', 1, { term: seq })]));
      await Promise.all(calls);
      expect((await kept(name, 'a', 'b')).map((outcome) => [outcome?.seq, outcome?.term])).toEqual([
        [12, 1],
        [1, 12],
      ]);
    });

    test('results of 64 KiB come back, as many as one look may ask for', async () => {
      const name = randomUUID();
      const all = Array.from({ length: 200 }, (_, index) =>
        done(index, index + 1, { result: new Uint8Array(64 * 1024).fill(index) }),
      );
      await store.tasks.putOutcomes(name, all);
      const found = await kept(name, ...all.map(({ id }) => id));
      expect(found.map((outcome) => [outcome?.result?.length, outcome?.result?.[65_535]])).toEqual(
        all.map((_, index) => [65_536, index]),
      );
    });

    test('those whose time is over are deleted, of this queue alone, but not one that was written again', async () => {
      const [name, other] = [randomUUID(), randomUUID()];
      const until = (after: number) => ({ until: new Date(AT.getTime() + after) });
      await store.tasks.putOutcomes(name, [
        done('old', 1, until(10)),
        done('again', 2, until(10)),
        done('young', 3, until(20)),
      ]);
      await store.tasks.putOutcomes(name, [done('again', 4, until(30))]);
      await store.tasks.putOutcomes(other, [done('old', 1, until(10))]);
      await store.tasks.trimOutcomes(name, new Date(AT.getTime() + 10));
      expect((await kept(name, 'old', 'again', 'young')).map((outcome) => outcome?.seq)).toEqual([1, 4, 3]);
      await store.tasks.trimOutcomes(name, new Date(AT.getTime() + 20));
      expect((await kept(name, 'old', 'again', 'young')).map((outcome) => outcome?.seq)).toEqual([undefined, 4, 3]);
      await store.tasks.trimOutcomes(name, new Date(AT.getTime() + 31));
      expect(await kept(name, 'old', 'again', 'young')).toEqual([null, null, null]);
      expect((await kept(other, 'old'))[0]?.seq).toBe(1);
    });

    test('of many old ones a call deletes some, and says when it has come to the end', async () => {
      const name = randomUUID();
      const all = Array.from({ length: 1200 }, (_, index) => done(index, index + 1));
      await store.tasks.putOutcomes(name, all);
      const trim = () => store.tasks.trimOutcomes(name, new Date(AT.getTime() + 60_001));
      expect(await trim()).toBe(false);
      // Any of them: no store says which are the first.
      const left = async (): Promise<number> => {
        let count = 0;
        for (let from = 0; from < all.length; from += 200) {
          const some = await kept(name, ...all.slice(from, from + 200).map(({ id }) => id));
          count += some.filter((outcome) => outcome !== null).length;
        }
        return count;
      };
      const after = await left();
      expect([after > 0, after < all.length]).toEqual([true, true]);
      let calls = 1;
      while (!(await trim())) calls += 1;
      expect(calls).toBeLessThan(4);
      expect(await kept(name, 0, 1, 999, 1000, 1199)).toEqual([null, null, null, null, null]);
    });

    test('an outcome that another program wrote is refused by name', async () => {
      const name = randomUUID();
      for (const fields of [{ state: 'fine' }, { seq: 'x' }, { at: 'now' }, { format: 99 }]) {
        const id = JSON.stringify(fields);
        await store.tasks.putOutcomes(name, [done(id, 1)]);
        await under.tamperOutcome(name, id, fields);
        await expect(kept(name, id), id).rejects.toMatchObject({
          code: 'format' in fields ? 'ERR_NEWER_FORMAT' : 'ERR_STORE_DATA',
          message: expect.stringContaining(name),
        });
      }
    });

    test('one that cannot be read gives way to a later one, and one of a later format stays: neither holds the others up', async () => {
      const name = randomUUID();
      const all = ['a', 'b', 'c', 'd'];
      await store.tasks.putOutcomes(
        name,
        all.map((id, index) => done(id, index + 1)),
      );
      await under.tamperOutcome(name, 'a', { seq: 'first' });
      await under.tamperOutcome(name, 'b', { format: 9 });
      await under.tamperOutcome(name, 'c', { state: 'postponed', until: 'later' });
      await store.tasks.putOutcomes(
        name,
        all.map((id, index) => done(id, index + 11)),
      );
      expect((await kept(name, 'a', 'c', 'd')).map((outcome) => outcome?.seq)).toEqual([11, 13, 14]);
      await expect(kept(name, 'b')).rejects.toMatchObject({ code: 'ERR_NEWER_FORMAT' });
      await under.tamperOutcome(name, 'a', { state: 5 });
      await store.tasks.trimOutcomes(name, new Date(AT.getTime() + 60_001));
      expect(await kept(name, 'a', 'c', 'd')).toEqual([null, null, null]);
    });

    test('a checkpoint comes back with its task', async () => {
      const { name, tenure } = await queue(2);
      expect(await store.tasks.setCheckpoint(tenure, { seq: 1, number: 1, bytes: new Uint8Array([7]) })).toBe(true);
      expect(await store.tasks.setCheckpoint(tenure, { seq: 9, number: 2, bytes: new Uint8Array([8]) })).toBe(false);
      const [first, second] = await store.tasks.tasksAfter(name, 0, { tasks: 2, bytes: MANY });
      expect([...(first?.checkpoint ?? [])]).toEqual([7]);
      expect(second?.checkpoint).toBeUndefined();
      expect(Buffer.from(first?.bytes ?? []).toString()).toBe('payload of task 0');
    });

    test('a checkpoint that lands after a later one of its term changes nothing', async () => {
      const { name, tenure } = await queue(1);
      const put = (number: number) =>
        store.tasks.setCheckpoint(tenure, { seq: 1, number, bytes: new Uint8Array([number]) });
      expect([await put(4), await put(3), await put(4), await put(5)]).toEqual([true, false, false, true]);
      const [task] = await store.tasks.tasksAfter(name, 0, { tasks: 1, bytes: MANY });
      expect([...(task?.checkpoint ?? [])]).toEqual([5]);
    });

    test('a checkpoint of a deposed master is refused once the next one has put the attempts on record', async () => {
      const { name, tenure } = await queue(1, 2);
      const deposed = { ...tenure, term: 1 };
      await store.tasks.setAttempts(tenure, { seq: 1, number: 1, attempts: 1, deaths: 1 });
      expect(await store.tasks.setCheckpoint(deposed, { seq: 1, number: 9, bytes: new Uint8Array([1]) })).toBe(false);
      expect(await store.tasks.setCheckpoint(tenure, { seq: 1, number: 2, bytes: new Uint8Array([2]) })).toBe(true);
      const [task] = await store.tasks.tasksAfter(name, 0, { tasks: 1, bytes: MANY });
      expect([...(task?.checkpoint ?? []), task?.attempts, task?.deaths]).toEqual([2, 1, 1]);
    });

    test('that a task failed for good is on record until that is cleared', async () => {
      const { name, tenure } = await queue(1);
      const first = async () => (await store.tasks.tasksAfter(name, 0, { tasks: 1, bytes: MANY }))[0];
      expect((await first())?.permanent ?? false).toBe(false);
      await store.tasks.setAttempts(tenure, { seq: 1, number: 1, attempts: 1, deaths: 0, permanent: true });
      expect(await first()).toMatchObject({ permanent: true, attempts: 1 });
      await store.tasks.clearAttempts(name, 1, { term: 1, number: 1 });
      expect((await first())?.permanent ?? false).toBe(false);
    });

    test('an id that comes again has a task without the checkpoint of the one before', async () => {
      const { name, tenure } = await queue(1);
      await store.tasks.setCheckpoint(tenure, { seq: 1, number: 1, bytes: new Uint8Array([7]) });
      await store.tasks.acknowledge(tenure, acknowledgement(1, null));
      expect(await store.tasks.addTasks(name, [aTask('task 0')], MANY)).toEqual([{ type: 'stored', seq: 2 }]);
      const [task] = await store.tasks.tasksAfter(name, 1, { tasks: 1, bytes: MANY });
      expect(task?.checkpoint).toBeUndefined();
      expect((await store.tasks.readOutcomes(name, ['task 0'])).stored).toEqual([2]);
    });
  });
}
