/** What users may say of how long an id stays taken, and what of it reaches the coordinator. */
import { expect, test } from 'vitest';
import { Played } from './playedCluster.ts';

const task = { id: 1, text: 'a' };
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: { code?: string }) => error.code,
  );
const hostile = [0, -1, 0.5, 31_622_400_001, Number.NaN, Number.POSITIVE_INFINITY, '1000', 5n, null, {}, [1000], true];

test.each(hostile)('uniqueFor: %s is refused at the call, of one task and of many', async (uniqueFor) => {
  const played = new Played({ durable: true });
  expect(await code(played.cluster.submitWork(task, { uniqueFor } as never))).toBe('ERR_INVALID_OPTION');
  expect(await code(played.cluster.submitMany([task], { uniqueFor } as never))).toBe('ERR_INVALID_OPTION');
  expect(played.batches).toBe(0);
});

test('a queue in memory refuses it with a code', async () => {
  const played = new Played({});
  expect(await code(played.cluster.submitWork(task, { uniqueFor: 1000 }))).toBe('ERR_NOT_DURABLE');
  expect(await code(played.cluster.submitMany([task], { uniqueFor: 1000 }))).toBe('ERR_NOT_DURABLE');
  expect(played.batches).toBe(0);
});

test('it is refused together with what stores the task later', async () => {
  const played = new Played({ durable: true });
  const session = { client: { db: () => ({}) }, inTransaction: () => true };
  for (const options of [{ at: 5 }, { session }, { at: new Date(0), session }]) {
    const submitted = played.cluster.submitWork(task, { uniqueFor: 1000, ...options } as never);
    expect(await code(submitted)).toBe('ERR_INVALID_OPTION');
  }
});

test('each task of a batch carries its own, and a batch without any carries nothing', async () => {
  const played = new Played({ durable: true });
  const { cluster } = played;
  await Promise.all([
    cluster.submitWork({ id: 1, text: 'a' }),
    cluster.submitWork({ id: 2, text: 'b' }, { uniqueFor: 1000 }),
    cluster.submitMany([{ id: 3, text: 'c' }], { uniqueFor: 31_622_400_000 }),
    cluster.submitWork({ id: 4, text: 'd' }, { uniqueFor: 1, wait: true }),
  ]);
  await cluster.submitWork({ id: 5, text: 'e' });
  await cluster.submitWork({ id: 6, text: 'f' }, { uniqueFor: undefined });
  expect(played.uniqueFor.slice(-2)).toEqual([undefined, undefined]);
  expect(played.uniqueFor.slice(0, -2).flat()).toEqual([undefined, 1000, 31_622_400_000, 1]);
});
