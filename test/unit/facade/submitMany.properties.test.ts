/**
 * `submitMany` on a cluster whose coordinator is played: the result is that of the same calls of `submitWork`, one after
 * another, in memory and durable, also when there is no room, and what a failing store leaves is what the error says.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FailoverError, StoreError } from '../../../src/errors.ts';
import { runs } from '../../support/propertyRuns.ts';
import { type Played, playedCluster, type Task } from './playedCluster.ts';

const ids = fc.array(fc.nat(60), { maxLength: 30 });
const call = fc.oneof(fc.record({ many: ids }), fc.record({ one: fc.nat(60) }));
type Call = { readonly many: readonly number[] } | { readonly one: number };
const durable = fc.boolean();
const task = (id: number): Task => ({ id, text: `text ${id}` });

/** Makes all calls in one turn. Resolves with what each of them was told: which were stored, or how many if not all were. */
function told({ cluster }: Played, calls: readonly Call[], wait = false): Promise<unknown[]> {
  const one = async (id: number) => Number((await cluster.submitWork(task(id), { wait })).stored);
  const answers = calls.map((each) => {
    if ('one' in each) return one(each.one).catch(() => 'full');
    return cluster.submitMany(each.many.map(task), { wait }).then(
      ({ stored, duplicates, submissions }) => {
        expect(stored + duplicates).toBe(each.many.length);
        const all = submissions.map((submission) => Number(submission.stored));
        expect(all.filter((isStored) => isStored === 1)).toHaveLength(stored);
        return all;
      },
      (error: FailoverError) => {
        expect(error).toMatchObject({ name: 'TaskError', code: 'ERR_QUEUE_FULL' });
        return `full, ${error.stored}`;
      },
    );
  });
  return Promise.all(answers);
}

/** The same, by `submitWork` alone. */
async function toldOneByOne(played: Played, calls: readonly Call[]): Promise<unknown[]> {
  const answers = calls.map(async (each) => {
    if ('one' in each) return (await told(played, [each]))[0];
    const stored = await Promise.all(each.many.map((id) => told(played, [{ one: id }]).then(([answer]) => answer)));
    const count = stored.filter((answer) => answer === 1).length;
    return stored.includes('full') ? `full, ${count}` : stored;
  });
  return Promise.all(answers);
}

test('the result is that of the same calls of submitWork, in their order', async () => {
  const property = fc.asyncProperty(
    durable,
    fc.integer({ min: 1, max: 70 }),
    fc.array(call),
    async (kind, room, calls) => {
      const [many, single] = [
        playedCluster({ durable: kind, maxQueue: room }),
        playedCluster({ durable: kind, maxQueue: room }),
      ];
      const [byMany, bySingle] = [await told(many, calls), await toldOneByOne(single, calls)];
      expect(byMany).toEqual(bySingle);
      expect(many.queue).toEqual(single.queue);
      expect(many.queue).toEqual(many.queue.map(({ id }) => task(id)));
    },
  );
  await fc.assert(property, runs(300));
});

test('with wait, all are queued in the order of the calls, however little room there is at a time', async () => {
  const property = fc.asyncProperty(
    durable,
    fc.integer({ min: 1, max: 10 }),
    fc.array(call, { maxLength: 8 }),
    fc.infiniteStream(fc.integer({ min: 1, max: 20 })),
    async (kind, room, calls, counts) => {
      const played = playedCluster({ durable: kind, maxQueue: room });
      const numbered = renumbered(calls);
      const all = told(played, numbered, true);
      let over = false;
      const ended = all.finally(() => {
        over = true;
      });
      while (!over) {
        await new Promise((resolve) => setImmediate(resolve));
        const { value } = counts.next();
        if (played.queue.length > 0) played.do(Number(value));
      }
      await ended;
      played.do(Number.POSITIVE_INFINITY);
      expect(played.done).toEqual(numbered.flatMap((each) => ('one' in each ? [each.one] : each.many)));
    },
  );
  await fc.assert(property, runs(150));
});

/** No id comes twice, so each is queued once. */
function renumbered(calls: readonly Call[]): Call[] {
  let next = 0;
  return calls.map((each) => ('one' in each ? { one: next++ } : { many: each.many.map(() => next++) }));
}

test('a bad task anywhere: none is queued, the error has its index and path, and all memory is free again', async () => {
  const bad: unknown[] = [undefined, 7, { id: 1, run: () => {} }, { text: 'no id' }, { id: 2, text: 'x'.repeat(2000) }];
  const property = fc.asyncProperty(durable, ids, ids, fc.constantFrom(...bad), async (kind, before, after, worst) => {
    const played = playedCluster({ durable: kind, maxTaskBytes: 1000 });
    const single = await played.cluster.submitWork(worst as Task).catch((error: FailoverError) => error);
    const tasks = [...before.map(task), worst, ...after.map(task)] as Task[];
    const many = await played.cluster.submitMany(tasks).catch((error: FailoverError) => error);
    if (!(single instanceof FailoverError && many instanceof FailoverError)) throw new Error('it was accepted');
    expect(many).toMatchObject({ code: single.code, name: single.name, index: before.length, stored: 0 });
    expect(many.message).toBe(`tasks[${before.length}]: ${single.message}`);
    expect(played.queue).toEqual([]);
    expect(played.batches).toBe(0);
    await played.cluster.submitMany([task(1)]);
    expect(played.firstOffset, 'the bytes of those before are free').toBe(0);
  });
  await fc.assert(property, runs(150));
});

test('a store that fails midway: a beginning is stored, and submitting again from the index stores the rest', async () => {
  const property = fc.asyncProperty(fc.nat(5000), fc.nat(4), fc.boolean(), async (count, failing, lands) => {
    const played = playedCluster({ durable: true });
    const tasks = Array.from({ length: count }, (_, id) => task(id));
    played.failAt = { batch: failing, lands, error: new StoreError('ERR_STORE_UNAVAILABLE', 'no answer') };
    const result = await played.cluster.submitMany(tasks).catch((error: FailoverError) => error);
    const { error } = played.failAt;
    played.failAt = undefined;
    const after = await played.cluster.submitWork(task(-1));
    expect(after).toEqual({ stored: true });
    if (!(result instanceof FailoverError)) {
      expect(result).toEqual({ stored: count, duplicates: 0 });
      return;
    }
    expect(result).toMatchObject({ name: 'StoreError', code: 'ERR_STORE_UNAVAILABLE', index: result.stored });
    expect(result.cause).toBe(error);
    const stored = played.queue.length - 1;
    expect(result.stored).toBeLessThanOrEqual(stored);
    if (!lands) expect(result.stored).toBe(stored);
    await played.cluster.submitMany(tasks.slice(result.index));
    expect(new Set(played.queue.map(({ id }) => id)).size).toBe(played.queue.length);
    expect(played.queue.map(({ id }) => id).filter((id) => id >= 0)).toEqual(tasks.map(({ id }) => id));
  });
  await fc.assert(property, runs(60));
});

test('as few writes as the limits allow', async () => {
  const small = playedCluster({ durable: true });
  await small.cluster.submitMany(Array.from({ length: 3000 }, (_, id) => task(id)));
  expect(small.batches).toBe(3);

  const large = playedCluster({ durable: true });
  const text = 'x'.repeat(40_000);
  await large.cluster.submitMany(Array.from({ length: 100 }, (_, id) => ({ id, text })));
  expect(large.batches).toBe(4);
});

test('what waits for room when the cluster stops is told how much of it is stored', async () => {
  const played = playedCluster({ durable: true, maxQueue: 3 });
  const waits = played.cluster.submitMany([1, 2, 3, 4, 5].map(task), { wait: true });
  const isTold = expect(waits).rejects.toMatchObject({ code: 'ERR_STOPPED', stored: 3, index: 3 });
  await new Promise((resolve) => setImmediate(resolve));
  void played.cluster.stop();
  await isTold;
});

test('a copy is taken at the call', async () => {
  const played = playedCluster({ durable: true });
  const tasks = [task(1), task(2)];
  const submitted = played.cluster.submitMany(tasks);
  for (const each of tasks) each.text = 'changed';
  tasks.push(task(3));
  expect(await submitted).toEqual({ stored: 2, duplicates: 0 });
  expect(played.queue).toEqual([task(1), task(2)]);
});

test.each([undefined, null, 'tasks', {}, new Set([{ id: 1 }])])('tasks that are no array: %s', async (tasks) => {
  const { cluster } = playedCluster({});
  const call = cluster.submitMany(tasks as never);
  await expect(call).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', message: /tasks must be an array/ });
});

test('no task at all', async () => {
  const { cluster } = playedCluster({ durable: true });
  expect(await cluster.submitMany([], { wait: true })).toEqual({ stored: 0, duplicates: 0 });
});
