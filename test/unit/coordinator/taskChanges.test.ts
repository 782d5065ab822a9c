/** Requests of one cluster to change tasks: many at once, each with its own time. */
import { expect, test } from 'vitest';
import { TaskChanges } from '../../../src/coordinator/taskChanges.ts';
import { noOrders } from '../../../src/store/orders.ts';
import type { FullStore } from '../../../src/store/taskStore.ts';
import { MemoryTasks } from '../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { addAll } from '../queue/durable/durableMaster.ts';

interface World {
  readonly clock: VirtualClock;
  readonly tasks: MemoryTasks;
  /** When each call ended, with its outcome. */
  readonly ended: [number, string][];
  cancel(id: number, timeout: number): void;
}

function world(stored: number): World {
  const clock = new VirtualClock();
  const tasks = new MemoryTasks(clock);
  addAll(tasks, 1, stored, 1);
  let ids = 0;
  const changes = new TaskChanges({
    ...{ name: 'billing', by: 'a', clock, poll: 100, asked: () => {}, newId: () => String(++ids) },
    store: {
      tasks: tasks.connect(() => ({ there: 1, back: 1 })),
      readOrders: async () => [noOrders],
      writeOrders: async () => true,
    } as unknown as FullStore,
  });
  const ended: World['ended'] = [];
  const start = clock.now();
  const cancel = (id: number, timeout: number): void => {
    changes
      .change({ id, bytes: null, running: false, timeout })
      .then((outcome) => ended.push([clock.now() - start, outcome]));
  };
  return { clock, tasks, ended, cancel };
}

const outcomes = ({ ended }: World) => ended.map(([, outcome]) => outcome);

test('each waits for no longer than its timeout, and those without a turn until then are not written', async () => {
  const all = world(65);
  const { clock, tasks, ended, cancel } = all;
  for (let id = 1; id <= 64; id++) cancel(id, id <= 16 ? 60_000 : 1000);
  cancel(65, 0);
  await clock.advance(1100);
  expect(outcomes(all)).toEqual(Array(49).fill('full'));
  expect(Math.max(...ended.map(([at]) => at))).toBeLessThanOrEqual(1000);
  expect(tasks.changes.open(100)).toHaveLength(16);
  await clock.advance(60_000);
  expect(outcomes(all).slice(49)).toEqual(Array(16).fill('requested'));
  // Their turns came when they were over.
  expect(tasks.changes.open(100)).toHaveLength(16);
  cancel(65, 1000);
  await clock.advance(100);
  expect(tasks.changes.open(100)).toHaveLength(17);
});

test.each([0, 10_000])('no more than 16 of 5000 are written, with a timeout of %d ms', async (timeout) => {
  const all = world(5000);
  for (let id = 1; id <= 5000; id++) all.cancel(id, timeout);
  await all.clock.advance(timeout + 100);
  expect(all.ended).toHaveLength(5000);
  expect(outcomes(all).filter((outcome) => outcome === 'requested')).toHaveLength(16);
  expect(outcomes(all).filter((outcome) => outcome === 'full')).toHaveLength(4984);
  expect(all.tasks.changes.open(5000)).toHaveLength(16);
});

test('a few without any time to wait are all written', async () => {
  const all = world(16);
  for (let id = 1; id <= 16; id++) all.cancel(id, 0);
  await all.clock.advance(100);
  expect(outcomes(all)).toEqual(Array(16).fill('requested'));
  expect(all.tasks.changes.open(100)).toHaveLength(16);
});
