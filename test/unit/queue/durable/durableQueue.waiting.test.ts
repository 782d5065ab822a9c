/** When the queue says that its next task waits for an answer of the store alone: till then its thread stays. */
import { beforeEach, expect, test } from 'vitest';
import { atOnce, MemoryTasks } from '../../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { addAll, Master, type MasterOptions, only } from './durableMaster.ts';

let clock: VirtualClock;
let store: MemoryTasks;

beforeEach(() => {
  clock = new VirtualClock();
  store = new MemoryTasks(clock);
});

async function elected(clean: boolean, options?: MasterOptions): Promise<Master> {
  const master = new Master(store, clock, 'a', options);
  master.elect(1, clean);
  await clock.advance(0);
  return master;
}

test('while a suspect goes on record, and until it is acknowledged', async () => {
  addAll(store, 1, 2);
  const master = await elected(false);
  const slow = { there: 10, back: 10 };
  master.fate = (call) => (call === 'setAttempts' || call === 'acknowledge' ? slow : atOnce);
  const said: boolean[] = [];
  const ask = async (ms: number) => {
    await clock.advance(ms);
    said.push(master.queue.awaitsStore);
  };
  // Nothing is under way, then the first goes on record, and may run.
  await ask(0);
  master.ready();
  await ask(19);
  await ask(1);
  expect(said.splice(0)).toEqual([false, true, false]);
  // It is done, and acknowledged; then the second goes on record.
  master.queue.remove(1);
  await ask(19);
  await ask(1);
  master.ready();
  await ask(19);
  await ask(1);
  expect(said.splice(0)).toEqual([true, false, true, false]);
  // What is to be acknowledged then holds nothing up.
  master.queue.remove(1);
  await ask(1);
  master.queue.endReign();
  await ask(0);
  expect(said).toEqual([false, false]);
});

test('not while it is blocked', async () => {
  addAll(store, 1, 2);
  const master = await elected(true, { attempts: 1, exhausted: 'block' });
  master.fate = only('setAttempts', { there: 10, back: 10 });
  master.fail(master.head, 1);
  expect(master.queue.awaitsStore).toBe(true);
  await clock.advance(20);
  expect([master.queue.blocked, master.queue.awaitsStore]).toEqual([1, false]);
});

test('while an empty window is filled', async () => {
  addAll(store, 1, 2, 8 * 1024 * 1024);
  const master = await elected(true);
  master.fate = only('tasksAfter', { there: 10, back: 10 });
  expect(master.ready()).toEqual([1]);
  master.queue.remove(1);
  expect(master.queue.awaitsStore).toBe(true);
  await clock.advance(20);
  expect([master.ready(), master.queue.awaitsStore]).toEqual([[2], false]);
});
