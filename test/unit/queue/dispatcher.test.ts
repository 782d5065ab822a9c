import { beforeEach, describe, expect, test } from 'vitest';
import { Dispatcher, type DispatcherCallbacks, type DispatcherParts } from '../../../src/queue/dispatcher.ts';
import { MemoryQueue } from '../../../src/queue/memory/memoryQueue.ts';
import type { TaskId } from '../../../src/task/task.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { done, doneIn, notRun, refused, ScriptedRunner, thrown, upTo } from './scriptedRunner.ts';

const GRACE = 400;
const STOP_TIMEOUT = 5000;

let clock: VirtualClock;
let queue: MemoryQueue;
let runner: ScriptedRunner;
let dispatcher: Dispatcher;
/** What the owner was told: `done a`, `done a,b`, `failed a #1 message`, `exhausted a message`, `panic CODE`. */
let told: string[];

beforeEach(() => {
  clock = new VirtualClock();
  queue = new MemoryQueue();
  runner = new ScriptedRunner();
  told = [];
  dispatcher = make();
});

function make(callbacks: Partial<DispatcherCallbacks> = {}, parts: Partial<DispatcherParts> = {}): Dispatcher {
  return new Dispatcher({
    queue,
    runner,
    clock,
    // Just below the longest delay, and so that a delay is a whole number.
    random: () => 1,
    retry: { minDelay: 100, maxDelay: 300, attempts: Number.POSITIVE_INFINITY },
    chunk: { budget: 10, mostTasks: 256 },
    grace: GRACE,
    stopTimeout: STOP_TIMEOUT,
    killProcess: null,
    ...parts,
    callbacks: {
      done: (tasks) => told.push(`done ${tasks.map(({ id }) => id).join()}`),
      failed: ({ id }, error, attempt) => told.push(`failed ${id} #${attempt} ${error.message}`),
      exhausted: ({ id }, error) => told.push(`exhausted ${id} ${error.message}`),
      loaded: () => told.push('loaded'),
      unloadable: (error) => told.push(`unloadable ${error.message}`),
      panic: (error) => told.push(`panic ${'code' in error ? error.code : error.message}`),
      ...callbacks,
    },
  });
}

function feed(...ids: TaskId[]): void {
  for (const id of ids) queue.push(id, new Uint8Array(1), 0);
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
    expect([...queue.tasks.ids()]).toEqual(['c']);
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

  test('a task is out of the queue before the owner hears that it is done, and the owner may feed the next', async () => {
    const order: unknown[] = [];
    dispatcher = make({
      done: ([task]) => {
        order.push([task?.id, queue.tasks.size, dispatcher.running]);
        if (task?.id === 'a') feed('b');
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
    // Each look at the clock takes 10 µs, so time passes while promises alone go on.
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
      return done(1);
    };
    const bytes = new Uint8Array(0);
    for (let id = 0; id < total; id++) queue.push(id, bytes, 0);
    await new Promise<void>((resolve) => {
      const counted = (): void => {
        count += 1;
        if (count === total) resolve();
      };
      dispatcher = make({ done: counted }, { clock: busyClock });
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
    expect([...queue.tasks.ids()]).toEqual(['a', 'b']);
  });

  test('the error comes back with its name and code', async () => {
    let error: Error | undefined;
    dispatcher = make({
      failed: (_task, failure) => {
        error = failure;
      },
    });
    startWith('a');
    await finish(thrown);
    expect(error).toMatchObject({ name: 'RangeError', message: 'too much', code: 'E_MUCH' });
    await clock.advance(100);
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

  test('an id that is done and comes again starts at its first attempt', async () => {
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
    queue.tasks.delete('a');
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
    dispatcher = make({ panic: ({ message }) => panics.push(message) });
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
    ['a halt while nobody else can be master, a part of that', () => dispatcher.halt('resigned', 100), 25],
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

describe('chunks', () => {
  /** The run that goes on has these tasks. */
  async function startWithChunk(): Promise<void> {
    startWith('first', 'a', 'b', 'c', 'd', 'e');
    await finish(doneIn(0.1));
    expect(runner.news()).toEqual(['start 1', 'run first #1', 'run a,b,c,d #1']);
    told.length = 0;
  }

  test('tasks that take little run together, and those that are done are told together', async () => {
    await startWithChunk();
    await finish(doneIn(0.1));
    expect(told).toEqual(['done a,b,c,d']);
    expect(runner.news()).toEqual(['run e #1']);
    expect([...queue.tasks.ids()]).toEqual(['e']);
  });

  test('no more tasks run together than the runner takes, nor than are allowed', async () => {
    runner.mostTasks = 2;
    dispatcher = make();
    await startWith('a', 'b', 'c', 'd');
    await finish(doneIn(0.1));
    await finish(doneIn(0.1));
    expect(runner.news()).toEqual(['start 1', 'run a #1', 'run b,c #1', 'run d #1']);
  });

  test('running is the first task that is not known to be done', async () => {
    await startWithChunk();
    expect(dispatcher.running).toBe('a');
    runner.doneSoFar = 2;
    expect(dispatcher.running).toBe('c');
    runner.doneSoFar = 4;
    expect(dispatcher.running).toBeNull();
    expect(dispatcher.stopped).toBe(false);
  });

  test('what is done leaves while the rest of its run goes on, and is told once', async () => {
    await startWithChunk();
    runner.doneSoFar = 2;
    await clock.advance(10);
    expect(told).toEqual(['done a,b']);
    expect(queue.tasks.size).toBe(3);
    await clock.advance(10);
    runner.doneSoFar = 3;
    await clock.advance(10);
    expect(told).toEqual(['done a,b', 'done c']);
    await finish(doneIn(0.1));
    expect(told).toEqual(['done a,b', 'done c', 'done d']);
    expect(runner.news()).toEqual(['run e #1']);
  });

  test('what was told as done when a later task fails stays done, and the task that failed is named', async () => {
    await startWithChunk();
    runner.doneSoFar = 1;
    await clock.advance(10);
    await finish(upTo(2, 'refused'));
    expect(told).toEqual(['done a', 'done b', 'failed c #1 the work returned false']);
    expect([...queue.tasks.ids()]).toEqual(['c', 'd', 'e']);
  });

  test('what a run does once the mastership is lost counts no more, and nobody looks', async () => {
    await startWithChunk();
    runner.doneSoFar = 1;
    await clock.advance(10);
    dispatcher.halt('lost');
    runner.doneSoFar = 3;
    await clock.advance(100);
    expect(told).toEqual(['done a']);
    expect(queue.tasks.size).toBe(4);
  });

  test('what there was no time for runs next, without a delay, and is no failure', async () => {
    await startWithChunk();
    await finish(upTo(2, 'late', 20));
    expect(told).toEqual(['done a,b']);
    expect(runner.news()).toEqual(['run c #1']);
  });

  test('a failure ends the run: those before it are done, it is tried again first', async () => {
    await startWithChunk();
    await finish(upTo(1, 'thrown', 0.2));
    expect(told).toEqual(['done a', 'failed b #1 too much']);
    expect([...queue.tasks.ids()]).toEqual(['b', 'c', 'd', 'e']);
    await clock.advance(99);
    expect(runner.news()).toEqual([]);
    await clock.advance(1);
    expect(runner.news()).toEqual(['run b,c,d,e #2']);
  });

  test('nothing is begun between the news of what is done and the news of the failure after it', async () => {
    dispatcher = make({ done: ([task]) => feed(`after ${task?.id}`), failed: () => feed('after the failure') });
    startWith('first', 'a', 'b');
    await finish(doneIn(0.1));
    await finish(upTo(1, 'refused', 0.2));
    expect(runner.news().at(-1)).toBe('run a,b,after first #1');
    await clock.advance(100);
    expect(runner.news()).toEqual(['run b,after first,after a,after the failure #2']);
  });

  test('an abort counts what is done, and the task after it failed no attempt', async () => {
    await startWithChunk();
    dispatcher.fence('about to end');
    await finish(upTo(2, 'thrown'));
    expect(told).toEqual(['done a,b']);
    dispatcher.resume();
    expect(runner.news().at(-1)).toMatch(/^run c,d,e #1/);
  });

  test('once the mastership is lost nothing of a run counts', async () => {
    runner.endsAtOnce = false;
    await startWithChunk();
    dispatcher.halt('lost');
    await finishEnd(upTo(2, 'thrown'));
    expect(told).toEqual([]);
    expect([...queue.tasks.ids()]).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('a drain has the run begin no other task, and counts those that are done', async () => {
    await startWithChunk();
    const drained = watch(dispatcher.drain());
    expect(runner.news()).toEqual(['finish']);
    await finish(upTo(2, 'late'));
    expect([drained.value, told, runner.news()]).toEqual(['drained', ['done a,b'], ['end']]);
    expect([...queue.tasks.ids()]).toEqual(['c', 'd', 'e']);
  });

  test('slower tasks make the next run smaller', async () => {
    await startWithChunk();
    await finish(upTo(2, 'late', 40));
    feed('f');
    await finish(doneIn(20));
    expect(runner.news()).toEqual(['run c #1', 'run d #1']);
  });
});

describe('attempts that are used up', () => {
  beforeEach(() => {
    dispatcher = make({}, { retry: { minDelay: 100, maxDelay: 100, attempts: 2 } });
  });

  async function exhaust(): Promise<void> {
    startWith('a', 'b');
    await finish(refused);
    await clock.advance(100);
    await finish(thrown);
  }

  test('are told instead of a delay, and the source is asked at once', async () => {
    dispatcher = make(
      {
        exhausted: (task) => {
          told.push(`exhausted ${task.id}`);
          queue.tasks.shift();
        },
      },
      { retry: { minDelay: 100, maxDelay: 100, attempts: 2 } },
    );
    await exhaust();
    expect(told).toEqual(['failed a #1 the work returned false', 'failed a #2 too much', 'exhausted a']);
    expect(runner.news()).toEqual(['start 1', 'run a #1', 'run a #2', 'run b #1']);
  });

  test('stop everything if the source gives nothing, until it is poked', async () => {
    dispatcher = make({ exhausted: () => queue.hold() }, { retry: { minDelay: 100, maxDelay: 100, attempts: 2 } });
    await exhaust();
    expect([runner.news().length, clock.pending]).toEqual([3, 0]);
    feed('c');
    await clock.advance(60_000);
    expect(runner.news()).toEqual([]);
    queue.release(true);
    dispatcher.poke();
    await settle();
    expect(runner.news()).toEqual(['run a #1']);
  });

  test('end with the first of a run that had others before it', async () => {
    const retry = { minDelay: 100, maxDelay: 100, attempts: 1 };
    let runsAtThatTime = 0;
    dispatcher = make(
      {
        done: () => dispatcher.poke(),
        failed: () => dispatcher.poke(),
        exhausted: (task) => {
          told.push(`exhausted ${task.id}`);
          runsAtThatTime = runner.news().length;
          queue.hold();
        },
      },
      { retry },
    );
    startWith('first', 'a', 'b');
    await finish(doneIn(0.1));
    await finish(upTo(1, 'refused'));
    expect(told).toEqual(['exhausted b']);
    // The start and two runs: it was not begun again by the pokes in between.
    expect([runsAtThatTime, runner.running]).toEqual([3, undefined]);
  });

  test('are told as well while the member stops, but not when an abort cut the last one off', async () => {
    startWith('a');
    await finish(refused);
    await clock.advance(100);
    const drained = watch(dispatcher.drain());
    await finish(refused);
    expect([drained.value, told.at(-1)]).toEqual(['drained', 'exhausted a the work returned false']);
    told.length = 0;
    queue.release(true);
    dispatcher.start(2);
    dispatcher.fence('about to end');
    await finish(thrown);
    expect(told).toEqual([]);
  });

  test('what was not run uses up none', async () => {
    startWith('a');
    for (let time = 0; time < 5; time++) {
      await finish(notRun);
      await clock.advance(100);
    }
    expect(told).toEqual([]);
  });
});

describe('with a process to kill', () => {
  beforeEach(() => {
    dispatcher = make({}, { killProcess: () => told.push(`killed at ${clock.now()}`) });
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

  test('a halt kills it after as long as nobody else can be master, and at least the grace', async () => {
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
      dispatcher = make({}, { grace, killProcess: () => told.push(`killed at ${clock.now()}`) });
      startWith('a');
      dispatcher.halt('slept past its lease');
      await clock.advance(60_000);
      expect(told).toEqual([`killed at ${at}`]);
    },
  );

  test('a lease that was saved is outlived by nobody: that is only said, until the next fence', async () => {
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
