/** The runner with real threads, in which a script takes the place of the work: see fixtures/scriptedThread.mjs. */

import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ChunkProgress } from '../../../src/execution/chunkProgress.ts';
import { StartGate, threadStarts } from '../../../src/execution/startGate.ts';
import { type Place, ThreadPlaces } from '../../../src/execution/threadPlaces.ts';
import { ThreadRunner } from '../../../src/execution/threadRunner.ts';
import type { ChunkOutcome, QueuedTask } from '../../../src/queue/runner.ts';
import type { Clock } from '../../../src/time/clock.ts';
import { systemClock } from '../../../src/time/systemClock.ts';
import { SharedLease } from '../../../src/wire/sharedLease.ts';

const filename = fileURLToPath(new URL('./fixtures/scriptedThread.mjs', import.meta.url));

let runner: ThreadRunner;
let places: ThreadPlaces;
let progress: ChunkProgress;
let troubles: string[];
let timersFired: number;
/** Timers that are asked for until then run from then on, so no limit passes before the thread is where it is to be. */
let timersBegin: Promise<void> | undefined;
const clock: Clock = {
  ...systemClock,
  at: (time, callback) => {
    const fire = () => {
      timersFired += 1;
      callback();
    };
    if (timersBegin === undefined) return systemClock.at(time, fire);
    const left = time - systemClock.now();
    let cancel = () => {
      cancelled = true;
    };
    let cancelled = false;
    void timersBegin.then(() => {
      if (!cancelled) cancel = systemClock.at(systemClock.now() + left, fire);
    });
    return () => cancel();
  },
};

const defaults = {
  taskTimeout: Number.POSITIVE_INFINITY,
  idleTimeout: Number.POSITIVE_INFINITY,
  loadTimeout: 60_000,
  exitPatience: 60_000,
  stopTimeout: 60_000,
};
/** What some tasks read, and nothing writes to before `letGo`. */
let pipe = '';

/** A runner under its first term, without a thread. */
function make(given: Partial<typeof defaults>, work = '', resourceLimits = {}, most = Number.POSITIVE_INFINITY): void {
  timersFired = 0;
  timersBegin = undefined;
  const options = { ...defaults, ...given };
  const lease = new SharedLease();
  progress = new ChunkProgress();
  const data = {
    work,
    results: true,
    lease: lease.buffer,
    progress: progress.buffer,
    abortChannel: 'runner test',
    pipe,
  };
  troubles = [];
  places = new ThreadPlaces(systemClock, most);
  runner = new ThreadRunner({
    pool: { filename, data, resourceLimits },
    checkpoint: async () => {},
    ...{ lease, progress },
    ...{ clock, gate: new StartGate(systemClock, threadStarts), places, ...options },
    trouble: (error) => troubles.push('code' in error ? String(error.code) : error.message),
  });
  runner.start(1);
}

/** The same with a thread that has loaded. */
async function start(taskTimeout: number): Promise<void> {
  make({ taskTimeout });
  expect(await runner.load()).toEqual({ type: 'loaded' });
}

afterEach(() => runner.terminate());

function run(...ids: string[]): Promise<ChunkOutcome> {
  return runner.run(ids.map((id) => ({ id, bytes: new Uint8Array(1), failed: 0 })));
}

const failedWith = (done: number, code: string) => ({
  done,
  failure: { type: 'error', error: { code } },
});

test('says how far a run came, and how it ended', async () => {
  await start(Number.POSITIVE_INFINITY);
  expect(await run('a', 'b', 'c')).toEqual({ done: 3, failure: null, took: 1 });
  expect(runner.doneSoFar).toBe(3);
  expect(await run('a', 'refuse', 'c')).toEqual({ done: 1, failure: { type: 'result', done: false }, took: 1 });
});

test('a thread that exits fails the task that ran, those before it are done, and the next run has a new thread', async () => {
  await start(Number.POSITIVE_INFINITY);
  expect(await run('a', 'b', 'exit', 'c')).toMatchObject(failedWith(2, 'ERR_TASK_THREAD_EXITED'));
  expect(runner.loaded).toBe(false);
  await runner.load();
  expect(await run('exit')).toMatchObject(failedWith(0, 'ERR_TASK_THREAD_EXITED'));
  await runner.load();
  expect(await run('c')).toMatchObject({ done: 1, failure: null });
  expect(troubles).toEqual([]);
});

describe('results of tasks that are done', () => {
  const tasksOf = (...ids: string[]): QueuedTask[] => ids.map((id) => ({ id, bytes: new Uint8Array(1), failed: 0 }));
  const results = (tasks: readonly QueuedTask[]) => tasks.map(({ result }) => result?.[0]);

  test('are there with each look at how far the run is, also while its thread is on its way out', async () => {
    await start(Number.POSITIVE_INFINITY);
    const tasks = tasksOf('answer', 'answer', 'exit', 'answer');
    let isOver = false;
    const outcome = runner.run(tasks).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      const count = runner.doneSoFar;
      expect(results(tasks.slice(0, count))).toEqual([0, 1].slice(0, count));
      await turn();
    }
    expect(await outcome).toMatchObject(failedWith(2, 'ERR_TASK_THREAD_EXITED'));
    expect(results(tasks)).toEqual([0, 1, undefined, undefined]);
  });

  test('are there though the thread was ended before they were looked for', async () => {
    await start(Number.POSITIVE_INFINITY);
    const tasks = tasksOf('answer', 'answer', 'loop');
    const outcome = runner.run(tasks);
    while (progress.done < 2) await turn();
    const end = runner.terminate();
    expect([runner.doneSoFar, results(tasks)]).toEqual([2, [0, 1, undefined]]);
    await Promise.all([outcome, end]);
  });
});

test('a thread that exits when all its tasks are done fails none of them, and is told', async () => {
  await start(Number.POSITIVE_INFINITY);
  expect(await run('a', 'exitAfter')).toEqual({ done: 2, failure: null, took: 0 });
  expect(troubles).toEqual(['ERR_TASK_THREAD_EXITED']);
  await runner.load();
  expect(await run('c')).toMatchObject({ done: 1, failure: null });
});

test('a task that takes too long ends with its thread, in a loop too; those before it are done', async () => {
  await start(100);
  expect(await run('a', 'loop', 'c')).toMatchObject(failedWith(1, 'ERR_TASK_TIMEOUT'));
  await runner.load();
  expect(await run('loop')).toMatchObject(failedWith(0, 'ERR_TASK_TIMEOUT'));
  await runner.load();
  expect(await run('c')).toMatchObject({ done: 1, failure: null });
  expect(troubles).toEqual([]);
});

test('the time of each task counts, not that of the run', async () => {
  await start(1000);
  expect(await run('wait', 'wait', 'wait', 'wait')).toMatchObject({ done: 4, failure: null });
});

test('told to finish, the thread begins no task after the one that runs; a new start takes that back', async () => {
  await start(Number.POSITIVE_INFINITY);
  await run('a');
  const outcome = run('wait', 'b', 'c');
  runner.finishCurrent();
  expect(await outcome).toMatchObject({ done: 1, failure: null });
  await runner.terminate();
  runner.start(2);
  await runner.load();
  expect(await run('a', 'b')).toMatchObject({ done: 2, failure: null });
});

test('an end does not wait for a loop, and what was done before it is known', async () => {
  await start(Number.POSITIVE_INFINITY);
  await run('a');
  const outcome = run('a', 'loop');
  while (runner.doneSoFar === 0) await new Promise((resolve) => setImmediate(resolve));
  await runner.terminate();
  expect((await outcome).done).toBe(1);
  expect(await run('a')).toEqual({ done: 0, failure: { type: 'not-run' }, took: 0 });
});

const failed = (code: string, message: unknown = expect.any(String)) => ({ type: 'failed', error: { code, message } });

describe('the thread', () => {
  test('is not there before the work is loaded, and nothing runs without it', async () => {
    make({});
    expect(runner.loaded).toBe(false);
    expect(await run('a')).toEqual({ done: 0, failure: { type: 'not-run' }, took: 0 });
    await runner.load();
    expect(runner.loaded).toBe(true);
  });

  test('ends when no task has come for a while, and the next load makes a new one', async () => {
    make({ idleTimeout: 1 });
    await runner.load();
    while (runner.loaded) await turn();
    expect(await run('a')).toEqual({ done: 0, failure: { type: 'not-run' }, took: 0 });
    expect(await runner.load()).toEqual({ type: 'loaded' });
    expect(await run('a')).toMatchObject({ done: 1, failure: null });
    expect(troubles).toEqual([]);
  });

  test('does not end under a run that takes longer than that', async () => {
    make({ idleTimeout: 1 });
    await runner.load();
    expect(await run('wait', 'wait')).toMatchObject({ done: 2, failure: null });
    while (runner.loaded) await turn();
  });

  test('whose module does not end stopping after that is ended when a task waits', async () => {
    make({ idleTimeout: 1, exitPatience: 100 }, 'stopsForever');
    await runner.load();
    while (runner.loaded) await turn();
    expect(await runner.load()).toEqual({ type: 'loaded' });
    expect(troubles).toEqual(['ERR_WORK_STOP']);
  });

  test('whose output is not taken is ended all the same, and that is no failure of its work', async () => {
    make({}, 'flushesForever');
    await runner.load();
    await runner.terminate(Number.POSITIVE_INFINITY);
    expect(troubles).toEqual([]);
  });

  test('that is ended while it waits for its turn is never made', async () => {
    make({});
    const load = runner.load();
    await runner.terminate();
    expect(await load).toEqual({ type: 'ended' });
    expect(runner.loaded).toBe(false);
  });
});

describe('work that does not load', () => {
  test.each([
    ['throws', 'throw', { message: 'not today' }],
    ['ends its thread', 'exit', { code: 'ERR_TASK_THREAD_EXITED', message: expect.stringContaining('loaded') }],
    [
      'never ends loading',
      'loop',
      { code: 'ERR_WORK_MODULE', message: expect.stringContaining('100 ms (loadTimeout)') },
    ],
  ])(
    'because it %s is told by each load, and by each probe, after its thread has exited',
    async (_what, work, error) => {
      make({ loadTimeout: work === 'loop' ? 100 : 60_000 }, work);
      const failure = { type: 'failed', error };
      expect(await runner.load()).toMatchObject(failure);
      expect(runner.loaded).toBe(false);
      expect(await runner.load()).toMatchObject(failure);
      await runner.terminate();
      expect(await runner.probe()).toMatchObject(failure);
      expect(troubles).toEqual([]);
    },
  );

  test('for want of a thread that can start', async () => {
    make({}, '', { maxOldGenerationSizeMb: 4, maxYoungGenerationSizeMb: 1 });
    expect(await runner.load()).toMatchObject(failed('ERR_TASK_THREAD_EXITED'));
    expect(troubles).toEqual([]);
  });
});

test('a probe loads the work in a thread that has gone when it says so', async () => {
  make({});
  await runner.terminate();
  expect(await runner.probe()).toEqual({ type: 'loaded' });
  const probe = runner.probe();
  await runner.terminateProbe();
  expect(await probe).toEqual({ type: 'ended' });
  runner.start(2);
  expect(runner.loaded).toBe(false);
});

describe('a thread that a read holds, so it does not exit', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'runner-'));
    pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
  });

  afterEach(async () => {
    letGo();
    await runner.terminate();
    await runner.terminateProbe();
    rmSync(folder, { recursive: true });
    pipe = '';
  });

  /** What reads finds the end of the pipe, or no pipe. */
  function letGo(): void {
    if (!existsSync(pipe)) return;
    // One that reads and writes never waits for another end.
    const end = openSync(pipe, constants.O_RDWR);
    unlinkSync(pipe);
    closeSync(end);
  }

  const held = { ...failed('ERR_WORK_NOT_STOPPED'), exited: false };

  async function expectHeld(): Promise<void> {
    expect(await runner.load()).toMatchObject(held);
    expect(runner.loaded).toBe(false);
    let news = 'held';
    const end = runner.terminate().then(() => {
      news = 'ended';
    });
    const probe = runner.probe().then(({ type }) => {
      news = `probe: ${type}`;
    });
    await turn();
    expect(news).toBe('held');
    letGo();
    await end;
    await probe;
    expect(news).toBe('probe: loaded');
    runner.start(2);
    expect(await runner.load()).toEqual({ type: 'loaded' });
    expect(await run('a')).toMatchObject({ done: 1, failure: null });
  }

  test('after its task gave the read up is told by the next load, and a probe waits for its exit', async () => {
    make({ idleTimeout: 1, exitPatience: 100 });
    await runner.load();
    expect(await run('readAndGiveUp')).toMatchObject({ done: 1, failure: null });
    while (runner.loaded) await turn();
    await expectHeld();
    expect(troubles).toEqual([]);
  });

  test.each([
    ['took too long', 'read', 'ERR_TASK_TIMEOUT'],
    ['ended it by an error', 'readAndDie', 'ERR_TASK_THREAD_EXITED'],
    ['called process.exit', 'readAndExit', 'ERR_TASK_TIMEOUT'],
  ])('because its task %s fails that task, and those before it are done', async (_what, id, code) => {
    make({ taskTimeout: 1000, exitPatience: 100 });
    await runner.load();
    expect(await run('a', id, 'c')).toMatchObject(failedWith(1, code));
    await expectHeld();
  });

  test('takes no place from others', async () => {
    make({ exitPatience: 100 }, '', {}, 1);
    await runner.load();
    expect(await run('readAndGiveUp')).toMatchObject({ done: 1, failure: null });
    const other = places.ask(() => {});
    expect(await other.granted).toBe(true);
    other.free();
    letGo();
  });

  test('and whose mastership is over lets no run end before it has exited', async () => {
    make({ exitPatience: 100 });
    await runner.load();
    let news = 'held';
    const outcome = run('readOn').then(() => {
      news = 'ran';
    });
    while (runner.doneSoFar === 0) await turn();
    const end = runner.terminate();
    while (timersFired === 0) await turn();
    await turn();
    expect(news).toBe('held');
    letGo();
    await Promise.all([outcome, end]);
    expect(news).toBe('ran');
  });

  test('because a native call of its loading does not return is told, and no probe is made beside it', async () => {
    make({ loadTimeout: 100 }, 'native');
    timersBegin = (async () => {
      while (runner.doneSoFar === 0) await turn();
    })();
    expect(await runner.load()).toMatchObject({ ...failed('ERR_WORK_MODULE'), exited: false });
    let ended = false;
    const end = runner.terminate().then(() => {
      ended = true;
    });
    const probe = runner.probe();
    await turn();
    expect(ended).toBe(false);
    letGo();
    await runner.terminateProbe();
    await end;
    expect(await probe).toEqual({ type: 'ended' });
  });

  test('in a probe in which the work loads is the failure of the probe', async () => {
    make({ exitPatience: 100 }, 'read');
    await runner.terminate();
    expect(await runner.probe()).toMatchObject(held);
    expect(await runner.terminateProbe()).toBe(false);
    letGo();
    while (!(await runner.terminateProbe()));
  });

  test('in a probe that fails does not keep the reason back', async () => {
    make({ exitPatience: 60_000 }, 'readAndThrow');
    await runner.terminate();
    expect(await runner.probe()).toEqual({ type: 'failed', error: { message: 'not today' }, exited: false });
    letGo();
    expect(await runner.terminateProbe()).toBe(true);
  });
});

describe('where only one thread may live', () => {
  /** Another cluster of the coordinator has it. */
  function takenByAnother(): Place {
    make({}, '', {}, 1);
    runner.terminate();
    const other = places.ask(() => told.push('the other leaves'));
    runner.start(1);
    return other;
  }

  let told: string[];
  let outcome: string;
  const load = (): Promise<void> =>
    runner.load().then(({ type }) => {
      outcome = type;
    });

  beforeEach(() => {
    told = [];
    outcome = 'waits';
  });

  test('a load waits for its place, and is seen to wait', async () => {
    const other = takenByAnother();
    expect(runner.threadWait).toBe(null);
    const loading = load();
    for (let turns = 0; turns < 10; turns += 1) await turn();
    expect([outcome, runner.loaded]).toEqual(['waits', false]);
    expect(runner.threadWait).toBeGreaterThanOrEqual(0);
    other.free();
    await loading;
    expect([outcome, runner.threadWait]).toEqual(['loaded', null]);
    expect(await run('a')).toMatchObject({ done: 1 });
  });

  test('what ends the mastership ends the wait at once, and leaves nothing in line', async () => {
    const other = takenByAnother();
    const loading = load();
    await turn();
    await runner.terminate();
    await loading;
    expect(outcome).toBe('ended');
    const next = places.ask(() => {});
    other.free();
    expect(await next.granted).toBe(true);
  });

  test('a wait that is given up is an end, and the next load waits anew', async () => {
    const other = takenByAnother();
    const loading = load();
    await turn();
    expect(runner.stopWaiting()).toBe(true);
    await loading;
    expect([outcome, runner.stopWaiting()]).toEqual(['ended', false]);
    const again = load();
    other.free();
    await again;
    expect(outcome).toBe('loaded');
    // Its thread is there, so nothing waits.
    expect(runner.stopWaiting()).toBe(false);
  });

  test('a load after a wait that was given up has its turn, if the mastership has lasted', async () => {
    const other = takenByAnother();
    const loading = load();
    await turn();
    const third = places.ask(() => {});
    runner.stopWaiting();
    await loading;
    void load();
    await turn();
    await turn();
    expect(runner.stopWaiting()).toBe(true);
    const again = load();
    await turn();
    other.free();
    await again;
    expect(outcome).toBe('loaded');
    await runner.terminate();
    expect(await third.granted).toBe(true);

    runner.start(2);
    const waits = load();
    await turn();
    const fourth = places.ask(() => {});
    runner.stopWaiting();
    await waits;
    await runner.terminate();
    runner.start(3);
    const last = load();
    await turn();
    third.free();
    expect(await fourth.granted).toBe(true);
    fourth.free();
    await last;
    expect(outcome).toBe('loaded');
  });

  test('what waits for the store alone is asked of the queue', async () => {
    make({}, '', {}, 1);
    const asked = vi.spyOn(places, 'ask');
    const awaitsStore = () => true;
    await runner.load(awaitsStore);
    expect(asked.mock.lastCall?.[1]).toEqual({ awaitsStore, turn: undefined });
  });

  test('an idle thread leaves for another, which has its place only when it has exited', async () => {
    make({}, 'stops', {}, 1);
    await load();
    expect(await run('a')).toMatchObject({ done: 1 });
    const next = places.ask(() => {});
    await next.granted;
    expect(runner.loaded).toBe(false);
    const loading = load();
    await turn();
    expect(outcome).toBe('loaded');
    expect(runner.threadWait).toBeGreaterThanOrEqual(0);
    next.free();
    await loading;
    expect(await run('b')).toMatchObject({ done: 1 });
  });

  test('a thread that dies by itself, and one that does not start, leave their places', async () => {
    make({}, '', {}, 1);
    await load();
    expect(await run('exit')).toMatchObject(failedWith(0, 'ERR_TASK_THREAD_EXITED'));
    const second = places.ask(() => {});
    expect(await second.granted).toBe(true);
    second.free();
    await runner.terminate();
    make({}, 'throw', {}, 1);
    await load();
    expect(outcome).toBe('failed');
    expect(await places.ask(() => {}).granted).toBe(true);
  });

  test('a probe waits, too, and gives its place back; its end while it waits is at once', async () => {
    const other = takenByAnother();
    await runner.terminate();
    const probing = runner.probe();
    await turn();
    expect(runner.threadWait).toBe(null);
    other.free();
    expect(await probing).toEqual({ type: 'loaded' });
    const next = places.ask(() => {});
    expect(await next.granted).toBe(true);
    const again = runner.probe();
    await turn();
    expect(await runner.terminateProbe()).toBe(true);
    expect(await again).toEqual({ type: 'ended' });
  });
});
