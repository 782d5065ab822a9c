import { beforeEach, expect, test } from 'vitest';
import { type MainRun, MainRunner } from '../../../src/execution/mainRunner.ts';
import type { ChunkOutcome } from '../../../src/queue/runner.ts';
import { SharedLease } from '../../../src/wire/sharedLease.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const TIMEOUT = 500;

let clock: VirtualClock;
let runner: MainRunner;
/** What was asked of the main thread, and told. */
let told: string[];

beforeEach(() => {
  clock = new VirtualClock();
  told = [];
  runner = make(TIMEOUT);
  runner.start(1);
});

function make(taskTimeout: number, asked: (run: MainRun) => void = () => {}): MainRunner {
  return new MainRunner({
    lease: new SharedLease(),
    clock,
    taskTimeout,
    ask: (asks) => {
      const { run, id, term, attempt } = asks;
      told.push(`run ${run}: ${id} of term ${term} #${attempt}`);
      asked(asks);
    },
    checkpoint: async ({ id }, bytes) => void told.push(`checkpoint ${id}: ${bytes.join()}`),
    abort: (reason) => told.push(`abort: ${reason}`),
    goesOn: (id, limit) => told.push(`${id} goes on after ${limit}`),
    overdue: () => told.push(`overdue at ${clock.now()}`),
    recovered: () => told.push(`recovered at ${clock.now()}`),
  });
}

const run = (failed = 0): Promise<ChunkOutcome> => runner.run([{ id: 'a', bytes: new Uint8Array(0), failed }]);

test('asks for one task at a time, and gives its outcome', async () => {
  expect(runner.mostTasks).toBe(1);
  const first = run();
  runner.settled(1, { type: 'result', done: true });
  expect(await first).toEqual({ done: 1, failure: null, took: 0 });
  const second = run(2);
  runner.settled(1, { type: 'result', done: true });
  runner.settled(2, { type: 'result', done: false });
  expect(await second).toEqual({ done: 0, failure: { type: 'result', done: false }, took: 0 });
  expect(told).toEqual(['run 1: a of term 1 #1', 'run 2: a of term 1 #3']);
});

test('a task that is a view on an answer of the store crosses without the answer', () => {
  const answer = new Uint8Array(1000).fill(7);
  const shared = new Uint8Array(new SharedArrayBuffer(1000));
  const sent: Uint8Array[] = [];
  const sender = make(TIMEOUT, ({ bytes }) => sent.push(bytes));
  sender.start(1);
  for (const bytes of [Buffer.from(answer.buffer, 10, 5), shared.subarray(10, 15)]) {
    void sender.run([{ id: 'a', bytes, failed: 0 }]);
    sender.settled(sent.length, { type: 'result', done: true });
  }
  expect(sent.map((bytes) => [bytes.length, bytes.buffer.byteLength])).toEqual([
    [5, 5],
    [5, 1000],
  ]);
  expect([...(sent[0] ?? [])]).toEqual([7, 7, 7, 7, 7]);
});

test('without a start, and after an end, nothing is run', async () => {
  await runner.terminate();
  expect(await run()).toEqual({ done: 0, failure: { type: 'not-run' }, took: 0 });
  expect(told).toEqual([]);
});

test('a run that takes too long is told once, and so is its end', async () => {
  const outcome = run();
  await clock.advance(TIMEOUT - 1);
  expect(told).toHaveLength(1);
  await clock.advance(10 * TIMEOUT);
  runner.settled(1, { type: 'result', done: true });
  await outcome;
  expect(told.slice(1)).toEqual([`overdue at ${TIMEOUT}`, `recovered at ${11 * TIMEOUT - 1}`]);
  const next = run();
  await clock.advance(TIMEOUT - 1);
  runner.settled(2, { type: 'result', done: true });
  await next;
  expect([told.length, clock.pending]).toEqual([4, 0]);
});

test('without a time-out nothing is watched', async () => {
  runner = make(Number.POSITIVE_INFINITY);
  runner.start(1);
  void run();
  expect(clock.pending).toBe(0);
});

test('an end waits for what runs', async () => {
  void run();
  let ended = false;
  void runner.terminate().then(() => {
    ended = true;
  });
  await clock.advance(60_000);
  expect(ended).toBe(false);
  runner.settled(1, { type: 'not-run' });
  await clock.advance(0);
  expect(ended).toBe(true);
});

test('ends a run for a main thread that will not answer any more, and says whether there was one', async () => {
  expect(runner.abandon()).toBe(false);
  const outcome = run();
  expect(runner.abandon()).toBe(true);
  expect(await outcome).toEqual({ done: 0, failure: { type: 'not-run' }, took: 0 });
  runner.settled(1, { type: 'result', done: true });
  expect(runner.abandon()).toBe(false);
  await runner.terminate();
});
