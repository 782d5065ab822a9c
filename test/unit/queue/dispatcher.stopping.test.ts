/** The modes fenced, parked, halting and draining: how running work is stopped, and what happens if it does not stop. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  clock,
  dispatcher,
  feed,
  finish,
  finishEnd,
  GRACE,
  queue,
  remake,
  reset,
  runner,
  STOP_TIMEOUT,
  settle,
  startWith,
  told,
  watch,
} from './dispatcherBench.ts';
import { done, notRun, refused, thrown } from './scriptedRunner.ts';

beforeEach(reset);

describe('fence', () => {
  test('aborts the run at once, and ends the runner when the run has ended', async () => {
    startWith('a', 'b');
    dispatcher.fence('about to end');
    await settle();
    expect(runner.news()).toEqual(['start 1', 'run a #1', 'abort: about to end']);
    expect(dispatcher.stopped).toBe(false);
    await finish(thrown);
    expect(runner.news()).toEqual(['end']);
    expect([dispatcher.stopped, dispatcher.running]).toEqual([true, null]);
    feed('c');
    await clock.advance(60_000);
    expect(runner.news()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('ends the runner after a quarter of the grace when the run goes on', async () => {
    startWith('a');
    dispatcher.fence('about to end');
    await clock.advance(GRACE / 4 - 1);
    expect(runner.news()).not.toContain('end');
    await clock.advance(1);
    expect(runner.news()).toEqual(['end']);
    expect(dispatcher.stopped).toBe(true);
  });

  test.each([
    ['idle', async () => startWith()],
    [
      'in the delay after a failure',
      async () => {
        startWith('a');
        await finish(refused);
      },
    ],
  ])('ends the runner at once when it is %s', async (_name, arrange) => {
    await arrange();
    runner.news();
    dispatcher.fence('about to end');
    expect(runner.news()).toEqual(['end']);
    expect(dispatcher.stopped).toBe(false);
    await settle();
    expect(dispatcher.stopped).toBe(true);
    await clock.advance(60_000);
    expect(runner.news()).toEqual([]);
  });

  test('the interruption is no failure: the task stays at the head and comes again with the same attempt', async () => {
    startWith('a', 'b');
    await finish(refused);
    await clock.advance(100);
    dispatcher.fence('about to end');
    await finish(refused);
    dispatcher.resume();
    await settle();
    expect(told).toEqual(['failed a #1 the work returned false']);
    expect(runner.news()).toEqual([
      'start 1',
      'run a #1',
      'run a #2',
      'abort: about to end',
      'end',
      'start 1',
      'run a #2',
    ]);
  });

  test('a run that ends well nevertheless is done, because the mastership lasts', async () => {
    startWith('a', 'b');
    dispatcher.fence('about to end');
    await finish(done);
    expect(told).toEqual(['done a']);
    expect([...queue.tasks.ids()]).toEqual(['b']);
    dispatcher.resume();
    expect(dispatcher.running).toBe('b');
  });

  test('a result counts too when it comes with the end of the runner', async () => {
    runner.endsAtOnce = false;
    startWith('a');
    dispatcher.fence('about to end');
    await clock.advance(GRACE / 4);
    await finishEnd(done);
    expect(told).toEqual(['done a']);
    expect(dispatcher.stopped).toBe(true);
  });

  test('a resume before all has ended waits for it; a fence after it takes it back', async () => {
    runner.endsAtOnce = false;
    startWith('a');
    dispatcher.fence('about to end');
    dispatcher.resume();
    await finish(thrown);
    expect(runner.news()).toEqual(['start 1', 'run a #1', 'abort: about to end', 'end']);
    dispatcher.fence('again');
    await finishEnd(notRun);
    expect(runner.news()).toEqual([]);
    expect(dispatcher.stopped).toBe(true);
    dispatcher.resume();
    expect(runner.news()).toEqual(['start 1', 'run a #1']);
  });

  test('waits for the run as well when the runner says first that it has ended', async () => {
    runner.endsAtOnce = false;
    startWith('a', 'b');
    dispatcher.fence('about to end');
    dispatcher.resume();
    await clock.advance(GRACE / 4);
    runner.finishEndFirst();
    await settle();
    expect(runner.news()).toEqual(['start 1', 'run a #1', 'abort: about to end', 'end']);
    await finish(done);
    expect(told).toEqual(['done a']);
    expect(runner.news()).toEqual(['start 1', 'run b #1']);
  });

  test('without a mastership fence, resume and halt do nothing', async () => {
    feed('a');
    dispatcher.fence('about to end');
    dispatcher.resume();
    dispatcher.halt('lost');
    await clock.advance(60_000);
    expect([runner.news(), told]).toEqual([[], []]);
  });
});

describe('halt', () => {
  test('after a fence it ends what is left, and a late true counts no more', async () => {
    runner.endsAtOnce = false;
    startWith('a', 'b');
    dispatcher.fence('about to end');
    await clock.advance(GRACE / 8);
    dispatcher.halt('lost');
    await finishEnd(done);
    expect(told).toEqual([]);
    expect([...queue.tasks.ids()]).toEqual(['a', 'b']);
    expect(dispatcher.stopped).toBe(true);
    dispatcher.resume();
    await clock.advance(60_000);
    expect(runner.running).toBeUndefined();
    expect(told).toEqual([]);
  });

  test('without a fence it ends the work at once: another may be at it already', async () => {
    startWith('a');
    dispatcher.halt('lost');
    expect(runner.news()).toEqual(['start 1', 'run a #1', 'abort: lost', 'end']);
    await clock.advance(0);
    expect(dispatcher.stopped).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('panics once when the work has not ended after the grace, and still sees its end', async () => {
    runner.endsAtOnce = false;
    startWith('a');
    dispatcher.fence('about to end');
    await clock.advance(GRACE - 1);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual(['panic ERR_WORK_NOT_STOPPED']);
    dispatcher.halt('lost');
    await clock.advance(60_000);
    expect(told).toHaveLength(1);
    expect([dispatcher.stopped, dispatcher.running]).toEqual([false, 'a']);
    await finishEnd(done);
    expect([dispatcher.stopped, dispatcher.running]).toEqual([true, null]);
    expect(told).toHaveLength(1);
  });

  test.each([
    ['the work on task "a"', ['a']],
    ['the task thread', []],
  ])('the panic says that %s would not stop', async (what, ids) => {
    const panics: string[] = [];
    remake({ panic: ({ message }) => panics.push(message) });
    runner.endsAtOnce = false;
    startWith(...ids);
    dispatcher.halt('lost');
    await clock.advance(1000);
    expect(panics).toEqual([`${what} would not stop in time and may still run`]);
  });

  test('work that may go on for a while after a halt has at least the grace to end', async () => {
    runner.endsAtOnce = false;
    startWith('a');
    dispatcher.halt('lost');
    await clock.advance(GRACE - 1);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual(['panic ERR_WORK_NOT_STOPPED']);
  });

  test('a thread in which nothing runs has a second to exit before that is worth a panic', async () => {
    runner.endsAtOnce = false;
    startWith();
    dispatcher.halt('lost');
    await clock.advance(999);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual(['panic ERR_WORK_NOT_STOPPED']);
  });

  test('the follower may take the interrupted head out, before or after the run has ended', async () => {
    runner.endsAtOnce = false;
    startWith('a', 'b', 'c');
    dispatcher.halt('lost');
    queue.tasks.delete('a');
    await finishEnd(done);
    queue.tasks.delete('b');
    dispatcher.start(2);
    expect(dispatcher.running).toBe('c');
    expect(told).toEqual([]);
  });

  test('a mastership that begins before the old work has ended waits for it, and takes no result of it', async () => {
    runner.endsAtOnce = false;
    startWith('a');
    dispatcher.halt('lost');
    dispatcher.start(2);
    await clock.advance(GRACE / 4);
    expect(runner.news()).toEqual(['start 1', 'run a #1', 'abort: lost', 'end']);
    await finishEnd(done);
    expect(told).toEqual([]);
    expect(runner.news()).toEqual(['start 2', 'run a #1']);
    await finish(done);
    expect(told).toEqual(['done a']);
  });

  test.each([
    ['fenced', () => dispatcher.fence('about to end')],
    ['halted', () => dispatcher.halt('lost again')],
  ])('a mastership that waits for the old work does not begin once it is %s', async (_name, act) => {
    runner.endsAtOnce = false;
    startWith('a');
    dispatcher.halt('lost');
    await clock.advance(GRACE / 4);
    dispatcher.start(2);
    act();
    await finishEnd(notRun);
    expect(runner.news().filter((each) => each.startsWith('start'))).toEqual(['start 1']);
    expect(dispatcher.stopped).toBe(true);
  });

  test('a parked mastership that is lost cannot be resumed', async () => {
    startWith('a');
    dispatcher.fence('about to end');
    await finish(thrown);
    dispatcher.halt('lost');
    dispatcher.resume();
    expect(dispatcher.stopped).toBe(true);
    await clock.advance(60_000);
    expect(told).toEqual([]);
    dispatcher.start(2);
    expect(dispatcher.running).toBe('a');
  });
});

describe('drain', () => {
  test('lets the running task finish, and starts none', async () => {
    startWith('a', 'b');
    const drained = watch(dispatcher.drain());
    await clock.advance(STOP_TIMEOUT - 1);
    expect(drained.value).toBeUndefined();
    await finish(done);
    expect(told).toEqual(['done a']);
    expect(runner.news()).toEqual(['start 1', 'run a #1', 'finish', 'end']);
    expect(drained.value).toBe('drained');
    expect([...queue.tasks.ids()]).toEqual(['b']);
    await clock.advance(60_000);
    expect(told).toEqual(['done a']);
  });

  test('a failure in time is told as one, and not tried again', async () => {
    startWith('a');
    const drained = watch(dispatcher.drain());
    await finish(refused);
    expect(told).toEqual(['failed a #1 the work returned false']);
    expect(drained.value).toBe('drained');
    await clock.advance(60_000);
    expect(runner.news()).toEqual(['start 1', 'run a #1', 'finish', 'end']);
  });

  test.each([
    ['off', async () => {}],
    ['idle', async () => startWith()],
    [
      'waiting to try again',
      async () => {
        startWith('a');
        await finish(refused);
      },
    ],
    [
      'parked',
      async () => {
        startWith('a');
        dispatcher.fence('about to end');
        await finish(thrown);
      },
    ],
  ])('is soon done when it is %s', async (_name, arrange) => {
    await arrange();
    const drained = watch(dispatcher.drain());
    await settle();
    expect(drained.value).toBe('drained');
    expect([dispatcher.stopped, runner.state, clock.pending]).toEqual([true, 'absent', 0]);
    dispatcher.resume();
    feed('b');
    await clock.advance(60_000);
    expect(runner.running).toBeUndefined();
  });

  test('over its time it aborts the work, and a grace later ends the runner', async () => {
    startWith('a');
    const drained = watch(dispatcher.drain());
    await clock.advance(STOP_TIMEOUT);
    expect(runner.news()).toEqual(['start 1', 'run a #1', 'finish', 'abort: the member stops']);
    await clock.advance(GRACE - 1);
    expect(runner.news()).toEqual([]);
    await clock.advance(1);
    expect(runner.news()).toEqual(['end']);
    expect([drained.value, told, clock.pending]).toEqual(['drained', [], 0]);
  });

  test('waits for the overdue run as well when the runner says first that it has ended', async () => {
    runner.endsAtOnce = false;
    startWith('a');
    const drained = watch(dispatcher.drain());
    await clock.advance(STOP_TIMEOUT + GRACE);
    runner.finishEndFirst();
    await settle();
    expect(drained.value).toBeUndefined();
    await finish(done);
    expect([drained.value, told]).toEqual(['drained', ['done a']]);
  });

  test.each([
    ['a true after the abort is done', done, ['done a']],
    ['a failure after the abort is none', thrown, []],
  ])('%s', async (_name, outcome, expected) => {
    startWith('a');
    const drained = watch(dispatcher.drain());
    await clock.advance(STOP_TIMEOUT + 1);
    await finish(outcome);
    expect([drained.value, told]).toEqual(['drained', expected]);
  });

  test('work that nothing can stop makes it stuck, with one panic', async () => {
    runner.endsAtOnce = false;
    startWith('a');
    const drains = [watch(dispatcher.drain()), watch(dispatcher.drain())];
    await clock.advance(STOP_TIMEOUT + 2 * GRACE - 1);
    expect([drains.map((each) => each.value), told]).toEqual([[undefined, undefined], []]);
    await clock.advance(1);
    expect([drains.map((each) => each.value), told]).toEqual([['stuck', 'stuck'], ['panic ERR_WORK_NOT_STOPPED']]);
    const late = watch(dispatcher.drain());
    dispatcher.halt('abandoned');
    await clock.advance(60_000);
    expect([late.value, told.length, dispatcher.stopped]).toEqual(['stuck', 1, false]);
    await finishEnd(done);
    expect([told.length, dispatcher.stopped]).toEqual([1, true]);
  });

  test('during a fence it waits for the same end, and the result still counts', async () => {
    startWith('a', 'b');
    dispatcher.fence('about to end');
    const drained = watch(dispatcher.drain());
    dispatcher.resume();
    await finish(done);
    expect([drained.value, told]).toEqual(['drained', ['done a']]);
    expect(runner.news().filter((each) => each === 'end' || each.startsWith('start'))).toEqual(['start 1', 'end']);
  });

  test('a fence during it ends the work within the grace, whatever time was left', async () => {
    startWith('a');
    const drained = watch(dispatcher.drain());
    dispatcher.fence('about to end');
    expect(runner.news().at(-1)).toBe('abort: about to end');
    dispatcher.resume();
    await clock.advance(GRACE / 4);
    expect([drained.value, runner.news()]).toEqual(['drained', ['end']]);
  });

  test('a fence after its abort does not put the end off, but hurries it', async () => {
    startWith('a');
    void dispatcher.drain();
    await clock.advance(STOP_TIMEOUT + 1);
    runner.news();
    dispatcher.fence('about to end');
    await clock.advance(GRACE / 4);
    expect(runner.news()).toEqual(['abort: about to end', 'end']);
  });

  test('the work may close what it has opened until stopTimeout is over, or a fence hurries it', async () => {
    runner.endsAtOnce = false;
    startWith('a');
    void dispatcher.drain();
    await clock.advance(10);
    await finish(done);
    expect(runner.stopUntil).toBe(STOP_TIMEOUT);
    dispatcher.fence('about to end');
    expect(runner.stopUntil).toBe(clock.now() + GRACE / 4);
    dispatcher.halt('lost');
    expect(runner.stopUntil).toBe(clock.now());
    await finishEnd(notRun);
    expect(dispatcher.stopped).toBe(true);
  });

  test.each([
    ['a fence, a part of the grace', () => dispatcher.fence('about to end'), GRACE / 4],
    ['a halt, no time', () => dispatcher.halt('lost'), 0],
    ['a halt while no other member can be master, a part of that', () => dispatcher.halt('resigned', 100), 25],
    ['a halt long before that, a part of the grace', () => dispatcher.halt('resigned', 10_000), GRACE / 4],
  ])('and with %s', async (_title, call, time) => {
    startWith();
    await clock.advance(7);
    call();
    expect([runner.news().at(-1), runner.stopUntil]).toEqual(['end', 7 + time]);
  });

  test('a fence and a resume during it begin nothing again', async () => {
    runner.endsAtOnce = false;
    startWith();
    const drained = watch(dispatcher.drain());
    dispatcher.fence('about to end');
    dispatcher.resume();
    feed('a');
    await finishEnd(notRun);
    expect([drained.value, dispatcher.stopped]).toEqual(['drained', true]);
    dispatcher.resume();
    await settle();
    expect(runner.news()).toEqual(['start 1', 'end']);
  });

  test('a halt during it: no result counts, and after the grace it is stuck', async () => {
    runner.endsAtOnce = false;
    startWith('a');
    const drained = watch(dispatcher.drain());
    dispatcher.halt('lost');
    await clock.advance(GRACE);
    expect([drained.value, told]).toEqual(['stuck', ['panic ERR_WORK_NOT_STOPPED']]);
    await finishEnd(done);
    expect([told.length, dispatcher.stopped, [...queue.tasks.ids()]]).toEqual([1, true, ['a']]);
  });

  test('a new mastership whose old work is stuck does not begin any more', async () => {
    runner.endsAtOnce = false;
    startWith('a');
    dispatcher.halt('lost');
    await clock.advance(GRACE);
    dispatcher.start(2);
    const drained = watch(dispatcher.drain());
    await settle();
    expect(drained.value).toBe('stuck');
    await finishEnd(notRun);
    expect([dispatcher.stopped, runner.running]).toEqual([true, undefined]);
  });

  test('after it a new mastership may begin', async () => {
    startWith('a');
    const drained = dispatcher.drain();
    await finish(refused);
    await drained;
    dispatcher.start(2);
    expect(runner.news().slice(-2)).toEqual(['start 2', 'run a #2']);
  });
});

describe('with a process to kill', () => {
  beforeEach(() => {
    remake({}, { killProcess: () => told.push(`killed at ${clock.now()}`) });
    runner.endsAtOnce = false;
  });

  test('a fence kills it when the lease ends and the work has not, and says nothing else', async () => {
    startWith('a');
    dispatcher.fence('about to end');
    await clock.advance(GRACE - 1);
    expect(told).toEqual([]);
    dispatcher.halt('the lease has ended');
    await clock.advance(60_000);
    expect(told).toEqual([`killed at ${GRACE}`]);
  });

  test('work that ends in time spares it', async () => {
    startWith('a');
    dispatcher.fence('about to end');
    await clock.advance(GRACE - 1);
    await finishEnd(thrown);
    await clock.advance(60_000);
    expect(told).toEqual([]);
  });

  test('a halt kills it after as long as no other member can be master, and at least the grace', async () => {
    startWith('a');
    dispatcher.halt('given up', 3000);
    await clock.advance(60_000);
    expect(told).toEqual(['killed at 3000']);
  });

  test.each([
    [400, 150],
    [60, 60],
  ])(
    'a halt without time left, at a grace of %d ms, kills it after %d: a free thread has exited by then',
    async (grace, at) => {
      remake({}, { grace, killProcess: () => told.push(`killed at ${clock.now()}`) });
      startWith('a');
      dispatcher.halt('slept past its lease');
      await clock.advance(60_000);
      expect(told).toEqual([`killed at ${at}`]);
    },
  );

  test('work cannot outlive a lease that was saved: it only panics, until the next fence', async () => {
    startWith('a');
    dispatcher.fence('about to end');
    dispatcher.resume();
    await clock.advance(GRACE);
    expect(told).toEqual(['panic ERR_WORK_NOT_STOPPED']);
    await clock.advance(1000);
    dispatcher.fence('about to end again');
    await clock.advance(GRACE);
    expect(told.slice(1)).toEqual([`killed at ${clock.now()}`]);
  });

  test('a drain that gets stuck says so, and kills it only once the mastership was given up', async () => {
    startWith('a');
    const drained = watch(dispatcher.drain());
    await clock.advance(STOP_TIMEOUT + 2 * GRACE);
    expect([drained.value, told]).toEqual(['stuck', ['panic ERR_WORK_NOT_STOPPED']]);
    dispatcher.halt('abandoned', 2000);
    await clock.advance(2000);
    expect(told.slice(1)).toEqual([`killed at ${STOP_TIMEOUT + 2 * GRACE + 2000}`]);
  });
});

test('a mastership cannot begin inside another', () => {
  startWith();
  expect(() => dispatcher.start(2)).toThrow(/not halted/);
});

describe('the exit of the process', () => {
  test('ends what runs at once, and a drain waits for that', async () => {
    startWith('a', 'b');
    await settle();
    dispatcher.endNow();
    const drained = watch(dispatcher.drain());
    expect(runner.news()).toEqual(['start 1', 'run a #1', 'abort: the process exits', 'end']);
    expect(runner.stopUntil).toBe(clock.now());
    await settle();
    expect([drained.value, dispatcher.stopped, told]).toEqual(['drained', true, []]);
  });

  test('hurries a drain that is under way', async () => {
    startWith('a');
    await settle();
    const drained = watch(dispatcher.drain());
    await clock.advance(1);
    runner.news();
    dispatcher.endNow();
    expect(runner.news()).toEqual(['abort: the process exits', 'end']);
    await settle();
    expect(drained.value).toBe('drained');
  });

  test('finds nothing to end without a mastership', async () => {
    dispatcher.endNow();
    expect(runner.news()).toEqual([]);
    expect(await dispatcher.drain()).toBe('drained');
  });
});

test('a sleep of the machine counts against work that must end with the lease', async () => {
  let killed = 0;
  remake({}, { killProcess: () => killed++ });
  runner.endsAtOnce = false;
  startWith('a');
  await settle();
  dispatcher.halt('another should work', 10_000);
  clock.sleep(9_000);
  await clock.advance(700);
  expect(killed).toBe(0);
  await clock.advance(700);
  expect(killed).toBe(1);
});
