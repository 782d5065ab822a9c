/**
 * What every store promises of large tasks, and of many. In a database of their own: there are servers that go through
 * all there is to find one task.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FullStore, StoredTask } from '../../src/store/taskStore.ts';
import { createStore } from '../support/builtStore.ts';
import type { StoreUnderTest } from './storeContract.ts';
import { aTask, MANY, many, numbers, seqs, stored } from './taskContract.ts';

export function taskVolume(title: string, setup: () => Promise<StoreUnderTest>): void {
  describe(title, () => {
    let store: FullStore;
    beforeAll(async () => {
      store = createStore((await setup()).options, { commandTimeout: 30_000 });
      await store.open();
    });
    afterAll(() => store?.close());

    const all = (name: string): Promise<StoredTask[]> =>
      store.tasks.tasksAfter(name, 0, { tasks: MANY, bytes: Number.MAX_SAFE_INTEGER });

    test.each([0, 1, 100, 65_536, 2 ** 20])('a payload of %i bytes comes back as it went in', async (size) => {
      const name = randomUUID();
      const bytes = randomBytes(size);
      // As a view on the middle of something larger, too.
      const larger = new Uint8Array(size + 20);
      larger.set(bytes, 7);
      await store.tasks.addTasks(name, [aTask('a', bytes), aTask('b', larger.subarray(7, 7 + size))], MANY);
      for (const task of await all(name)) expect(Buffer.compare(bytes, task.bytes)).toBe(0);
    });

    test('a thousand tasks in one call are stored in order', async () => {
      const name = randomUUID();
      expect(await store.tasks.addTasks(name, many(1000), MANY)).toEqual(stored(1, 1000));
      const tasks = await all(name);
      expect(seqs(tasks)).toEqual(numbers(1, 1000));
      expect(tasks.map(({ id }) => id)).toEqual(many(1000).map(({ id }) => id));
    });

    test('more bytes in one call than a server takes in one command are stored in order', async () => {
      const name = randomUUID();
      const bytes = Buffer.alloc(3 * 2 ** 20, 1);
      const tasks = numbers(1, 8).map((id) => aTask(id, bytes));
      expect(await store.tasks.addTasks(name, tasks, MANY)).toEqual(stored(1, 8));
      expect((await all(name)).map(({ id }) => id)).toEqual(numbers(1, 8));
    });

    test('large tasks after small ones are all read', async () => {
      const name = randomUUID();
      await store.tasks.addTasks(name, many(50), MANY);
      const large = Buffer.alloc(2 ** 20, 1);
      await store.tasks.addTasks(
        name,
        numbers(1, 20).map((id) => aTask(id, large)),
        MANY,
      );
      expect(seqs(await store.tasks.tasksAfter(name, 0, { tasks: 50, bytes: 2 ** 22 }))).toEqual(numbers(1, 50));
      const found: StoredTask[] = [];
      for (let last = 0; ; last = found.at(-1)?.seq ?? 0) {
        const some = await store.tasks.tasksAfter(name, last, { tasks: 1000, bytes: 2 ** 22 });
        if (some.length === 0) break;
        const weight = some.reduce((sum, { bytes }) => sum + bytes.length, 0);
        expect(weight).toBeLessThanOrEqual(2 ** 22);
        found.push(...some);
      }
      expect(seqs(found)).toEqual(numbers(1, 70));
    });
  });
}
