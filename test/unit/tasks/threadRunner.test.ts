/** The runner with real threads, in which a script stands for the work: see fixtures/scriptedThread.mjs. */
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { LeaseView } from '../../../src/election/leaseView.ts';
import type { ChunkOutcome } from '../../../src/queue/runner.ts';
import { systemClock } from '../../../src/systemClock.ts';
import { ChunkProgress } from '../../../src/tasks/chunkProgress.ts';
import { ThreadRunner } from '../../../src/tasks/threadRunner.ts';

const filename = fileURLToPath(new URL('./fixtures/scriptedThread.mjs', import.meta.url));

let runner: ThreadRunner;
let troubles: string[];

function start(taskTimeout: number, work = ''): void {
  const lease = new LeaseView();
  const progress = new ChunkProgress();
  const data = { work, lease: lease.buffer, progress: progress.buffer, abortChannel: 'runner test' };
  troubles = [];
  runner = new ThreadRunner({
    pool: { filename, data, resourceLimits: {} },
    ...{ lease, progress, taskTimeout },
    clock: systemClock,
    trouble: (error) => troubles.push('code' in error ? String(error.code) : error.message),
  });
  runner.start(1);
}

afterEach(() => runner.end());

function run(...ids: string[]): Promise<ChunkOutcome> {
  return runner.run(ids.map((id) => ({ id, bytes: new Uint8Array(1), failed: 0 })));
}

const failedWith = (done: number, code: string) => ({
  done,
  failure: { type: 'error', error: { code } },
});

test('says how far a run came, and how it ended', async () => {
  start(Number.POSITIVE_INFINITY);
  expect(await run('a', 'b', 'c')).toEqual({ done: 3, failure: null, took: 1 });
  expect(runner.doneSoFar).toBe(3);
  expect(await run('a', 'refuse', 'c')).toEqual({ done: 1, failure: { type: 'result', done: false }, took: 1 });
});

test('a thread that exits fails the task that ran, those before it are done, and the next run has a new thread', async () => {
  start(Number.POSITIVE_INFINITY);
  expect(await run('a', 'b', 'exit', 'c')).toMatchObject(failedWith(2, 'ERR_TASK_THREAD_EXITED'));
  expect(await run('exit')).toMatchObject(failedWith(0, 'ERR_TASK_THREAD_EXITED'));
  expect(await run('c')).toMatchObject({ done: 1, failure: null });
  expect(troubles).toEqual([]);
});

test('a thread that exits when all its tasks are done fails none of them, and is told', async () => {
  start(Number.POSITIVE_INFINITY);
  expect(await run('a', 'exitAfter')).toEqual({ done: 2, failure: null, took: 0 });
  expect(troubles).toEqual(['ERR_TASK_THREAD_EXITED']);
  expect(await run('c')).toMatchObject({ done: 1, failure: null });
});

test('a task that takes too long ends with its thread, in a loop too; those before it are done', async () => {
  start(100);
  expect(await run('a', 'loop', 'c')).toMatchObject(failedWith(1, 'ERR_TASK_TIMEOUT'));
  expect(await run('loop')).toMatchObject(failedWith(0, 'ERR_TASK_TIMEOUT'));
  expect(await run('c')).toMatchObject({ done: 1, failure: null });
  expect(troubles).toEqual([]);
});

test('the time of each task counts, not that of the run', async () => {
  start(1000);
  expect(await run('wait', 'wait', 'wait', 'wait')).toMatchObject({ done: 4, failure: null });
});

test('told to finish, the thread begins no task after the one that runs; a new start takes that back', async () => {
  start(Number.POSITIVE_INFINITY);
  await run('a');
  const outcome = run('wait', 'b', 'c');
  runner.finish();
  expect(await outcome).toMatchObject({ done: 1, failure: null });
  await runner.end();
  runner.start(2);
  expect(await run('a', 'b')).toMatchObject({ done: 2, failure: null });
});

test('an end does not wait for a loop, and what was done before it is known', async () => {
  start(Number.POSITIVE_INFINITY);
  await run('a');
  const outcome = run('a', 'loop');
  while (runner.doneSoFar === 0) await new Promise((resolve) => setImmediate(resolve));
  await runner.end();
  expect((await outcome).done).toBe(1);
  expect(await run('a')).toEqual({ done: 0, failure: { type: 'not-run' }, took: 0 });
});

test('a module that does not load is told at once, and fails each run', async () => {
  start(100, 'throw');
  const failure = { type: 'error', error: { message: 'not today' } };
  expect(await run('a')).toEqual({ done: 0, failure, took: 0 });
  expect(await run('a')).toEqual({ done: 0, failure, took: 0 });
  expect(troubles).toEqual(['not today']);
});
