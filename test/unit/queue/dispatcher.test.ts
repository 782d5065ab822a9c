import { beforeEach, describe, expect, test } from 'vitest';
import { Dispatcher } from '../../../src/queue/dispatcher.ts';
import type { TaskId } from '../../../src/task.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { done, notRun, refused, ScriptedRunner, thrown } from './scriptedRunner.ts';
import { TestQueue } from './testQueue.ts';

const GRACE = 400;
const STOP_TIMEOUT = 5000;
const forEver = { minDelay: 1, maxDelay: 1, attempts: Number.POSITIVE_INFINITY };
const apart = { random: () => 1, chunk: { budget: 10, mostTasks: 256 }, killProcess: null };

let clock: VirtualClock;
let queue: TestQueue;
let runner: ScriptedRunner;
let dispatcher: Dispatcher;
/** What the host was told: `done a`, `failed a #1 message`, `panic CODE`. */
let told: string[];

beforeEach(() => {
  clock = new VirtualClock();
  queue = new TestQueue();
  runner = new ScriptedRunner();
  told = [];
  dispatcher = new Dispatcher({
    queue,
    runner,
    clock,
    retry: { minDelay: 100, maxDelay: 300, attempts: Number.POSITIVE_INFINITY },
    ...apart,
    grace: GRACE,
    stopTimeout: STOP_TIMEOUT,
    host: {
      done: (tasks) => told.push(`done ${tasks.map(({ id }) => id).join(' ')}`),
      failed: ({ id }, error, attempt) => told.push(`failed ${id} #${attempt} ${error.message}`),
      exhausted: ({ id }) => {
        queue.held = true;
        told.push(`exhausted ${id}`);
      },
      panic: (error) => told.push(`panic ${'code' in error ? error.code : error.message}`),
    },
  });
});

function feed(...ids: TaskId[]): void {
  for (const id of ids) queue.add(id);
  dispatcher.poke();
}

/** A mastership with `ids` queued; the first of them runs. */
function startWith(...ids: TaskId[]): void {
  feed(...ids);
  dispatcher.start(1);
}

const settle = (): Promise<void> => clock.advance(0);

async function finish(...outcome: Parameters<ScriptedRunner['settle']>): Promise<void> {
  runner.settle(...outcome);
  await settle();
}

async function finishEnd(...outcome: Parameters<ScriptedRunner['finishEnd']>): Promise<void> {
  runner.finishEnd(...outcome);
  await settle();
}

/** What a promise has come to by now. */
function watch<T>(promise: Promise<T>): { value: T | undefined } {
  const seen: { value: T | undefined } = { value: undefined };
  void promise.then((value) => {
    seen.value = value;
  });
  return seen;
}

describe('dispatching', () => {
  test('runs one task at a time, in the order of the queue', async () => {
    startWith('a', 'b', 'c');
    await settle();
    expect(runner.news()).toEqual(['start 1', 'run a #1']);
    expect(dispatcher.running).toBe('a');
    await finish(done);
    await finish(done);
    expect(runner.news()).toEqual(['run b #1', 'run c #1']);
    expect(told).toEqual(['done a', 'done b']);
    expect([...queue.ids()]).toEqual(['c']);
  });

  test('without a mastership nothing runs', async () => {
    feed('a');
    await clock.advance(60_000);
    expect(runner.news()).toEqual([]);
    expect(dispatcher.stopped).toBe(true);
  });

  test('without tasks it only waits: no timer, until a task comes', async () => {
    startWith();
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
    expect(dispatcher.stopped).toBe(false);
    feed('a');
    await settle();
    expect(dispatcher.running).toBe('a');
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });

  test('a task is out of the queue before the host hears that it is done, and the host may feed the next', async () => {
    const order: unknown[] = [];
    dispatcher = new Dispatcher({
      ...{ queue, runner, clock, retry: forEver, ...apart, grace: GRACE, stopTimeout: STOP_TIMEOUT },
      host: {
        done: ([task]) => {
          order.push([task?.id, queue.size, dispatcher.running]);
          if (task?.id === 'a') feed('b');
        },
        failed: () => {},
        exhausted: () => {},
        panic: () => {},
      },
    });
    startWith('a');
    await finish(done);
    await finish(done);
    expect(order).toEqual([
      ['a', 0, null],
      ['b', 0, null],
    ]);
  });

  test('100,000 runs that end at once neither grow the stack nor hold up the thread', async () => {
    let turns = 0;
    let runsInTurn = 0;
    let mostRunsInTurn = 0;
    // Each look at the clock takes 10 µs, so that time passes while promises alone go on.
    let now = 0;
    const busyClock = {
      now: () => (now += 0.01),
      sinceBoot: () => now,
      wall: () => now,
      at: (_time: number, callback: () => void) => {
        const immediate = setImmediate(() => {
          turns += 1;
          runsInTurn = 0;
          callback();
        });
        return () => clearImmediate(immediate);
      },
    };
    const total = 100_000;
    let count = 0;
    runner.answer = () => {
      runsInTurn += 1;
      mostRunsInTurn = Math.max(mostRunsInTurn, runsInTurn);
      return done;
    };
    for (let id = 0; id < total; id++) queue.add(id);
    await new Promise<void>((resolve) => {
      dispatcher = new Dispatcher({
        ...{ queue, runner, clock: busyClock, retry: forEver, ...apart, grace: GRACE, stopTimeout: 1 },
        host: {
          done: () => {
            count += 1;
            if (count === total) resolve();
          },
          failed: () => {},
          exhausted: () => {},
          panic: () => {},
        },
      });
      dispatcher.start(1);
    });
    expect(mostRunsInTurn).toBeLessThanOrEqual(101);
    expect(turns).toBeGreaterThanOrEqual(total / 101 - 1);
  });
});

describe('failures', () => {
  test('a false and an error are told, and the head is tried again after a delay that doubles', async () => {
    startWith('a', 'b');
    await finish(refused);
    expect(told).toEqual(['failed a #1 the work returned false']);
    await clock.advance(99);
    expect(dispatcher.running).toBeNull();
    await clock.advance(1);
    await finish(thrown);
    expect(told.slice(1)).toEqual(['failed a #2 too much']);
    await clock.advance(199);
    expect(dispatcher.running).toBeNull();
    await clock.advance(1);
    await finish(refused);
    await clock.advance(300);
    expect(runner.news()).toEqual(['start 1', 'run a #1', 'run a #2', 'run a #3', 'run a #4']);
    expect([...queue.ids()]).toEqual(['a', 'b']);
  });

  test('the error comes back with its name and code', async () => {
    let error: Error | undefined;
    dispatcher = new Dispatcher({
      ...{ queue, runner, clock, retry: forEver, ...apart, grace: GRACE, stopTimeout: STOP_TIMEOUT },
      host: {
        done: () => {},
        failed: (_id, failure) => {
          error = failure;
        },
        exhausted: () => {},
        panic: () => {},
      },
    });
    startWith('a');
    await finish(thrown);
    expect(error).toMatchObject({ name: 'RangeError', message: 'too much', code: 'E_MUCH' });
    await clock.advance(1);
    await finish(refused);
    expect(error).toMatchObject({ name: 'WorkError', code: 'ERR_WORK_FAILED' });
  });

  test('attempts are counted per task', async () => {
    startWith('a', 'b');
    await finish(refused);
    await clock.advance(100);
    await finish(done);
    expect(runner.news().at(-1)).toBe('run b #1');
    await finish(refused);
    expect(told).toEqual(['failed a #1 the work returned false', 'done a', 'failed b #1 the work returned false']);
  });

  test('a task that is done and comes again starts at its first attempt', async () => {
    startWith('a');
    await finish(refused);
    await clock.advance(100);
    await finish(done);
    feed('a');
    await settle();
    expect(runner.news()).toEqual(['start 1', 'run a #1', 'run a #2', 'run a #1']);
  });

  test('an id that left the queue and came again starts at its first attempt', async () => {
    startWith('a');
    await finish(refused);
    dispatcher.halt('lost');
    await settle();
    queue.delete('a');
    feed('a');
    dispatcher.start(2);
    expect(runner.news().at(-1)).toBe('run a #1');
  });

  test('a task in the queue while the delay runs does not shorten it', async () => {
    startWith('a');
    await finish(refused);
    await clock.advance(50);
    feed('b');
    await clock.advance(49);
    expect(dispatcher.running).toBeNull();
    await clock.advance(1);
    expect(dispatcher.running).toBe('a');
  });

  test('what was not run is no attempt, is not told, and comes again after the shortest delay', async () => {
    startWith('a');
    await finish(refused);
    await clock.advance(100);
    await finish(notRun);
    expect(told).toHaveLength(1);
    await clock.advance(99);
    expect(dispatcher.running).toBeNull();
    await clock.advance(1);
    expect(runner.news()).toEqual(['start 1', 'run a #1', 'run a #2', 'run a #2']);
  });
});

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

  test('a run that ends well all the same is done, because the mastership stands', async () => {
    startWith('a', 'b');
    dispatcher.fence('about to end');
    await finish(done);
    expect(told).toEqual(['done a']);
    expect([...queue.ids()]).toEqual(['b']);
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
    expect([...queue.ids()]).toEqual(['a', 'b']);
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
    queue.delete('a');
    await finishEnd(done);
    queue.delete('b');
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
    expect([...queue.ids()]).toEqual(['b']);
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

  test('a halt during it: no result counts, and after the grace it is stuck', async () => {
    runner.endsAtOnce = false;
    startWith('a');
    const drained = watch(dispatcher.drain());
    dispatcher.halt('lost');
    await clock.advance(GRACE);
    expect([drained.value, told]).toEqual(['stuck', ['panic ERR_WORK_NOT_STOPPED']]);
    await finishEnd(done);
    expect([told.length, dispatcher.stopped, [...queue.ids()]]).toEqual([1, true, ['a']]);
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

test('a mastership cannot begin inside another', () => {
  startWith();
  expect(() => dispatcher.start(2)).toThrow(/not halted/);
});

describe('several tasks in one run', () => {
  beforeEach(() => {
    runner.mostTasks = 8;
    dispatcher = new Dispatcher({
      ...{ queue, runner, clock, ...apart, grace: GRACE, stopTimeout: STOP_TIMEOUT },
      retry: { minDelay: 100, maxDelay: 300, attempts: 2 },
      host: {
        done: (tasks) => told.push(`done ${tasks.map(({ id }) => id).join(' ')}`),
        failed: ({ id }, _error, attempt) => told.push(`failed ${id} #${attempt}`),
        exhausted: ({ id }) => {
          queue.held = true;
          told.push(`exhausted ${id}`);
        },
        panic: () => {},
      },
    });
  });

  /** Runs the first task alone, so quickly that the next run carries all that is there. */
  async function grown(...ids: TaskId[]): Promise<void> {
    startWith('first', ...ids);
    runner.took = 0.001;
    await finish(done);
    runner.news();
    told.splice(0);
  }

  test('what was done before the one that failed is done, and that one is at the head', async () => {
    await grown('a', 'b', 'c', 'd');
    runner.settle(refused, 2);
    await settle();
    expect(told).toEqual(['done a b', 'failed c #1']);
    expect([...queue.ids()]).toEqual(['c', 'd']);
  });

  test('a run that had no time for all of its tasks goes on with the rest at once', async () => {
    await grown('a', 'b', 'c', 'd');
    runner.settleSome(3);
    await settle();
    expect(told).toEqual(['done a b c']);
    expect(runner.news()).toEqual(['run d #1']);
  });

  test('after its last attempt a task is the host to decide on, and nothing waits for a delay', async () => {
    await grown('a', 'b', 'c', 'd');
    runner.settle(thrown);
    await settle();
    await clock.advance(300);
    runner.settle(thrown);
    await settle();
    expect(told).toEqual(['failed a #1', 'failed a #2', 'exhausted a']);
    expect([dispatcher.running, clock.pending]).toEqual([null, 0]);
    queue.held = false;
    queue.delete('a');
    dispatcher.poke();
    await settle();
    expect(dispatcher.running).toBe('b');
  });

  test('a drain lets the running task end, not the run', async () => {
    await grown('a', 'b', 'c', 'd');
    const drained = watch(dispatcher.drain());
    expect(runner.news()).toEqual(['finish']);
    runner.settleSome(1);
    await settle();
    expect([drained.value, told]).toEqual(['drained', ['done a']]);
    expect([...queue.ids()]).toEqual(['b', 'c', 'd']);
  });

  test('what was done counts when the run is aborted while the mastership stands, and not when it is lost', async () => {
    await grown('a', 'b', 'c', 'd');
    dispatcher.fence('soon');
    runner.settle(notRun, 1);
    await settle();
    expect(told).toEqual(['done a']);
    dispatcher.resume();
    await settle();
    dispatcher.halt('lost');
    if (runner.running !== undefined) runner.settle(notRun, 1);
    await settle();
    expect(told).toEqual(['done a']);
  });
});

describe('fencing: process', () => {
  let kills: number;
  beforeEach(() => {
    kills = 0;
    const killProcess = (): void => {
      kills += 1;
    };
    dispatcher = new Dispatcher({
      ...{ queue, runner, clock, retry: forEver, ...apart, killProcess, grace: GRACE, stopTimeout: STOP_TIMEOUT },
      host: { done: () => {}, failed: () => {}, exhausted: () => {}, panic: (error) => told.push(error.message) },
    });
    runner.endsAtOnce = false;
    startWith('a');
  });

  test('work that has not ended when the lease ends takes the process with it', async () => {
    dispatcher.fence('soon');
    await clock.advance(GRACE - 1);
    expect(kills).toBe(0);
    await clock.advance(1);
    expect([kills, told]).toEqual([1, []]);
  });

  test('work that has ended in time does not', async () => {
    dispatcher.fence('soon');
    await clock.advance(GRACE - 1);
    await finishEnd(notRun);
    await clock.advance(60_000);
    expect(kills).toBe(0);
  });

  test('a mastership that was given up leaves work the rest of its lease', async () => {
    dispatcher.halt('resigned', 3000);
    await clock.advance(2999);
    expect(kills).toBe(0);
    await clock.advance(1);
    expect(kills).toBe(1);
  });
});
