/** The modes ready, running and waiting: what is dispatched, in which chunks, and what becomes of failures. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  clock,
  dispatcher,
  feed,
  finish,
  finishEnd,
  queue,
  remake,
  reset,
  runner,
  settle,
  startWith,
  told,
  watch,
} from './dispatcherBench.ts';
import { done, doneIn, forGood, notRun, postponed, refused, thrown, upTo } from './scriptedRunner.ts';

beforeEach(reset);

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
    remake({
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
      remake({ done: counted }, { clock: busyClock });
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
    remake({
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
    remake();
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

  test('what a run does once the mastership is lost counts no more, and is not looked at', async () => {
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
    remake({ done: ([task]) => feed(`after ${task?.id}`), failed: () => feed('after the failure') });
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
    remake({}, { retry: { minDelay: 100, maxDelay: 100, attempts: 2 } });
  });

  async function exhaust(): Promise<void> {
    startWith('a', 'b');
    await finish(refused);
    await clock.advance(100);
    await finish(thrown);
  }

  test('are told instead of a delay, and the source is asked at once', async () => {
    remake(
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
    remake({ exhausted: () => queue.hold() }, { retry: { minDelay: 100, maxDelay: 100, attempts: 2 } });
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
    remake(
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

describe('an error that is permanent', () => {
  test('ends the attempts at once, however many are left', async () => {
    startWith('a', 'b');
    await settle();
    await finish(forGood);
    expect(told).toEqual(['failed a #1 too much', 'exhausted a too much']);
  });
});

describe('a task that is postponed', () => {
  test('stays at the head, and is tried again after its time, by the same attempt', async () => {
    startWith('a', 'b');
    await settle();
    runner.news();
    await finish(postponed(5000));
    expect(told).toEqual(['postponed a for 5000']);
    await clock.advance(4999);
    expect(runner.news()).toEqual([]);
    await clock.advance(1);
    expect(runner.news()).toEqual(['run a #1']);
    expect([...queue.tasks.ids()]).toEqual(['a', 'b']);
  });

  test('waits for the shortest delay at least, so no loop is hot', async () => {
    startWith('a');
    await settle();
    runner.news();
    await finish(postponed(1));
    expect(told).toEqual(['postponed a for 100']);
    await clock.advance(99);
    expect(runner.news()).toEqual([]);
    await clock.advance(1);
    expect(runner.news()).toEqual(['run a #1']);
  });

  test('is tried at once by the next mastership', async () => {
    startWith('a');
    await settle();
    await finish(postponed(5000));
    dispatcher.halt('lost');
    await settle();
    runner.news();
    dispatcher.start(2);
    await settle();
    expect(runner.news()).toEqual(['start 2', 'run a #1']);
  });
});
