/** What every store promises of requests to change tasks, and of marks, as tests that each store runs. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TaskChange } from '../../src/store/changes.ts';
import type { Lease } from '../../src/store/store.ts';
import type { FullStore } from '../../src/store/taskStore.ts';
import type { TaskId } from '../../src/task/task.ts';
import { acknowledgement } from '../support/acknowledgements.ts';
import { createStore } from '../support/builtStore.ts';
import { ids as shapes } from './ids.ts';
import type { StoreUnderTest } from './storeContract.ts';
import { aTask, MANY, many } from './taskContract.ts';

const lease: Lease = {
  ...{ term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500 },
  ...{ identifier: null, count: 0, recent: [] },
};
const UNTIL = new Date(1_700_000_000_000);
const NEW = new Uint8Array([9, 8, 7]);
const ALL = { tasks: 100, bytes: 1_000_000 };

export function changesContract(title: string, setup: () => Promise<StoreUnderTest>): void {
  describe(title, () => {
    let store: FullStore;
    beforeAll(async () => {
      const { options } = await setup();
      store = createStore(options, { commandTimeout: 30_000 });
      await store.open();
    });
    afterAll(() => store?.close());

    const asked = (name: string, id: string, fields: Partial<TaskChange> = {}): TaskChange => ({
      ...{ name, id, seq: 1, key: 'task 0', running: false, bytes: null, by: 'someone', until: UNTIL, ...fields },
    });
    const queue = async (count: number) => {
      const name = randomUUID();
      await store.compareAndSetLease(name, null, lease);
      await store.tasks.addTasks(name, many(count), MANY);
      return { name, tenure: { name, term: 1, holder: 'holder' } };
    };
    /** Gives the lease to a master of this term. */
    const elect = async (name: string, term: number) => {
      const [before] = await store.observe([{ name, tip: 0 }]);
      await store.compareAndSetLease(name, before?.lease ?? null, { ...lease, term });
    };
    const waiting = async (name: string) =>
      (await store.tasks.tasksAfter(name, 0, ALL)).map(({ seq, id, cancelled }) => [seq, id, cancelled === true]);

    test('requests come back as they were, the oldest first', async () => {
      const { name } = await queue(1);
      const [first, second] = [asked(name, 'a'), asked(name, 'b', { bytes: NEW, running: true, seq: 7 })];
      expect(await store.tasks.putChange(second, 10)).toBe(true);
      expect(await store.tasks.putChange(first, 10)).toBe(true);
      const open = await store.tasks.openChanges(name, 10, []);
      expect(open).toMatchObject([first, { ...second, bytes: expect.anything() }]);
      expect([...(open[1]?.bytes ?? [])]).toEqual([...NEW]);
      expect(await store.tasks.openChanges(name, 1, [])).toMatchObject([first]);
      expect(await store.tasks.openChanges(name, 1, ['a', 'c'])).toMatchObject([{ id: 'b' }]);
      expect(await store.tasks.openChanges(name, 9, ['a', 'b'])).toEqual([]);
    });

    test('requests of other names stay apart, also where one begins with the other', async () => {
      const { name } = await queue(1);
      const longer = `${name}/b`;
      await store.tasks.putChange(asked(longer, 'x'), 10);
      expect(await store.tasks.openChanges(name, 10, [])).toEqual([]);
      await store.tasks.trimChanges(name, new Date(UNTIL.getTime() + 1));
      expect(await store.tasks.openChanges(longer, 10, [])).toHaveLength(1);
    });

    test('only so many wait', async () => {
      const { name } = await queue(1);
      const put = (id: string) => store.tasks.putChange(asked(name, id), 2);
      expect([await put('a'), await put('b'), await put('c')]).toEqual([true, true, false]);
      await store.tasks.takeChange(name, 'a', 1);
      await store.tasks.answerChange(name, 'a', 1, 'unknown');
      expect(await put('c')).toBe(true);
    });

    test('an answer is of the master that took it last, and comes once', async () => {
      const { name } = await queue(1);
      await store.tasks.putChange(asked(name, 'a', { bytes: NEW }), 10);
      const answer = (term: number) => store.tasks.answerChange(name, 'a', term, 'updated');
      expect(await answer(1)).toBe(false);
      expect(await store.tasks.takeChange(name, 'a', 1)).toBe(true);
      expect(await store.tasks.takeChange(name, 'a', 2)).toBe(true);
      expect(await store.tasks.takeChange(name, 'a', 1)).toBe(false);
      expect(await answer(1)).toBe(false);
      expect(await store.tasks.readAnswer(name, 'a')).toBeNull();
      expect([await answer(2), await answer(2)]).toEqual([true, false]);
      expect(await store.tasks.readAnswer(name, 'a')).toBe('updated');
      expect(await store.tasks.openChanges(name, 10, [])).toEqual([]);
      expect(await store.tasks.takeChange(name, 'a', 3)).toBe(false);
      await store.tasks.removeChange(name, 'a');
      expect(await store.tasks.readAnswer(name, 'a')).toBe('gone');
    });

    test('what is too old goes, answered or not', async () => {
      const { name } = await queue(1);
      await store.tasks.putChange(asked(name, 'a'), 10);
      await store.tasks.putChange(asked(name, 'b', { until: new Date(UNTIL.getTime() + 1000) }), 10);
      await store.tasks.trimChanges(name, new Date(UNTIL.getTime() + 1));
      expect((await store.tasks.openChanges(name, 10, [])).map(({ id }) => id)).toEqual(['b']);
    });

    test('a task is found by its id, whatever that is', async () => {
      const name = randomUUID();
      const ids = shapes.filter((id) => !Object.is(id, -0));
      await store.tasks.addTasks(
        name,
        ids.map((id) => aTask(id)),
        MANY,
      );
      for (const [index, id] of ids.entries()) expect(await store.tasks.findTask(name, id)).toEqual({ seq: index + 1 });
      expect(await store.tasks.findTask(name, 'nobody')).toBeNull();
    });

    test('a cancelled task keeps its number and its id, and gives the id up', async () => {
      for (const id of ['task 1', shapes[0] ?? 1] as TaskId[]) {
        const name = randomUUID();
        await elect(name, 1);
        await store.tasks.addTasks(name, [aTask('task 0'), aTask(id), aTask('task 2')], MANY);
        const tenure = { name, term: 1, holder: 'holder' };
        await store.tasks.markTask(tenure, { seq: 2, key: id, number: 1, bytes: null });
        expect(await waiting(name)).toEqual([
          [1, 'task 0', false],
          [2, id, true],
          [3, 'task 2', false],
        ]);
        expect(await store.tasks.findTask(name, id)).toBeNull();
        expect(await store.tasks.addTasks(name, [aTask(id)], MANY)).toEqual([{ type: 'stored', seq: 4 }]);
        expect(await store.tasks.addTasks(name, [aTask(id)], MANY)).toEqual([{ type: 'known' }]);
        expect(await waiting(name)).toEqual([
          [1, 'task 0', false],
          [2, id, true],
          [3, 'task 2', false],
          [4, id, false],
        ]);
      }
    });

    test('a cancelled task that is done and trimmed leaves nothing behind, nor takes its id along', async () => {
      const { name, tenure } = await queue(2);
      await store.tasks.markTask(tenure, { seq: 1, key: 'task 0', number: 1, bytes: null });
      await store.tasks.addTasks(name, [aTask('task 0')], MANY);
      await store.tasks.acknowledge(tenure, acknowledgement(2, null));
      await store.tasks.trimTasks(name, 2);
      expect(await store.tasks.findTask(name, 'task 0')).toEqual({ seq: 3 });
      expect((await store.tasks.countTasks(name)).queued).toBe(1);
    });

    test('a new payload takes the place of the old one', async () => {
      const { name, tenure } = await queue(2);
      await store.tasks.markTask(tenure, { seq: 2, key: 'task 1', number: 1, bytes: NEW });
      const [, second] = await store.tasks.tasksAfter(name, 0, ALL);
      expect([...(second?.bytes ?? [])]).toEqual([...NEW]);
      expect(await waiting(name)).toEqual([
        [1, 'task 0', false],
        [2, 'task 1', false],
      ]);
      expect(await store.tasks.findTask(name, 'task 1')).toEqual({ seq: 2 });
      // It is done, and its id comes again.
      await store.tasks.acknowledge(tenure, acknowledgement(2, null));
      expect(await store.tasks.addTasks(name, [aTask('task 1')], MANY)).toEqual([{ type: 'stored', seq: 3 }]);
      expect((await store.tasks.tasksAfter(name, 2, ALL)).map(({ id }) => id)).toEqual(['task 1']);
      expect((await store.tasks.tasksAfter(name, 0, ALL)).at(-1)?.seq).toBe(3);
    });

    test('a mark of an earlier term, or an earlier one, changes nothing', async () => {
      const { name } = await queue(1);
      const mark = (term: number, number: number, bytes: Uint8Array | null) =>
        store.tasks.markTask({ name, term, holder: 'holder' }, { seq: 1, key: 'task 0', number, bytes });
      await elect(name, 2);
      await mark(2, 5, NEW);
      await mark(1, 9, null);
      await mark(2, 4, null);
      await mark(2, 5, null);
      const [task] = await store.tasks.tasksAfter(name, 0, ALL);
      expect([task?.cancelled ?? false, [...(task?.bytes ?? [])]]).toEqual([false, [...NEW]]);
      await mark(2, 6, null);
      expect(await waiting(name)).toEqual([[1, 'task 0', true]]);
      await elect(name, 3);
      await mark(3, 1, NEW);
      expect(await waiting(name)).toEqual([[1, 'task 0', true]]);
    });

    test('a mark of an earlier term leaves a task as it is that a later one has on record', async () => {
      const { name, tenure } = await queue(1);
      await elect(name, 2);
      await store.tasks.setAttempts({ ...tenure, term: 2 }, { seq: 1, number: 1, attempts: 2, deaths: 0 });
      await store.tasks.markTask(tenure, { seq: 1, key: 'task 0', number: 9, bytes: null });
      await store.tasks.markTask(tenure, { seq: 1, key: 'task 0', number: 10, bytes: NEW });
      const [task] = await store.tasks.tasksAfter(name, 0, ALL);
      expect([task?.id, task?.cancelled ?? false, task?.attempts]).toEqual(['task 0', false, 2]);
      expect([...(task?.bytes ?? [])]).not.toEqual([...NEW]);
    });

    test('a mark names its task by the id, too, and one that is repeated is the same', async () => {
      const { name, tenure } = await queue(1);
      const mark = (key: string, number: number) => store.tasks.markTask(tenure, { seq: 1, key, number, bytes: null });
      await mark('another', 1);
      expect(await waiting(name)).toEqual([[1, 'task 0', false]]);
      await mark('task 0', 2);
      await mark('task 0', 3);
      await mark('another', 4);
      expect(await waiting(name)).toEqual([[1, 'task 0', true]]);
    });

    test('a mark of what is not there is nothing', async () => {
      const { name, tenure } = await queue(1);
      await store.tasks.markTask(tenure, { seq: 5, key: 'task 4', number: 1, bytes: null });
      expect(await waiting(name)).toEqual([[1, 'task 0', false]]);
    });

    test('attempts of a task that was changed are on record as before', async () => {
      const { name, tenure } = await queue(1);
      await store.tasks.setAttempts(tenure, { seq: 1, number: 1, attempts: 2, deaths: 1 });
      await store.tasks.markTask(tenure, { seq: 1, key: 'task 0', number: 2, bytes: NEW });
      expect(await store.tasks.tasksAfter(name, 0, ALL)).toMatchObject([{ attempts: 2, deaths: 1 }]);
    });

    test('letters are listed in their order, and one is found by its number', async () => {
      const { name } = await queue(1);
      const letter = { queue: name, name: 'Error', message: 'no', code: undefined, attempts: 1, at: UNTIL };
      for (const seq of [3, 1, 2]) await store.tasks.putDeadLetter({ ...letter, seq, id: `l${seq}`, bytes: NEW });
      const page = await store.tasks.deadLettersAfter(name, 1, 5);
      expect(page.map(({ seq, id, bytes }) => [seq, id, bytes.length])).toEqual([
        [2, 'l2', 0],
        [3, 'l3', 0],
      ]);
      expect(await store.tasks.deadLettersAfter(name, 0, 1)).toHaveLength(1);
      const found = await store.tasks.deadLetterAt(name, 3);
      expect([found?.id, [...(found?.bytes ?? [])], found?.claim]).toEqual(['l3', [...NEW], null]);
      expect(await store.tasks.deadLetterAt(name, 4)).toBeNull();
    });
  });
}
