/** Work that is a function runs on the main thread, with the same rules. */
import { threadId } from 'node:worker_threads';
import type { ManagedOptions, TaskContext } from 'mongo-failover';
import { describe, expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';

interface Task {
  id: number;
}
type Work = (task: Task, context: TaskContext) => boolean | Promise<boolean>;

async function member(work: Work, options: ManagedOptions = {}) {
  const { managed: Managed } = open({ folder: await settledFolder() });
  const cluster = new Managed<Task>('main', 'id', work, { retry: { minDelay: 10 }, ...options });
  const events = new Events(cluster);
  const submit = (...ids: number[]) => Promise.all(ids.map((id) => cluster.submitWork({ id })));
  return { cluster, events, submit };
}

test('it is called with a copy of the task and a context, on this very thread', async () => {
  const calls: unknown[] = [];
  const given = { id: 1, at: new Date(5), bytes: Buffer.from('x'), nested: [{ text: 'ä' }, null] };
  const { cluster, events } = await member((task, context) => {
    const { id, term, attempt, signal } = context;
    calls.push({ task, thread: threadId, id, term, attempt, aborted: signal.aborted, left: context.leaseRemaining() });
    return true;
  });
  const submitted = cluster.submitWork(given);
  given.nested.length = 0;
  await submitted;
  await cluster.run();
  await events.done(1);
  expect(calls).toEqual([
    {
      task: { id: 1, at: new Date(5), bytes: Buffer.from('x'), nested: [{ text: 'ä' }, null] },
      ...{ thread: threadId, id: 1, term: cluster.term, attempt: 1, aborted: false, left: expect.any(Number) },
    },
  ]);
});

test('one call at a time, in order, however long each takes, and only true is done', async () => {
  let running = 0;
  let most = 0;
  const tries = new Map<number, number>();
  const { cluster, events, submit } = await member(async ({ id }, { attempt }) => {
    running += 1;
    most = Math.max(most, running);
    tries.set(id, attempt);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running -= 1;
    if (id === 2 && attempt === 1) return false;
    if (id === 3 && attempt === 1) throw new RangeError('thrown on the main thread');
    if (id === 4 && attempt === 1) return JSON.parse('"what JavaScript lets pass"');
    return true;
  });
  await submit(1, 2, 3, 4, 5);
  await cluster.run();
  await events.done(5);
  expect(most).toBe(1);
  expect(events.doneIds).toEqual([1, 2, 3, 4, 5]);
  expect([...tries]).toEqual([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 2],
    [5, 1],
  ]);
  expect(events.of('failed')).toEqual([
    [2, expect.objectContaining({ code: 'ERR_WORK_FAILED' }), 1],
    [3, expect.objectContaining({ name: 'RangeError', message: 'thrown on the main thread' }), 1],
    [4, expect.objectContaining({ code: 'ERR_WORK_RESULT' }), 1],
  ]);
});

test('stop() aborts its signal after stopTimeout, and counts what it then returns', async () => {
  const { cluster, events, submit } = await member(
    (_task, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(true))),
    { stopTimeout: 30 },
  );
  await submit(1, 2);
  await cluster.run();
  await events.first('master');
  await cluster.stop();
  expect(events.doneIds).toEqual([1]);
  expect(events.of('panic')).toEqual([]);
});

test('a call that ignores its signal does not hold up stop(), a panic tells of it, and the lease is not given away', async () => {
  let begun = () => {};
  const beginning = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const folder = await settledFolder();
  const next = new (open({ folder }).unmanaged)('main');
  const { managed: Managed } = open({ folder });
  const forever = () => {
    begun();
    return new Promise<boolean>(() => {});
  };
  const cluster = new Managed<Task>('main', 'id', forever, { stopTimeout: 30, grace: 30 });
  const events = new Events(cluster);
  await cluster.submitWork({ id: 1 });
  await cluster.run();
  await beginning;
  const nextEvents = new Events(next);
  await next.run();
  await nextEvents.first('slave');
  const seen = (await next.status()).seen;
  await cluster.stop();
  expect(events.of('panic')).toEqual([[expect.objectContaining({ code: 'ERR_WORK_NOT_STOPPED' })]]);
  expect([cluster.isMaster, cluster.state]).toEqual([false, 'stopped']);
  expect(events.doneIds).toEqual([]);
  expect(seen?.holder).toEqual(expect.any(String));
  expect((await next.status()).seen?.holder).toBe(seen?.holder);
});

describe('calls of the work itself that wait for its end', () => {
  test.each(['stop', 'close'])('%s() resolves at once, and the run counts', async (call) => {
    const failover = open({ folder: await settledFolder() });
    const said: unknown[] = [];
    const cluster = new failover.managed<Task>('main', 'id', async ({ id }, { signal }) => {
      if (id === 1) return true;
      // Again, and later on in the same run.
      await Promise.all([cluster.stop(), call === 'stop' ? cluster.stop() : failover.close()]);
      await new Promise((resolve) => setImmediate(resolve));
      await (call === 'stop' ? cluster.stop() : failover.close());
      said.push(['stopped', signal.aborted, cluster.isMaster]);
      return true;
    });
    const events = new Events(cluster);
    for (const id of [1, 2, 3]) await cluster.submitWork({ id });
    await cluster.run();
    await events.first('stopped');
    expect(said).toEqual([['stopped', false, true]]);
    expect([events.doneIds, events.of('panic'), events.of('failed')]).toEqual([[1, 2], [], []]);
    // From outside it waits, and it was given up in time: the next member is master at once.
    await failover.close();
  });

  test('a call that the run leaves behind waits as any other', async () => {
    let left: Promise<void> | undefined;
    let go: () => void = () => {};
    const released = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { cluster, events, submit } = await member(({ id }) => {
      if (id === 1) left = released.then(() => cluster.stop());
      return true;
    });
    await submit(1);
    await cluster.run();
    await events.done(1);
    go();
    await left;
    expect(events.states.at(-1)).toBe('stopped');
  });

  test('submitWork(task, { wait: true }) fails in a full queue', async () => {
    const results: unknown[] = [];
    const { cluster, events, submit } = await member(
      async ({ id }) => {
        if (id !== 1) return true;
        for (const more of [8, 9]) {
          const submitted = cluster.submitWork({ id: more }, { wait: true });
          results.push(await submitted.catch(({ code, message }) => [code, message]));
        }
        return true;
      },
      { maxQueue: 2 },
    );
    await submit(1);
    await cluster.run();
    await events.done(8);
    const full = ['ERR_QUEUE_FULL', expect.stringContaining('is what waits')];
    expect(results).toEqual([{ stored: true }, full]);
    expect(await cluster.submitWork({ id: 9 }, { wait: true })).toEqual({ stored: true });
  });
});
