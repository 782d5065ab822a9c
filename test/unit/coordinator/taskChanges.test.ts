/** Requests of one cluster to change tasks: many at once, each with its own time. */
import { expect, test } from 'vitest';
import { TaskChanges } from '../../../src/coordinator/taskChanges.ts';
import { noOrders } from '../../../src/store/orders.ts';
import type { FullStore } from '../../../src/store/taskStore.ts';
import { MemoryTasks } from '../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { addAll } from '../queue/durable/durableMaster.ts';

test('each waits for no longer than its timeout, however many wait, and its request is there', async () => {
  const clock = new VirtualClock();
  const tasks = new MemoryTasks(clock);
  addAll(tasks, 1, 65, 1);
  let ids = 0;
  const changes = new TaskChanges({
    ...{ name: 'billing', by: 'a', clock, poll: 100, asked: () => {}, newId: () => String(++ids) },
    store: {
      tasks: tasks.connect(),
      readOrders: async () => [noOrders],
      writeOrders: async () => true,
    } as unknown as FullStore,
  });
  const ended: [number, string][] = [];
  const cancel = (id: number, timeout: number) =>
    changes.change({ id, bytes: null, running: false, timeout }).then((outcome) => ended.push([clock.now(), outcome]));
  const start = clock.now();
  for (let id = 1; id <= 64; id++) void cancel(id, id <= 16 ? 60_000 : 1000);
  void cancel(65, 0);
  await clock.advance(1100);
  expect(ended).toHaveLength(49);
  expect(Math.max(...ended.map(([at]) => at - start))).toBeLessThanOrEqual(1000);
  expect(new Set(ended.map(([, outcome]) => outcome))).toEqual(new Set(['requested']));
  expect(tasks.changes.open(100)).toHaveLength(65);
  await clock.advance(60_000);
  expect(ended).toHaveLength(65);
});
