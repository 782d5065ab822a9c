/** Tasks that may not begin yet, by their origin: they and what is behind them wait, also if they are cancelled. */
import { beforeEach, expect, test } from 'vitest';
import { MemoryTasks } from '../../../support/memoryTaskStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { Master } from './durableMaster.ts';

let clock: VirtualClock;
let store: MemoryTasks;
let master: Master;

beforeEach(() => {
  clock = new VirtualClock();
  store = new MemoryTasks(clock);
  master = new Master(store, clock, 'a');
});

const add = (id: number, origin?: string) =>
  store.add({ id, bytes: new Uint8Array() }, origin === undefined ? {} : { origin });

test('a task waits until its origin is settled, and so does what is behind it', async () => {
  add(1);
  add(2, 'o');
  add(3);
  const asked: string[] = [];
  let may = false;
  master.mayBegin = (origin) => {
    asked.push(origin);
    return may;
  };
  master.elect(1, true);
  await clock.advance(0);
  expect(master.ready()).toEqual([1]);
  master.queue.remove(1);
  await clock.advance(0);
  expect([master.ready(), master.queue.waits, master.queue.blocked]).toEqual([[], false, null]);
  may = true;
  const { wakes } = master;
  master.queue.originsSettled();
  expect(master.wakes).toBeGreaterThan(wakes);
  expect([master.ready(), master.queue.waits]).toEqual([[2, 3], true]);
  expect(new Set(asked)).toEqual(new Set(['o']));
});

test('a suspect waits, too, and is not put on record before', async () => {
  add(1, 'o');
  let may = false;
  master.mayBegin = () => may;
  master.elect(2, false);
  await clock.advance(1000);
  store.news();
  expect(master.ready()).toEqual([]);
  await clock.advance(1000);
  expect(store.news().filter((call) => call.startsWith('setAttempts'))).toEqual([]);
  may = true;
  master.queue.originsSettled();
  master.ready();
  await clock.advance(10);
  expect(store.news()).toContain('setAttempts 1 1/1');
  expect(master.ready()).toEqual([1]);
});
