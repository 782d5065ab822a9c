import { beforeEach, expect, test } from 'vitest';
import { Pacing } from '../../../../src/queue/durable/pacing.ts';
import { MemoryQueue } from '../../../../src/queue/memory/memoryQueue.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

let clock: VirtualClock;
let queue: MemoryQueue;
let pacing: Pacing;
let dueAt: number[];

beforeEach(() => {
  clock = new VirtualClock();
  queue = new MemoryQueue();
  for (const id of [1, 2, 3]) queue.push(id, new Uint8Array(1), 0);
  dueAt = [];
  const began = clock.now();
  pacing = new Pacing(queue, {
    clock,
    minInterval: 1000,
    beginsLate: false,
    due: () => dueAt.push(clock.now() - began),
  });
});

const ready = () => pacing.ready(128).map(({ id }) => id);

test('a mastership begins nothing for the whole interval, and hears when that is over', async () => {
  pacing.rest();
  expect([ready(), pacing.waits]).toEqual([[], false]);
  await clock.advance(999);
  expect([ready(), dueAt]).toEqual([[], []]);
  await clock.advance(1);
  expect([ready(), pacing.waits, dueAt]).toEqual([[1], true, [1000]]);
});

test('what is asked for and not begun costs no interval', () => {
  expect([ready(), ready()]).toEqual([[1], [1]]);
});

test('each start is an interval after the one before, one task at a time', async () => {
  expect(ready()).toEqual([1]);
  pacing.rest();
  pacing.remove(1);
  await clock.advance(400);
  expect(ready()).toEqual([]);
  await clock.advance(600);
  expect(ready()).toEqual([2]);
});

test('of a task that may have begun late, the interval counts from its end', async () => {
  pacing = new Pacing(queue, { clock, minInterval: 1000, beginsLate: true, due: () => {} });
  expect(ready()).toEqual([1]);
  pacing.began();
  // It began by now at the latest.
  await clock.advance(1500);
  pacing.remove(1);
  expect(ready()).toEqual([]);
  await clock.advance(999);
  expect(ready()).toEqual([]);
  await clock.advance(1);
  expect([ready(), ready()]).toEqual([[2], [2]]);
});

test('its next task waits for the store alone once the interval is over', async () => {
  pacing.rest();
  Object.defineProperty(queue, 'awaitsStore', { value: true, configurable: true });
  await clock.advance(999);
  expect([pacing.awaitsStore, dueAt]).toEqual([false, []]);
  await clock.advance(1);
  expect(pacing.awaitsStore).toBe(true);
  Object.defineProperty(queue, 'awaitsStore', { value: false });
  expect([pacing.awaitsStore, clock.pending]).toEqual([false, 0]);
});

test('after its end it wakes no one', async () => {
  pacing.rest();
  expect(ready()).toEqual([]);
  pacing.end();
  await clock.advance(5000);
  expect([dueAt, clock.pending]).toEqual([[], 0]);
});
