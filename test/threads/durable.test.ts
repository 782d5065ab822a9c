/** Stored tasks on both stores: what the submitter is told, in which order they run, and what becomes of those that fail. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize } from 'node:v8';
import type { ManagedOptions } from 'mongo-failover';
import { describe, expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Journal, overlapping } from '../support/journal.ts';
import { settledUri } from '../support/settled.ts';

const work = new URL('./fixtures/durable.mjs', import.meta.url);
/** Of which a test need not wait for the random part. */
const soon = { minDelay: 5 };

interface Task {
  id: number | string;
  file: string;
  ms?: number;
  failures?: number;
  until?: string;
  gate?: string;
  keep?: string;
  [more: string]: unknown;
}

/** One queue and its journal; each member has a coordinator thread of its own. */
async function queue(store: string, options: Omit<ManagedOptions, 'durable'> = {}) {
  const folder = await settledFolder();
  const where = store === 'embedded' ? { folder } : { mongodb: { connectString: await settledUri() } };
  const journal = new Journal(folder);
  const member = () => {
    const { managed: Managed } = open(where);
    const cluster = new Managed<Task>('durable', 'id', work, { retry: soon, ...options, durable: true });
    return { cluster, events: new Events(cluster) };
  };
  const inOrder = () => journal.runs().map(({ id, attempt }) => `${id}, try ${attempt}`);
  return { folder, journal, file: journal.file, member, inOrder };
}

describe.each(['embedded', 'mongodb'])('on the store %s', (store) => {
  test('tasks submitted on the master, on a standby and on a member that never runs are done in their order', async () => {
    const { file, journal, member } = await queue(store);
    const [master, standby, submitter] = [member(), member(), member()];
    await master.cluster.run();
    await master.events.first('master');
    await standby.cluster.run();
    await standby.events.first('slave');
    const ids = Array.from({ length: 60 }, (_, id) => id);
    for (const id of ids) {
      const { cluster } = [master, standby, submitter][id % 3] ?? master;
      expect(await cluster.submitWork({ id, file })).toEqual({ stored: true });
    }
    // At once, they are stored in the order of the calls too.
    const more = Array.from({ length: 300 }, (_, index) => 60 + index);
    await Promise.all(more.map((id) => standby.cluster.submitWork({ id, file })));
    await master.events.done(359);

    const runs = journal.runs();
    expect(runs.map(({ id }) => id)).toEqual([...ids, ...more]);
    expect(overlapping(runs)).toEqual([]);
    expect(new Set(runs.map(({ term }) => term))).toEqual(new Set([1]));
    expect(master.events.doneIds).toEqual([...ids, ...more]);
    expect(standby.events.doneIds).toEqual([]);
    expect(await standby.cluster.status()).toMatchObject({ queued: 0, running: null, headAge: null });
  });

  test('many by one call are done in their order, those before and after keep their place, and none twice', async () => {
    const { file, member, inOrder } = await queue(store);
    const [master, submitter] = [member(), member()];
    const ids = Array.from({ length: 1500 }, (_, index) => index + 1);
    const before = submitter.cluster.submitWork({ id: 0, file });
    const many = submitter.cluster.submitMany([...ids, 7].map((id) => ({ id, file })));
    const after = submitter.cluster.submitWork({ id: 1501, file });
    expect(await Promise.all([before, many, after])).toEqual([
      { stored: true },
      { stored: 1500, duplicates: 1 },
      { stored: true },
    ]);
    const again = await master.cluster.submitMany([
      { id: 3, file },
      { id: 1502, file },
    ]);
    expect(again).toEqual({ stored: 1, duplicates: 1 });
    const bad = master.cluster.submitMany([
      { id: 2000, file },
      { id: 2001, file, run: () => {} },
    ]);
    const message = 'tasks[1]: $.run is a function';
    await expect(bad).rejects.toMatchObject({ code: 'ERR_TASK_NOT_CLONEABLE', message, index: 1, stored: 0 });
    await master.cluster.run();
    await master.events.done(1502);
    expect(inOrder()).toEqual([0, ...ids, 1501, 1502].map((id) => `${id}, try 1`));
  });

  test('many for which there is no room: the error says how many are stored, and with wait they all are', async () => {
    const { file, member, inOrder } = await queue(store, { maxQueue: 100 });
    const { cluster, events } = member();
    const tasks = Array.from({ length: 250 }, (_, id) => ({ id, file }));
    const full = cluster.submitMany(tasks);
    await expect(full).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL', stored: 100, index: 100 });
    const rest = cluster.submitMany(tasks.slice(100), { wait: true });
    await cluster.run();
    expect(await rest).toEqual({ stored: 150, duplicates: 0 });
    await events.done(249);
    expect(inOrder()).toEqual(tasks.map(({ id }) => `${id}, try 1`));
  });

  test('values come back as they went in', async () => {
    const { folder, file, member } = await queue(store);
    const { cluster, events } = member();
    const values = {
      date: new Date(1_234_567_890_123),
      buffer: Buffer.from([0, 1, 254, 255]),
      bytes: new Uint8Array([7, 8, 9]),
      big: [-(2n ** 63n), 0n, 2n ** 63n - 1n],
      numbers: [0, -0, 1.5, 2 ** 40, Number.MAX_SAFE_INTEGER, Number.NaN, Number.NEGATIVE_INFINITY],
      pattern: /^a+b/im,
      nested: {
        list: [{ at: new Date(0), none: null, flags: [true, false] }],
        'a.b': { $set: 'ü😀' },
        ['__proto__']: 1,
      },
    };
    const keep = join(folder, 'kept');
    await cluster.run();
    await cluster.submitWork({ id: 'values', file, keep, ...values });
    await events.done('values');
    const kept = deserialize(readFileSync(keep));
    expect(kept).toEqual({ id: 'values', file, keep, ...values, bytes: Buffer.from(values.bytes) });
    expect(Object.is(kept.numbers[1], -0)).toBe(true);
  });

  test('a value that cannot be carried is refused with its path, and nothing is stored', async () => {
    const { file, member } = await queue(store);
    const { cluster } = member();
    const refused = [
      [{ rows: [{ run: () => {} }] }, '$.value.rows[0].run is a function'],
      [{ big: 2n ** 63n }, '$.value.big is a bigint of more than 64 bits'],
      [new Map(), '$.value is a Map'],
      [{ at: new Date(Number.NaN) }, '$.value.at is an invalid Date'],
    ] as const;
    for (const [value, message] of refused) {
      const submitted = cluster.submitWork({ id: 1, file, value });
      await expect(submitted).rejects.toMatchObject({ name: 'TaskError', code: 'ERR_TASK_NOT_CLONEABLE', message });
    }
    expect((await cluster.status()).queued).toBe(0);
  });

  test('an id that is queued is not stored again, on whichever member; one that was done may come again', async () => {
    const { file, member, inOrder } = await queue(store);
    const [first, second] = [member(), member()];
    const submitted = [1, 1, '1', 2].map((id) => first.cluster.submitWork({ id, file }));
    expect((await Promise.all(submitted)).map(({ stored }) => stored)).toEqual([true, false, true, true]);
    expect(await second.cluster.submitWork({ id: 2, file })).toEqual({ stored: false });
    await second.cluster.run();
    await second.events.done(2);
    expect(await first.cluster.submitWork({ id: 1, file })).toEqual({ stored: true });
    expect(await second.cluster.submitWork({ id: 2, file })).toEqual({ stored: true });
    await second.events.when(() => second.events.doneIds.length === 5);
    expect(inOrder()).toEqual([1, 1, 2, 1, 2].map((id) => `${id}, try 1`));
  });

  test('a full queue refuses, or lets the caller wait for room that another member makes', async () => {
    const { file, member, inOrder } = await queue(store, { maxQueue: 3 });
    const [submitter, master] = [member(), member()];
    for (const id of [1, 2, 3]) await submitter.cluster.submitWork({ id, file });
    const full = { name: 'TaskError', code: 'ERR_QUEUE_FULL' };
    await expect(submitter.cluster.submitWork({ id: 4, file })).rejects.toMatchObject(full);
    await expect(master.cluster.submitWork({ id: 4, file })).rejects.toMatchObject(full);
    // It is there, so there is no need of room.
    expect(await submitter.cluster.submitWork({ id: 3, file })).toEqual({ stored: false });
    const waiting = submitter.cluster.submitWork({ id: 4, file }, { wait: true });
    expect((await submitter.cluster.status()).queued).toBe(3);
    await master.cluster.run();
    expect(await waiting).toEqual({ stored: true });
    await master.events.done(4);
    expect(inOrder()).toEqual([1, 2, 3, 4].map((id) => `${id}, try 1`));
  });

  test('a task that waits for room is refused when its member stops', async () => {
    const { file, member } = await queue(store, { maxQueue: 1 });
    const { cluster } = member();
    await cluster.submitWork({ id: 1, file });
    const waiting = cluster.submitWork({ id: 2, file }, { wait: true });
    const refused = expect(waiting).rejects.toMatchObject({ code: 'ERR_STOPPED' });
    // Of the same member, so the one that waits has had its answer by then.
    await expect(cluster.submitWork({ id: 3, file })).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' });
    await cluster.stop();
    await refused;
  });

  test('a task whose attempts are used up becomes a dead letter, and runs again when it is put back', async () => {
    const { folder, file, member, inOrder } = await queue(store, {
      retry: { ...soon, attempts: 3, exhausted: 'dead-letter' },
    });
    const [{ cluster, events }, other, third] = [member(), member(), member()];
    const until = join(folder, 'mended');
    await cluster.run();
    await cluster.submitWork({ id: 'bad', file, until });
    await cluster.submitWork({ id: 'good', file });
    await events.done('good');
    expect(events.of('failed').map(([id, { message }, attempt]) => [id, message, attempt])).toEqual(
      [1, 2, 3].map((attempt) => ['bad', 'task bad fails', attempt]),
    );
    const [[id, error] = []] = events.of('deadletter');
    expect([id, error?.name, error?.message]).toEqual(['bad', 'RangeError', 'task bad fails']);
    expect(await cluster.status()).toMatchObject({ queued: 0, dead: 1, blocked: null });

    writeFileSync(until, '');
    const answers = await Promise.all([other, third, { cluster }, other].map((each) => each.cluster.requeue('bad')));
    expect(answers.toSorted()).toEqual([false, false, false, true]);
    await events.done('bad');
    expect(await other.cluster.requeue('bad')).toBe(false);
    expect(await cluster.status()).toMatchObject({ queued: 0, dead: 0 });
    expect(inOrder()).toEqual(['bad, try 1', 'bad, try 2', 'bad, try 3', 'good, try 1', 'bad, try 1']);
    expect(events.of('deadletter')).toHaveLength(1);
  });

  test('or the queue is blocked, and goes on when the task is put back', async () => {
    const { folder, file, member, inOrder } = await queue(store, { retry: { ...soon, attempts: 2 } });
    const [{ cluster, events }, other] = [member(), member()];
    const until = join(folder, 'mended');
    await cluster.run();
    await cluster.submitWork({ id: 'bad', file, until });
    await cluster.submitWork({ id: 'good', file });
    const [error] = await events.first('error', ({ code }) => code === 'ERR_QUEUE_BLOCKED');
    expect(error.message).toMatch(/'durable'.*"bad".*task bad fails/);
    const { headAge, ...status } = await cluster.status();
    expect(status).toMatchObject({ queued: 2, dead: 0, blocked: 'bad', running: null });
    expect(headAge).toBeGreaterThanOrEqual(0);
    expect(await cluster.requeue('good')).toBe(false);

    writeFileSync(until, '');
    expect(await other.cluster.requeue('bad')).toBe(true);
    await events.done('good');
    expect(await cluster.status()).toMatchObject({ queued: 0, blocked: null, headAge: null });
    expect(inOrder()).toEqual(['bad, try 1', 'bad, try 2', 'bad, try 1', 'good, try 1']);
    expect(events.of('deadletter')).toEqual([]);
  });

  test('attempts survive a hand-over', async () => {
    const { file, member, inOrder, journal } = await queue(store, {
      retry: { minDelay: 60_000, attempts: 4, exhausted: 'dead-letter' },
    });
    const members = [member(), member(), member()];
    await members[0]?.cluster.submitWork({ id: 1, file, failures: 2 });
    for (const [index, { cluster, events }] of members.entries()) {
      await cluster.run();
      if (index === 2) await events.done(1);
      else {
        // The next attempt is a minute away, so the next member makes it.
        await events.first('failed');
        await cluster.stop();
      }
    }
    expect(inOrder()).toEqual(['1, try 1', '1, try 2', '1, try 3']);
    expect(journal.runs().map(({ term }) => term)).toEqual([1, 2, 3]);
  });

  test('status counts what waits, and how long its head has', async () => {
    const { file, member } = await queue(store);
    const { cluster, events } = member();
    expect(await cluster.status()).toMatchObject({ queued: 0, dead: 0, headAge: null, running: null, blocked: null });
    await Promise.all([1, 2, 3].map((id) => cluster.submitWork({ id, file })));
    const { headAge, ...before } = await cluster.status();
    expect(before).toMatchObject({ queued: 3, running: null });
    expect(headAge).toBeGreaterThanOrEqual(0);
    await cluster.run();
    await events.done(3);
    expect(await cluster.status()).toMatchObject({ queued: 0, headAge: null, done: 3, identifier: 3 });
  });

  test('stop() acknowledges what ran, so the next member repeats nothing', async () => {
    const { folder, file, member, inOrder, journal } = await queue(store);
    const [first, second] = [member(), member()];
    const ids = Array.from({ length: 500 }, (_, id) => id);
    // However late this thread hears of the first ones, the master is still at work when it is stopped.
    const gate = join(folder, 'gate');
    const held = (id: number) => (id === 300 ? { gate } : { ms: id < 300 ? 0 : 10 });
    await Promise.all(ids.map((id) => first.cluster.submitWork({ id, file, ...held(id) })));
    await first.cluster.run();
    await second.cluster.run();
    const [master, next] = await Promise.race([
      first.events.first('master').then(() => [first, second] as const),
      second.events.first('master').then(() => [second, first] as const),
    ]);
    await master.events.when(() => master.events.doneIds.length > 100);
    const stopping = master.cluster.stop();
    writeFileSync(gate, '');
    await stopping;
    await next.events.done(499);
    expect(inOrder()).toEqual(ids.map((id) => `${id}, try 1`));
    expect([...master.events.doneIds, ...next.events.doneIds]).toEqual(ids);
    const terms = new Set(journal.runs().map(({ term }) => term));
    expect(terms).toEqual(new Set([1, 2]));
  });
});
