/** What the program gives as the task of a schedule. */
import { beforeEach, expect, test } from 'vitest';
import { Scheduling } from '../../../src/facade/scheduling.ts';
import { bson } from '../../../src/task/bson.ts';
import type { ScheduleCall } from '../../../src/wire/schedules.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

let calls: ScheduleCall[];
let failures: (Error & { code?: string })[];
let scheduling: Scheduling;

beforeEach(() => {
  [calls, failures] = [[], []];
  scheduling = new Scheduling({
    ...{ name: 'x', key: 'id', clock: new VirtualClock({ wall: Date.UTC(2026, 4, 1) }) },
    // biome-ignore lint/suspicious/noExplicitAny: what it reads of the options
    options: { durable: true, maxTaskBytes: 1024 } as any,
    call: async (call) => {
      calls.push(call);
      // biome-ignore lint/suspicious/noExplicitAny: no answer that it reads
      return undefined as any;
    },
    failed: (error) => failures.push(error),
  });
});

async function made(task: () => unknown): Promise<unknown> {
  await scheduling.schedule('nightly', '0 3 * * *', task, undefined);
  await scheduling.make({ type: 'makeSlotTask', schedule: 'nightly', taskId: 'nightly@1', slot: 0 });
  return calls.at(-1)?.args[1];
}

test('a function makes a task, which gets its id', async () => {
  const bytes = (await made(() => ({ step: 1 }))) as Uint8Array;
  expect(bson.deserialize(bytes)).toEqual({ step: 1, id: 'nightly@1' });
  expect(failures).toEqual([]);
});

test('an async function is refused, and its rejection is no one’s', async () => {
  expect(await made(async () => Promise.reject(new Error('later')))).toBeNull();
  expect(failures).toMatchObject([
    { code: 'ERR_SCHEDULE_TASK', message: expect.stringContaining('returned a promise') },
  ]);
});

test.each([
  ['a map', () => new Map([['step', 1]]), 'ERR_TASK_NOT_CLONEABLE'],
  ['no object', () => 'text', 'ERR_INVALID_OPTION'],
  ['one with an id', () => ({ id: 'mine' }), 'ERR_INVALID_OPTION'],
])('%s is refused, from a function as in a template', async (_, task, code) => {
  expect(await made(task)).toBeNull();
  expect(failures).toMatchObject([{ code }]);
  await expect(scheduling.schedule('other', '0 3 * * *', task(), undefined)).rejects.toMatchObject({ code });
});

test.each(['id', 'step'])('a getter of %s that throws is refused with a code', async (key) => {
  const task = { [key]: 1 };
  Object.defineProperty(task, key, {
    enumerable: true,
    get: () => {
      throw new Error('no such thing');
    },
  });
  await expect(scheduling.schedule('other', '0 3 * * *', task, undefined)).rejects.toMatchObject({
    code: 'ERR_TASK_NOT_CLONEABLE',
  });
});

/** Nothing can be read of it, and a text cannot be made of what it throws. */
function unreadable(): object {
  const thrower = (): never => {
    throw Object.create(null);
  };
  return new Proxy({}, { get: thrower, has: thrower });
}

test('what a function throws is told', async () => {
  const thrower = (): never => {
    throw new Error('no such region');
  };
  expect(await made(thrower)).toBeNull();
  expect(failures).toMatchObject([
    { code: 'ERR_SCHEDULE_TASK', message: expect.stringContaining('threw: no such region') },
  ]);
});

test('what cannot be read of the task that a function makes is told, by the event and by the call', async () => {
  expect(await made(unreadable)).toBeNull();
  expect(
    await made(() => Object.defineProperty({}, 'then', { get: () => Reflect.get(unreadable(), 'then') })),
  ).toBeNull();
  expect(failures).toMatchObject([{ code: 'ERR_SCHEDULE_TASK' }, { code: 'ERR_SCHEDULE_TASK' }]);
  await scheduling.schedule('nightly', '0 3 * * *', unreadable, undefined);
  await expect(scheduling.trigger('nightly')).rejects.toMatchObject({ code: 'ERR_SCHEDULE_TASK' });
});
