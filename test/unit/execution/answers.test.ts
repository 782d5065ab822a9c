/** What work hands back beside true and false, as hostile as it comes: results, checkpoints, postponements, permanent failures. */

import { createContext, runInContext } from 'node:vm';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { fromWire, PermanentError, toWire } from '../../../src/errors.ts';
import { CANCELLED } from '../../../src/execution/abortMessage.ts';
import { ANSWER_BYTES_MAX, decodeAnswer, encodeAnswer } from '../../../src/execution/answerBytes.ts';
import { CoordinatorAnswers, ThreadAnswers } from '../../../src/execution/answerPort.ts';
import { callWork, outcomeOf } from '../../../src/execution/callWork.ts';
import { type PutCheckpoint, WorkContext } from '../../../src/execution/context.ts';
import { TaskReader } from '../../../src/store/taskDocuments.ts';
import { SharedLease } from '../../../src/wire/sharedLease.ts';

const TERM = 3;
const HOUR = 3_600_000;

function held(): SharedLease {
  const lease = new SharedLease();
  lease.hold(TERM, Number(process.hrtime.bigint()) / 1e6 + HOUR);
  return lease;
}

function contextWith(put?: PutCheckpoint, last?: Uint8Array, lease = held()): WorkContext {
  return new WorkContext('a', TERM, 1, lease, undefined, put, last);
}

const failure = (code: string | undefined, message: string) => ({
  type: 'error',
  error: { code, message: expect.stringContaining(message) },
});

describe('results', () => {
  const judged = (answer: unknown) => outcomeOf(answer, contextWith(), true);

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'x'],
    ['zero', -0],
    ['a list', [1, { a: new Date(5) }]],
    ['a bigint', 12n],
    ['a field of the name of the wrapper', { value: { result: 1 } }],
  ])('%s comes back as it was', (_, result) => {
    const outcome = judged({ result });
    expect(outcome).toMatchObject({ type: 'result', done: true });
    expect('result' in outcome && outcome.result !== undefined && decodeAnswer(outcome.result)).toEqual(result);
  });

  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const proxy = new Proxy(
    {},
    {
      has() {
        throw new Error('trap');
      },
    },
  );
  test.each([
    ['a function', { result: () => 1 }, 'the result cannot be kept: $ is a function'],
    ['a symbol deep inside', { result: { a: [Symbol('x')] } }, 'the result cannot be kept: $.a[0]'],
    ['a promise that never settles', { result: new Promise(() => {}) }, 'the result cannot be kept: $'],
    ['a circle', { result: cycle }, 'the result cannot be kept'],
    ['65 KiB', { result: 'x'.repeat(65 * 1024) }, 'the result has more than 65536 bytes (64 KiB) when encoded'],
    [
      'a getter that throws',
      {
        get result() {
          throw new Error('mine');
        },
      },
      'could not be read',
    ],
    ['a proxy that throws', proxy, 'could not be read'],
    [
      'an object without a result',
      { results: 1 },
      'the work must return true, false or { result }, and returned object',
    ],
    ['nothing at all', undefined, 'and returned undefined'],
    ['a list', [true], 'and returned an array'],
  ])('%s is a failure of the work', (_, answer, message) => {
    expect(judged(answer)).toMatchObject(failure('ERR_WORK_RESULT', message));
  });

  test('of exactly 64 KiB is kept, and of a byte more is not', () => {
    const overhead = encodeAnswer('', 'it').length;
    const fitting = 'x'.repeat(ANSWER_BYTES_MAX - overhead);
    expect(encodeAnswer(fitting, 'it').length).toBe(ANSWER_BYTES_MAX);
    expect(() => encodeAnswer(`${fitting}x`, 'it')).toThrow(expect.objectContaining({ code: 'ERR_TASK_TOO_LARGE' }));
  });

  test('are refused where they are not wanted', () => {
    const outcome = outcomeOf({ result: 1 }, contextWith(), false);
    expect(outcome).toMatchObject(
      failure('ERR_WORK_RESULT', 'the work must return true or false, and returned object'),
    );
  });
});

describe('permanent failures', () => {
  const wire = (thrown: unknown) => toWire(thrown).permanent;

  test('are told from others by what they say of themselves', () => {
    const realm = createContext({});
    expect(wire(new PermanentError('no'))).toBe(true);
    expect(wire(Object.assign(new TypeError('no'), { permanent: true }))).toBe(true);
    expect(wire(runInContext("Object.assign(new Error('no'), { permanent: true })", realm))).toBe(true);
    expect(wire({ permanent: true })).toBe(true);
    for (const other of [new Error('no'), { permanent: 'true' }, { permanent: 1 }, null, undefined, 'permanent']) {
      expect(wire(other)).toBeUndefined();
    }
    expect(wire(new Error('wrapped', { cause: new PermanentError('no') }))).toBeUndefined();
  });

  test('say so on the other side, with their name', () => {
    const error = fromWire(structuredClone(toWire(new PermanentError('no'))));
    expect(error).toMatchObject({ name: 'PermanentError', message: 'no', permanent: true });
    expect(fromWire(toWire(new Error('no')))).not.toHaveProperty('permanent');
  });

  test('a getter that throws is not one', () => {
    const thrown = Object.defineProperty(new Error('no'), 'permanent', {
      get() {
        throw new Error('mine');
      },
    });
    expect(toWire(thrown)).toMatchObject({ message: 'no' });
    expect(wire(thrown)).toBeUndefined();
  });
});

describe('retryIn', () => {
  const call = (work: (context: WorkContext) => unknown) =>
    callWork(
      (_, context) => work(context),
      () => ({}),
      contextWith(),
      { aborted: false, results: false },
    );

  test('postpones the task if the work then returns false', async () => {
    expect(await call((context) => context.retryIn(5000))).toEqual({ type: 'postponed', delay: 5000 });
    expect(await call(async (context) => context.retryIn(1))).toEqual({ type: 'postponed', delay: 1 });
  });

  test('changes nothing of work that succeeds, or throws', async () => {
    const done = await call((context) => !context.retryIn(5000));
    expect(done).toEqual({ type: 'result', done: true });
    const thrown = await call((context) => {
      context.retryIn(5000);
      throw new Error('mine');
    });
    expect(thrown).toMatchObject(failure(undefined, 'mine'));
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 24 * HOUR + 1, '5', undefined, 5n])(
    'refuses %s at the call',
    async (ms) => {
      const refused = await call((context) => context.retryIn(ms as number));
      expect(refused).toMatchObject(
        failure('ERR_INVALID_OPTION', 'the time of retryIn must be a number from 1 to 86400000'),
      );
    },
  );
});

describe('checkpoints', () => {
  const code = (code: string) => expect.objectContaining({ code });

  test('are read back, and what was read before is as it was', async () => {
    const put: Uint8Array[] = [];
    const context = contextWith(async (_, bytes) => void put.push(bytes), encodeAnswer({ row: 1 }, 'it'));
    const before = context.lastCheckpoint;
    expect(before).toEqual({ row: 1 });
    await context.checkpoint({ row: 2 });
    expect([context.lastCheckpoint, before, put.length]).toEqual([{ row: 2 }, { row: 1 }, 1]);
    await context.checkpoint(undefined);
    expect(context.lastCheckpoint).toBeUndefined();
    expect(contextWith().lastCheckpoint).toBeUndefined();
  });

  test('are encoded at the call, and one is under way at a time', async () => {
    const rows: unknown[] = [];
    let answer: (() => void) | undefined;
    const context = contextWith(async (_, bytes) => {
      expect(answer, 'one at a time').toBeUndefined();
      rows.push(decodeAnswer(bytes));
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      answer = undefined;
    });
    const value = { row: 1 };
    const all = [1, 2, 3].map((row) => {
      value.row = row;
      return context.checkpoint(value);
    });
    value.row = 99;
    for (let turns = 0; turns < 3; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(rows.length).toBe(turns + 1);
      answer?.();
    }
    await Promise.all(all);
    expect(rows).toEqual([{ row: 1 }, { row: 2 }, { row: 3 }]);
  });

  test('that cannot be put down reject, and the next one is tried all the same', async () => {
    let fails = true;
    const context = contextWith(async () => {
      if (fails) throw new Error('lost');
    });
    await expect(context.checkpoint(() => 1)).rejects.toThrow('the checkpoint cannot be kept: $ is a function');
    await expect(context.checkpoint('x'.repeat(70_000))).rejects.toEqual(code('ERR_TASK_TOO_LARGE'));
    await expect(context.checkpoint(1)).rejects.toThrow('lost');
    fails = false;
    await context.checkpoint(2);
    expect(context.lastCheckpoint).toBe(2);
  });

  test('do not count as stored once the lease has ended', async () => {
    const lease = held();
    const context = contextWith(async () => lease.drop(), undefined, lease);
    await expect(context.checkpoint(1)).rejects.toEqual(code('ERR_LEASE_LOST'));
    expect(context.lastCheckpoint).toBeUndefined();
  });

  test('are refused when the work has returned', async () => {
    const context = contextWith(async () => {});
    context.end();
    await expect(context.checkpoint(1)).rejects.toEqual(code('ERR_CHECKPOINT'));
  });
});

describe('between the threads', () => {
  const channels: MessageChannel[] = [];
  afterEach(() => {
    for (const { port1, port2 } of channels.splice(0)) {
      port1.close();
      port2.close();
    }
  });

  function ends(checkpoint: (index: number, bytes: Uint8Array) => Promise<void> = async () => {}) {
    const channel = new MessageChannel();
    channels.push(channel);
    const coordinator = new CoordinatorAnswers({ port: channel.port1, checkpoint });
    return { coordinator, thread: new ThreadAnswers(channel.port2), channel };
  }

  test('a result is there as soon as it was kept, without a turn of the loop', () => {
    const { coordinator, thread } = ends();
    coordinator.begins();
    thread.begins();
    thread.keepResult(0, new Uint8Array([1]));
    thread.keepResult(2, new Uint8Array([3]));
    expect([...coordinator.take()]).toEqual([
      [0, new Uint8Array([1])],
      [2, new Uint8Array([3])],
    ]);
    expect(coordinator.take().size).toBe(0);
  });

  test('what an earlier run left behind is not taken for this one', async () => {
    const put: number[] = [];
    const { coordinator, thread } = ends(async (index) => void put.push(index));
    coordinator.begins();
    thread.begins();
    thread.keepResult(0, new Uint8Array([1]));
    const late = thread.putCheckpoint(0, new Uint8Array([1]));
    coordinator.begins();
    expect(coordinator.take().size).toBe(0);
    await expect(late).rejects.toMatchObject({ code: 'ERR_CHECKPOINT' });
    expect(put).toEqual([]);
  });

  test('a thread that is gone leaves what it has kept', async () => {
    const { coordinator, thread, channel } = ends();
    coordinator.begins();
    thread.begins();
    thread.keepResult(0, new Uint8Array([1]));
    channel.port2.close();
    await new Promise((resolve) => setImmediate(resolve));
    coordinator.close();
    expect([...coordinator.take().keys()]).toEqual([0]);
    expect(coordinator.take().size).toBe(0);
  });

  test('each checkpoint has its own answer, in whatever order they come', async () => {
    const answers: (() => void)[] = [];
    const { coordinator, thread } = ends((index) =>
      index === 1 ? Promise.reject(new Error('no')) : new Promise((resolve) => answers.push(resolve)),
    );
    coordinator.begins();
    thread.begins();
    const first = thread.putCheckpoint(0, new Uint8Array([1]));
    await expect(thread.putCheckpoint(1, new Uint8Array([2]))).rejects.toThrow('no');
    for (const answer of answers) answer();
    await first;
  });
});

describe('the signal of cancelled work', () => {
  const why = (context: WorkContext) => [context.signal.aborted, (context.signal.reason as { code?: string })?.code];

  test('has the reason before any message has come', () => {
    const lease = held();
    const context = contextWith(undefined, undefined, lease);
    expect(context.signal.aborted).toBe(false);
    lease.cancel();
    expect(why(context)).toEqual([true, 'ERR_CANCELLED']);
  });

  test('has the reason of a message that came before it was first read', () => {
    const context = contextWith();
    context.abort(CANCELLED);
    expect(why(context)).toEqual([true, 'ERR_CANCELLED']);
  });

  test('tells of the lease if that ends, whichever was told first', () => {
    const [first, second, third] = [held(), held(), held()];
    first.cancel();
    first.aborted = true;
    second.aborted = true;
    second.cancel();
    third.cancel();
    third.drop();
    for (const lease of [first, second, third]) {
      expect(why(contextWith(undefined, undefined, lease))).toEqual([true, 'ERR_LEASE_LOST']);
    }
    first.aborted = false;
    expect([first.aborted, first.cancelled]).toEqual([false, false]);
  });
});

test('a task whose attempts an older version gave back has not failed for good', () => {
  const fields = { seq: 1, key: 'a', payload: new Uint8Array(1), deaths: 0, at: new Date(0), permanent: true };
  expect(new TaskReader({ ...fields, attempts: 0 }, 'a task').task().permanent).toBeUndefined();
  expect(new TaskReader({ ...fields, attempts: 1 }, 'a task').task().permanent).toBe(true);
});
