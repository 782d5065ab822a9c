/** A queue that is held begins nothing, in whichever mode it is held, and lets what runs come to its end. */
import { beforeEach, expect, test } from 'vitest';
import {
  clock,
  dispatcher,
  feed,
  finish,
  remake,
  reset,
  runner,
  settle,
  startWith,
  told,
  watch,
} from './dispatcherBench.ts';
import { done, refused, upTo } from './scriptedRunner.ts';

beforeEach(reset);

test('what runs when it is held comes to its end, and nothing follows until it is held no more', async () => {
  startWith('a', 'b');
  await settle();
  dispatcher.hold();
  const idle = watch(dispatcher.whenIdle().then(() => true));
  await clock.advance(60_000);
  expect(idle.value).toBeUndefined();
  await finish(done);
  expect(idle.value).toBe(true);
  await clock.advance(60_000);
  expect(told).toEqual(['done a']);
  expect(runner.news()).toEqual(['start 1', 'run a #1', 'finish']);
  expect(dispatcher.stopped).toBe(false);
  dispatcher.unhold();
  await settle();
  expect(dispatcher.running).toBe('b');
});

test('the rest of a run is not begun', async () => {
  remake({}, { chunk: { budget: 1e9, mostTasks: 256 } });
  startWith('a');
  await finish(done);
  feed('b', 'c', 'd');
  await settle();
  dispatcher.hold();
  await finish(upTo(1, 'late'));
  feed('e');
  await clock.advance(60_000);
  expect(told.at(-1)).toMatch(/^done b/);
  expect(runner.news().filter((line) => line.startsWith('run'))).toHaveLength(2);
});

test('held before a mastership, it begins nothing in that one; tasks wait', async () => {
  dispatcher.hold();
  startWith('a');
  await clock.advance(60_000);
  expect(runner.news()).toEqual(['start 1']);
  expect(dispatcher.idle).toBe(true);
  await dispatcher.whenIdle();
  dispatcher.unhold();
  await settle();
  expect(dispatcher.running).toBe('a');
});

test('no retry is made while it is held, and the head is tried again afterwards', async () => {
  startWith('a');
  await finish(refused);
  dispatcher.hold();
  await clock.advance(60_000);
  expect(runner.news().filter((line) => line.startsWith('run'))).toHaveLength(1);
  dispatcher.unhold();
  await settle();
  expect(dispatcher.running).toBe('a');
});

test('work that loads when it is held is loaded, and then nothing runs', async () => {
  runner.lazy = true;
  startWith('a');
  await settle();
  dispatcher.hold();
  const idle = watch(dispatcher.whenIdle().then(() => true));
  await settle();
  expect(idle.value).toBeUndefined();
  runner.settleLoad('loaded');
  await settle();
  expect(idle.value).toBe(true);
  expect(dispatcher.running).toBe(null);
});

test('work that waits for its turn to load is not waited for when it is held, and asks again afterwards', async () => {
  runner.lazy = true;
  runner.waits = true;
  startWith('a');
  await settle();
  dispatcher.hold();
  const idle = watch(dispatcher.whenIdle().then(() => true));
  await settle();
  expect(idle.value).toBe(true);
  await clock.advance(60_000);
  expect(runner.news()).toEqual(['start 1', 'load', 'stop waiting']);
  dispatcher.unhold();
  await settle();
  expect(runner.news()).toEqual(['load']);
  runner.settleLoad('loaded');
  await settle();
  expect(dispatcher.running).toBe('a');
});

test('a fence and its end while it is held begin nothing', async () => {
  startWith('a');
  await settle();
  dispatcher.hold();
  dispatcher.fence('late');
  await finish(done);
  dispatcher.resume();
  await clock.advance(60_000);
  expect(runner.news().filter((line) => line.startsWith('run'))).toHaveLength(1);
});

test('a mastership that ends while it is held drains as any other', async () => {
  startWith('a', 'b');
  await settle();
  dispatcher.hold();
  const drained = watch(dispatcher.drain());
  await finish(done);
  expect(drained.value).toBe('drained');
  expect(dispatcher.stopped).toBe(true);
});
