/** What every store promises of ids that stay taken after their task is done, as tests that each store runs. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lease } from '../../src/store/store.ts';
import type { FullStore, NewTask } from '../../src/store/taskStore.ts';
import { acknowledgement } from '../support/acknowledgements.ts';
import { createStore } from '../support/builtStore.ts';
import { ids as shapes } from './ids.ts';
import type { StoreUnderTest } from './storeContract.ts';
import { aTask, MANY, many, stored } from './taskContract.ts';

const lease: Lease = {
  ...{ term: 1, beat: 0, ack: 0, holder: 'holder', claim: 'claim', ttl: 4500 },
  ...{ identifier: null, count: 0, recent: [] },
};
const HOUR = 3_600_000;
const ALL = { tasks: 100, bytes: 1_000_000 };
const known = { type: 'known' };
const unique = (id: NewTask['id'], ms = HOUR): NewTask => ({ ...aTask(id), idRule: ms });
const requeued = (id: NewTask['id']): NewTask => ({ ...aTask(id), idRule: 'requeued' });

export function uniqueContract(title: string, setup: () => Promise<StoreUnderTest>): void {
  describe(title, () => {
    let store: FullStore;
    let other: FullStore;
    beforeAll(async () => {
      const { options } = await setup();
      store = createStore(options, { commandTimeout: 30_000 });
      other = createStore(options, { commandTimeout: 30_000 });
      await Promise.all([store.open(), other.open()]);
    });
    afterAll(() => Promise.all([store?.close(), other?.close()]));

    const queue = async () => {
      const name = randomUUID();
      await store.compareAndSetLease(name, null, lease);
      let number = 0;
      const finish = async (done: number) => {
        number += 1;
        const acknowledged = { ...acknowledgement(done, null), number };
        expect(await store.tasks.acknowledge({ name, term: 1, holder: 'holder' }, acknowledged)).toBe(true);
        await store.tasks.trimTasks(name, done);
      };
      return { name, finish };
    };
    /** Submits until the time of the id is over: it is a few ms. */
    const submitted = async (name: string, task: NewTask) => {
      for (;;) {
        const [result] = await store.tasks.addTasks(name, [task], MANY);
        if (result?.type !== 'known') return result;
      }
    };

    test('an id is known while its task is queued, and after it is done and trimmed, to each member', async () => {
      const { name, finish } = await queue();
      expect(await store.tasks.addTasks(name, [aTask('a'), unique('b'), aTask('c')], MANY)).toEqual(stored(1, 3));
      expect(await other.tasks.addTasks(name, [aTask('b'), unique('b')], MANY)).toEqual([known, known]);
      await finish(3);
      for (const each of [store, other]) {
        expect(await each.tasks.addTasks(name, [aTask('b'), unique('b', 1)], MANY)).toEqual([known, known]);
      }
      expect(await store.tasks.addTasks(name, [aTask('a'), aTask('b'), aTask('d')], MANY)).toEqual([
        { type: 'stored', seq: 4 },
        known,
        { type: 'stored', seq: 5 },
      ]);
      expect((await store.tasks.tasksAfter(name, 3, ALL)).map(({ id }) => id)).toEqual(['a', 'd']);
      expect((await store.tasks.countTasks(name)).queued).toBe(2);
    });

    test('ids of every shape stay taken', async () => {
      const { name, finish } = await queue();
      const each = shapes.filter((id) => !Object.is(id, -0));
      await store.tasks.addTasks(
        name,
        each.map((id) => unique(id)),
        MANY,
      );
      await finish(each.length);
      expect(
        await store.tasks.addTasks(
          name,
          each.map((id) => aTask(id)),
          MANY,
        ),
      ).toEqual(each.map(() => known));
    });

    test('an id is free when its time is over and its task is done, and not before that', async () => {
      const { name, finish } = await queue();
      await store.tasks.addTasks(name, [unique('a', 1), unique('b', 1)], MANY);
      await finish(1);
      expect(await submitted(name, unique('a'))).toEqual({ type: 'stored', seq: 3 });
      // Its time is over as well.
      await store.tasks.trimTasks(name, 1);
      expect(await store.tasks.addTasks(name, [aTask('b'), aTask('a')], MANY)).toEqual([known, known]);
      await finish(3);
      expect(await store.tasks.addTasks(name, [aTask('b'), aTask('a')], MANY)).toEqual([
        { type: 'stored', seq: 4 },
        known,
      ]);
    });

    test('a letter that is put back is stored though its id is taken, and once', async () => {
      const { name, finish } = await queue();
      await store.tasks.addTasks(name, [unique('a')], MANY);
      expect(await store.tasks.addTasks(name, [requeued('a')], MANY)).toEqual([known]);
      await finish(1);
      expect(await store.tasks.addTasks(name, [requeued('a')], MANY)).toEqual([{ type: 'stored', seq: 2 }]);
      expect(await store.tasks.addTasks(name, [requeued('a'), aTask('a')], MANY)).toEqual([known, known]);
    });

    test('a cancelled task gives its id up at once', async () => {
      const { name } = await queue();
      await store.tasks.addTasks(name, [unique('a')], MANY);
      await store.tasks.markTask({ name, term: 1, holder: 'holder' }, { seq: 1, key: 'a', number: 1, bytes: null });
      expect(await store.tasks.addTasks(name, [aTask('a')], MANY)).toEqual([{ type: 'stored', seq: 2 }]);
    });

    test('a queue that is full, and the ids of another queue, are no matter of it', async () => {
      const [one, another] = await Promise.all([queue(), queue()]);
      await store.tasks.addTasks(one.name, [unique('a')], MANY);
      await one.finish(1);
      await store.tasks.addTasks(one.name, many(3), MANY);
      expect(await store.tasks.addTasks(one.name, [aTask('a'), aTask('b')], 3)).toEqual([known, { type: 'full' }]);
      expect(await store.tasks.addTasks(another.name, [aTask('a')], MANY)).toEqual(stored(1, 1));
    });

    test('a request to change a task is no schedule, nor the other way about', async () => {
      const { name } = await queue();
      await store.tasks.addTasks(name, [aTask('a')], MANY);
      const until = new Date(Date.now() + HOUR);
      const change = { name, id: 'x', seq: 1, key: 'a', running: false, bytes: null, by: 'someone', until };
      expect(await store.tasks.putChange(change, 10)).toBe(true);
      expect(await store.schedules.readSchedules(name, null)).toEqual([]);
    });
  });
}
