/** A task is taken out of the run under way, which the owner changes or cancels. */
import assert from 'node:assert/strict';
import { beforeEach, expect, test } from 'vitest';
import type { QueuedTask } from '../../../src/queue/runner.ts';
import {
  CANCEL_TIMEOUT,
  clock,
  dispatcher,
  feed,
  finish,
  queue,
  remake,
  reset,
  runner,
  settle,
  startWith,
  told,
  watch,
} from './dispatcherBench.ts';
import { done, doneIn, postponed, refused, thrown, upTo } from './scriptedRunner.ts';

beforeEach(reset);

const taskAt = (index: number): QueuedTask => {
  const task = queue.ready(100)[index];
  assert.ok(task !== undefined);
  return task;
};

/** A run of several tasks. */
async function runOfSome(): Promise<void> {
  remake({}, { chunk: { budget: 1e9, mostTasks: 256 } });
  startWith('a');
  await finish(doneIn(1));
  feed('b', 'c', 'd', 'e', 'f', 'g');
  await settle();
  while (runner.given < 2) await finish(doneIn(1));
  runner.news();
  told.length = 0;
}

test('a task that is in no run is apart already', async () => {
  startWith('a', 'b');
  await settle();
  expect(dispatcher.apart(taskAt(1), true)).toBeNull();
  expect(runner.news()).not.toContain('finish');
});

test('a run is ended after the task that runs, and then the task is apart', async () => {
  startWith('a');
  await settle();
  const apart = dispatcher.apart(taskAt(0), false);
  assert.ok(apart !== null);
  const ended = watch(apart.then(() => true));
  await settle();
  expect(ended.value).toBeUndefined();
  expect(runner.news()).toEqual(['start 1', 'run a #1', 'finish']);
  await finish(done);
  expect([ended.value, told]).toEqual([true, ['done a']]);
});

test('a running task that is cancelled is told so, and its failure counts as no attempt', async () => {
  startWith('a');
  await settle();
  const [task] = [taskAt(0)];
  void dispatcher.apart(task, true);
  expect(runner.news()).toEqual(['start 1', 'run a #1', 'finish', `cancel a ${CANCEL_TIMEOUT}`]);
  await finish(thrown);
  expect([told, task.failed]).toEqual([[], 0]);
  // The owner has not taken it out, so it would run again at once, without a delay.
  expect(dispatcher.running).toBe('a');
});

test('a running task that is cancelled and ends well is done', async () => {
  startWith('a');
  await settle();
  void dispatcher.apart(taskAt(0), true);
  await finish(done);
  expect(told).toEqual(['done a']);
});

test('a later task of a run that is cancelled is told only once it runs, and the one before it fails as ever', async () => {
  await runOfSome();
  const given = runner.given;
  expect(given).toBeGreaterThan(1);
  const last = taskAt(given - 1);
  void dispatcher.apart(last, true);
  expect(runner.news()).toEqual(['finish']);
  await clock.advance(20);
  expect(runner.news()).toEqual([]);
  runner.doneSoFar = given - 1;
  await clock.advance(20);
  expect(runner.news()).toEqual([`cancel ${last.id} ${CANCEL_TIMEOUT}`]);
  await finish(upTo(given - 1, 'thrown'));
  expect(told.filter((line) => line.startsWith('failed'))).toEqual([]);
});

test('of a run that ends before the cancelled task is begun, the failure of another one counts', async () => {
  await runOfSome();
  void dispatcher.apart(taskAt(runner.given - 1), true);
  await finish(refused);
  expect(told.filter((line) => line.startsWith('failed'))).toHaveLength(1);
});

test('a fence ends what is cancelled, too', async () => {
  startWith('a');
  await settle();
  const apart = dispatcher.apart(taskAt(0), true);
  assert.ok(apart !== null);
  const ended = watch(apart.then(() => true));
  dispatcher.fence('the lease is about to end');
  await clock.advance(1000);
  expect(ended.value).toBe(true);
  expect(told).toEqual([]);
});

test.each([1, 2])(
  'of two tasks of a run that are cancelled, number %i ends as cancelled if it was told',
  async (which) => {
    await runOfSome();
    const [first, second] = [taskAt(0), taskAt(1)];
    void dispatcher.apart(first, true);
    void dispatcher.apart(second, true);
    expect(runner.news()).toEqual(['finish', `cancel ${first.id} ${CANCEL_TIMEOUT}`, 'finish']);
    if (which === 2) {
      runner.doneSoFar = 1;
      await clock.advance(20);
      expect(runner.news()).toEqual([`cancel ${second.id} ${CANCEL_TIMEOUT}`]);
    }
    await finish(upTo(which - 1, 'thrown'));
    expect([first.failed, second.failed]).toEqual([0, 0]);
    expect(told.filter((line) => line.startsWith('failed'))).toEqual([]);
  },
);

test.each([
  ['postponed', postponed(86_400_000)],
  ['failed', thrown],
])('a task that has %s and is taken out holds up no other one', async (_what, ending) => {
  let left: QueuedTask | undefined;
  const source = Object.create(queue, { isHead: { value: (task: QueuedTask) => task !== left } });
  remake({}, { queue: source, retry: { minDelay: 1e6, maxDelay: 1e6, attempts: 9 } });
  startWith('a', 'b');
  await settle();
  const head = taskAt(0);
  await finish(ending);
  runner.news();
  // As long as it is there, it is waited for.
  dispatcher.poke();
  await settle();
  expect(runner.news()).toEqual([]);
  left = head;
  queue.remove(1);
  dispatcher.poke();
  await settle();
  expect(runner.news()).toEqual(['run b #1']);
});
