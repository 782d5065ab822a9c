import { beforeEach, describe, expect, test } from 'vitest';
import type { UserWork } from '../../../src/execution/callWork.ts';
import { packChunk } from '../../../src/execution/chunk.ts';
import { ChunkProgress } from '../../../src/execution/chunkProgress.ts';
import type { PutCheckpoint, WorkContext } from '../../../src/execution/context.ts';
import { type ChunkAnswer, runChunk } from '../../../src/execution/runChunk.ts';
import type { QueuedTask } from '../../../src/queue/runner.ts';
import { SharedLease } from '../../../src/wire/sharedLease.ts';
import { encoded } from '../../support/encoded.ts';

const TERM = 3;
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

let lease: SharedLease;
let progress: ChunkProgress;
let contexts: WorkContext[];
/** What the work was called with. */
let calls: { task: unknown; id: unknown; attempt: number; done: number }[];

beforeEach(() => {
  lease = new SharedLease();
  lease.hold(TERM, now() + 60_000);
  progress = new ChunkProgress();
  contexts = [];
  calls = [];
});

const tasks = (count: number, task: (id: number) => object = (id) => ({ id })): QueuedTask[] =>
  Array.from({ length: count }, (_, id) => ({ id, bytes: encoded(task(id)), failed: 0 }));

let keepResult: ((index: number, result: Uint8Array) => void) | null = null;
let putCheckpoint: PutCheckpoint = async () => {};
beforeEach(() => {
  keepResult = null;
  putCheckpoint = async () => {};
});

/** What the work returns for each task, by its id. */
function run(given: QueuedTask[], returns: (id: number, task: unknown) => unknown): Promise<ChunkAnswer> {
  const work: UserWork = (task, context) => {
    calls.push({ task, id: context.id, attempt: context.attempt, done: progress.done });
    return returns(Number(context.id), task);
  };
  const begins = (context: WorkContext): void => void contexts.push(context);
  return runChunk(packChunk(given).chunk, { work, term: TERM, lease, progress, begins, keepResult, putCheckpoint });
}

const called = (): unknown[] => calls.map(({ id }) => id);
const spin = (ms: number): void => {
  for (const until = now() + ms; now() < until; );
};

describe('a chunk', () => {
  test('runs its tasks in order, each after the result of the one before has landed', async () => {
    const answer = await run(tasks(4), (id) => (id % 2 === 0 ? true : Promise.resolve(true)));
    expect(answer).toEqual({ failure: null, took: expect.any(Number) });
    expect(progress.done).toBe(4);
    expect(calls).toEqual([0, 1, 2, 3].map((id) => ({ task: { id }, id, attempt: 1, done: id })));
    expect(contexts.map(({ id, term }) => [id, term])).toEqual([0, 1, 2, 3].map((id) => [id, TERM]));
  });

  test('counts the attempts of each task by itself', async () => {
    const given = tasks(3);
    for (const [failed, task] of given.entries()) task.failed = failed;
    await run(given, () => true);
    expect(calls.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });

  test('awaits only what has a then', async () => {
    let turns = 0;
    await run(tasks(3), () => {
      queueMicrotask(() => {
        turns += 1;
      });
      return turns === 0;
    });
    expect(progress.done).toBe(3);
    // biome-ignore lint/suspicious/noThenProperty: work may return any thenable
    await run(tasks(1), () => ({ then: (resolve: (value: boolean) => void) => resolve(true) }));
    expect(progress.done).toBe(1);
  });

  test.each([
    ['false', () => false, { type: 'result', done: false }],
    ['a promise of false', async () => false, { type: 'result', done: false }],
    ['a number', () => 1, { error: { code: 'ERR_WORK_RESULT' } }],
    ['nothing', () => undefined, { error: { code: 'ERR_WORK_RESULT' } }],
    ['a promise of nothing', async () => {}, { error: { code: 'ERR_WORK_RESULT' } }],
    ['null', () => null, { error: { code: 'ERR_WORK_RESULT' } }],
    [
      'a throw',
      () => {
        throw new RangeError('no');
      },
      { error: { name: 'RangeError', message: 'no' } },
    ],
    ['a rejection', () => Promise.reject(new RangeError('no')), { error: { name: 'RangeError', message: 'no' } }],
    [
      'an object that cannot be looked into',
      () =>
        new Proxy(
          {},
          {
            has() {
              throw new RangeError('no');
            },
          },
        ),
      { error: { name: 'RangeError' } },
    ],
  ])('ends at a task that gives %s', async (_name, bad, failure) => {
    const answer = await run(tasks(4), (id) => (id === 2 ? bad() : true));
    expect(answer.failure).toMatchObject(failure);
    expect([progress.done, called()]).toEqual([2, [0, 1, 2]]);
  });

  test('ends at a task that cannot be decoded, which is the failure of that one', async () => {
    const given = tasks(3);
    const bad = { id: 1, bytes: new Uint8Array([9, 9, 9]), failed: 0 };
    const answer = await run([...given.slice(0, 1), bad, ...given.slice(2)], () => true);
    expect(answer.failure).toMatchObject({ type: 'error', error: { code: 'ERR_STORE_DATA' } });
    expect(progress.done).toBe(1);
  });

  test('is told to finish: the task that runs comes to its end, and no other begins', async () => {
    const answer = await run(tasks(4), (id) => {
      progress.finishing = id === 1;
      return true;
    });
    expect([answer.failure, progress.done]).toEqual([null, 2]);
  });

  test('begins no other task when it has taken too long', async () => {
    const answer = await run(tasks(4), (id) => {
      spin(id === 1 ? 205 : 0);
      return true;
    });
    expect([answer.failure, progress.done]).toEqual([null, 2]);
    expect(answer.took).toBeGreaterThan(200);
  });

  test('begins no other task once it is aborted, which is told as not run', async () => {
    const answer = await run(tasks(4), (id) => {
      lease.aborted = id === 1;
      return true;
    });
    expect([answer.failure, progress.done]).toEqual([{ type: 'not-run' }, 2]);
  });

  test.each([
    ['is dropped', () => lease.drop()],
    ['is held under another term', () => lease.hold(TERM + 1, now() + 60_000)],
    ['has run out', () => lease.hold(TERM, now() - 1)],
  ])('begins no task when the lease %s', async (_name, act) => {
    const answer = await run(tasks(4), (id) => {
      if (id !== 1) return true;
      act();
      // The lease is looked at again when the wall clock has moved.
      spin(3);
      return true;
    });
    expect([answer.failure, progress.done]).toEqual([{ type: 'not-run' }, 2]);
    progress.done = 0;
    expect((await run(tasks(1), () => true)).failure).toEqual({ type: 'not-run' });
    expect([called(), progress.done]).toEqual([[0, 1], 0]);
  });

  test('says when each task began, by the clock that all threads share', async () => {
    const seen: number[] = [];
    const before = now();
    await run(tasks(3), () => {
      seen.push(progress.startedAt);
      spin(1);
      return true;
    });
    seen.push(progress.startedAt);
    const sorted = seen.toSorted((one, other) => one - other);
    expect(seen).toEqual(sorted);
    expect(new Set(seen).size).toBe(4);
    // The two ways to read that clock differ by less than this.
    expect(seen[0]).toBeGreaterThan(before - 1);
    expect(seen.at(-1)).toBeLessThan(now() + 1);
  });

  test('a task that gives the shared memory away hurts no other: they are not begun', async () => {
    const given = tasks(3, (id) => ({ id, data: Buffer.alloc(10, id) }));
    const answer = await run(given, (_id, task) => {
      if (typeof task !== 'object' || task === null || !('data' in task) || !Buffer.isBuffer(task.data)) return false;
      const { buffer } = task.data;
      if (buffer instanceof ArrayBuffer) structuredClone(buffer, { transfer: [buffer] });
      return true;
    });
    expect([answer.failure, progress.done]).toEqual([null, 1]);
  });
});
