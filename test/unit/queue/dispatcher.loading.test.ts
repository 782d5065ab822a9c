/** The mode loading: when the work is loaded, and what happens if it does not load. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  clock,
  dispatcher,
  feed,
  finish,
  finishEnd,
  queue,
  reset,
  runner,
  settle,
  startWith,
  told,
} from './dispatcherBench.ts';
import { done, notRun, refused } from './scriptedRunner.ts';

beforeEach(reset);

describe('work that has to be loaded', () => {
  beforeEach(() => {
    runner.lazy = true;
  });

  test('is loaded when a task waits, not before, and once', async () => {
    startWith();
    expect(runner.news()).toEqual(['start 1']);
    feed('a');
    feed('b');
    await settle();
    expect([runner.news(), dispatcher.running, told]).toEqual([['load'], null, []]);
    runner.settleLoad('loaded');
    await settle();
    expect([runner.news(), told]).toEqual([['run a #1'], ['loaded']]);
    await finish(done);
    expect(runner.news()).toEqual(['run b #1']);
  });

  test('is said to run soon if its source waits for the store alone, and nothing else holds it up', async () => {
    const answers: boolean[] = [];
    const ask = () => answers.push(runner.awaitsStore());
    Object.defineProperty(queue, 'awaitsStore', { value: true });
    startWith('a');
    ask();
    runner.settleLoad('loaded');
    await settle();
    ask();
    expect(answers.splice(0)).toEqual([false, false]);
    await finish(done);
    ask();
    dispatcher.hold();
    ask();
    dispatcher.unhold();
    ask();
    expect(answers.splice(0)).toEqual([true, false, true]);
    feed('b');
    await finish(refused);
    ask();
    dispatcher.halt('over');
    ask();
    expect(answers).toEqual([false, false]);
  });

  test('whose source waits for nothing is not', async () => {
    startWith('a');
    runner.settleLoad('loaded');
    await settle();
    await finish(done);
    expect(runner.awaitsStore()).toBe(false);
  });

  test('is loaded again when its thread has gone, for the next task', async () => {
    startWith('a');
    runner.settleLoad('loaded');
    await settle();
    await finish(done);
    runner.loaded = false;
    await clock.advance(10_000);
    runner.news();
    feed('b');
    expect(runner.news()).toEqual(['load']);
  });

  test('that does not load is the failure of no task, and nothing more is begun until the mastership is given up', async () => {
    startWith('a', 'b');
    runner.news();
    runner.settleLoad('failed');
    await settle();
    feed('c');
    await clock.advance(100_000);
    expect([told, runner.news(), queue.tasks.head()?.failed]).toEqual([['unloadable too much'], [], 0]);
    dispatcher.halt('given up');
    await settle();
    expect([dispatcher.stopped, runner.news()]).toEqual([true, ['end']]);
    dispatcher.start(2);
    expect(runner.news()).toEqual(['start 2', 'load']);
    runner.settleLoad('loaded');
    await settle();
    expect(runner.news()).toEqual(['run a #1']);
  });

  test.each([
    ['after the thread has ended', true],
    ['before the thread has ended', false],
  ])('that does not load is not loaded again under a mastership that is saved %s', async (_when, endsAtOnce) => {
    startWith('a', 'b');
    runner.settleLoad('failed');
    await settle();
    runner.endsAtOnce = endsAtOnce;
    dispatcher.fence('about to end');
    await settle();
    runner.news();
    dispatcher.resume();
    if (!endsAtOnce) await finishEnd(notRun);
    feed('c');
    dispatcher.fence('about to end');
    dispatcher.resume();
    await clock.advance(100_000);
    expect([runner.news(), dispatcher.stopped, told]).toEqual([[], true, ['unloadable too much']]);
    dispatcher.halt('given up');
    dispatcher.start(2);
    expect(runner.news()).toEqual(['start 2', 'load']);
  });

  test('is not asked of a source that may not run its task', async () => {
    queue.push('a', new Uint8Array(1), 0);
    queue.hold();
    dispatcher.start(1);
    await settle();
    expect(runner.news()).toEqual(['start 1']);
  });

  test.each([
    ['fence', () => dispatcher.fence('about to end'), ['end']],
    ['halt', () => dispatcher.halt('lost'), ['end']],
    ['drain', () => dispatcher.drain(), ['end']],
  ])('does not hold up a %s, and what comes of it then is of no use', async (_what, end, news) => {
    startWith('a');
    runner.news();
    end();
    await settle();
    expect([dispatcher.stopped, runner.news(), told]).toEqual([true, news, []]);
    await clock.advance(10_000);
    expect([runner.news(), told]).toEqual([[], []]);
  });

  test('a fence that ends a load is followed by another load when the mastership is saved', async () => {
    startWith('a');
    dispatcher.fence('about to end');
    await settle();
    runner.news();
    dispatcher.resume();
    expect(runner.news()).toEqual(['start 1', 'load']);
  });
});
