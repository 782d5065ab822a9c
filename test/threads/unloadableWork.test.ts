/** Work that does not load is the failure of no task: its member is no master until it loads, and a healthy one works. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ManagedOptions } from 'mongo-failover';
import { describe, expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Journal } from '../support/journal.ts';
import { journalWork } from './scripted.ts';

interface Task {
  id: string;
  file: string;
  die?: boolean;
}

const letters: ManagedOptions = { retry: { minDelay: 5, attempts: 1, exhausted: 'dead-letter' } };

function member(folder: string, work: URL, options: ManagedOptions = {}) {
  const cluster = new (open({ folder }).managed)<Task>('unloadable', 'id', work, { ...letters, ...options });
  return { cluster, events: new Events(cluster) };
}

/** A module that misbehaves while it is loaded, until `mend` is called. */
async function broken(how: string) {
  const folder = await settledFolder();
  const work = new URL('./fixtures/loads.mjs', import.meta.url);
  work.searchParams.set('how', how);
  work.searchParams.set('mended', join(folder, 'mended'));
  return { folder, work, file: new Journal(folder).file, mend: () => writeFile(join(folder, 'mended'), '') };
}

describe.each([true, false])('of a queue that is durable: %s, a module that', (durable) => {
  // Time enough for a busy machine to load the mended module.
  const short = { loadTimeout: 3000 };
  test.each([
    ['throws', 'throws', 'ERR_WORK_MODULE', 'not today', {}],
    ['ends its thread', 'exits', 'ERR_TASK_THREAD_EXITED', 'loaded the work module', {}],
    ['never ends', 'hangs', 'ERR_WORK_MODULE', '(loadTimeout)', short],
    ['computes without end', 'loops', 'ERR_WORK_MODULE', '(loadTimeout)', short],
  ])(
    '%s while it loads holds its member off, which says so once, until it is mended',
    async (_what, how, code, text, options) => {
      const { folder, work, file, mend } = await broken(how);
      const { cluster, events } = member(folder, work, { durable, ...options });
      await cluster.run();
      await Promise.all(['a', 'b'].map((id) => cluster.submitWork({ id, file })));
      const [error] = await events.first('error');
      expect(error).toMatchObject({ code, message: expect.stringContaining(text) });
      const status = await cluster.status();
      const unfit = { code, message: expect.stringContaining(text), since: expect.any(Date) };
      expect(status).toMatchObject({ state: 'slave', queued: 2, dead: 0, blocked: null, unfit });
      expect(cluster.isMaster).toBe(false);
      await mend();
      await events.done('b');
      expect(events.doneIds).toEqual(['a', 'b']);
      expect((await cluster.status()).unfit).toBeNull();
      expect([events.of('failed'), events.of('deadletter'), events.of('panic')]).toEqual([[], [], []]);
      expect(events.of('error')).toHaveLength(1);
      expect(events.states).toEqual(['init', 'master', 'slave', 'master']);
    },
  );
});

test('a native call at the top level of a module keeps its member off, which beats no more, until it has returned', async () => {
  const { folder, work, file } = await broken('sleeps');
  const { cluster, events } = member(folder, work, { durable: true, loadTimeout: 1000 });
  await cluster.run();
  await cluster.submitWork({ id: 'a', file });
  expect((await events.first('error'))[0]).toMatchObject({ code: 'ERR_WORK_MODULE' });
  expect(cluster.isMaster).toBe(false);
  const { unfit, seen } = await cluster.status();
  expect(unfit).toMatchObject({ code: 'ERR_WORK_MODULE' });
  // Not released: what the call does may still be done.
  expect(seen?.holder ?? 'not seen yet').not.toBeNull();
  expect(events.of('failed')).toEqual([]);
});

test.each([
  ['exports no function', 'export default 7;'],
  ['exports nothing', ''],
  ['imports a package that is not installed', "import 'not-installed'; export default () => true;"],
  ['has a syntax error', 'export default ('],
  ['rejects at its top level', "await Promise.reject(new Error('not today')); export default () => true;"],
])('a module that %s is no failure of a task, and is tried again', async (_what, text) => {
  const folder = await settledFolder();
  const path = join(folder, 'work.mjs');
  await writeFile(path, text);
  const { cluster, events } = member(folder, pathToFileURL(path), { durable: true });
  await cluster.submitWork({ id: 'a', file: '' });
  await cluster.run();
  expect((await events.first('error'))[0]).toMatchObject({ code: 'ERR_WORK_MODULE' });
  expect(await cluster.status()).toMatchObject({ queued: 1, dead: 0, unfit: { code: 'ERR_WORK_MODULE' } });
  await writeFile(path, 'export default () => true;');
  await events.done('a');
  expect([events.of('failed'), events.of('deadletter')]).toEqual([[], []]);
});

test('a thread that cannot start for its limits is no failure of a task', async () => {
  const folder = await settledFolder();
  const resourceLimits = { maxOldGenerationSizeMb: 4, maxYoungGenerationSizeMb: 1 };
  const { cluster, events } = member(folder, journalWork, { durable: true, resourceLimits });
  await cluster.submitWork({ id: 'a', file: new Journal(folder).file });
  await cluster.run();
  await events.first('error');
  expect(await cluster.status()).toMatchObject({ queued: 1, dead: 0, unfit: { code: 'ERR_TASK_THREAD_EXITED' } });
  expect([events.of('failed'), events.of('panic')]).toEqual([[], []]);
});

test('a healthy member takes over from one whose module does not load, long before the lease would have run out', async () => {
  const { folder, work } = await broken('throws');
  const journal = new Journal(folder);
  const ids = Array.from({ length: 20 }, (_, id) => String(id));
  const bad = member(folder, work, { durable: true });
  const good = member(folder, journalWork, { durable: true });
  await Promise.all(ids.map((id) => bad.cluster.submitWork({ id, file: journal.file })));
  await bad.cluster.run();
  await bad.events.first('error');
  await good.cluster.run();
  await good.events.done('19');
  expect(journal.runs().map(({ id, attempt }) => [id, attempt])).toEqual(ids.map((id) => [id, 1]));
  expect(await bad.cluster.status()).toMatchObject({ state: 'slave', unfit: { code: 'ERR_WORK_MODULE' }, queued: 0 });
  expect(await good.cluster.status()).toMatchObject({ state: 'master', term: 2, unfit: null, dead: 0 });
  expect([...bad.events.of('failed'), ...good.events.of('failed')]).toEqual([]);
});

test('no member works when none can load its module, and each says why', async () => {
  const { folder, work, file } = await broken('throws');
  const members = [member(folder, work, { durable: true }), member(folder, work, { durable: true })];
  await members[0]?.cluster.submitWork({ id: 'a', file });
  for (const { cluster } of members) await cluster.run();
  for (const { cluster, events } of members) {
    await events.first('error');
    expect(await cluster.status()).toMatchObject({ queued: 1, dead: 0, unfit: { code: 'ERR_WORK_MODULE' } });
    expect(events.of('failed')).toEqual([]);
  }
});

test('a module that was broken on disk is missed by the next thread only', async () => {
  const good = `export default ({ die }, { attempt }) => (die && attempt === 1 ? process.exit(1) : true);`;
  const folder = await settledFolder();
  const path = join(folder, 'work.mjs');
  await writeFile(path, good);
  const { cluster, events } = member(folder, pathToFileURL(path), { retry: { minDelay: 5 } });
  await cluster.run();
  await cluster.submitWork({ id: 'before', file: '' });
  await events.done('before');
  await writeFile(path, 'export default (');
  await Promise.all(['dies', 'after'].map((id) => cluster.submitWork({ id, file: '', die: id === 'dies' })));
  expect((await events.first('error'))[0]).toMatchObject({ code: 'ERR_WORK_MODULE' });
  await writeFile(path, good);
  await events.done('after');
  expect(events.doneIds).toEqual(['before', 'dies', 'after']);
  expect(events.of('failed').map(([id, { code }, attempt]) => [id, code, attempt])).toEqual([
    ['dies', 'ERR_TASK_THREAD_EXITED', 1],
  ]);
});

describe('stop() is not held up', () => {
  test.each(['hangs', 'loops'])('by a module that %s while it loads', async (how) => {
    const { folder, work, file } = await broken(how);
    const { cluster, events } = member(folder, work, { stopTimeout: 50 });
    await cluster.submitWork({ id: 'a', file });
    await cluster.run();
    await events.first('master');
    await cluster.stop();
    expect(events.states).toEqual(['init', 'master', 'stopped']);
    expect([...events.of('error'), ...events.of('panic'), ...events.of('failed')]).toEqual([]);
  });

  test.each(['throws', 'loops'])('by a member that waits for a module that %s', async (how) => {
    const { folder, work, file } = await broken(how);
    const { cluster, events } = member(folder, work, { stopTimeout: 50, loadTimeout: 3000 });
    await cluster.submitWork({ id: 'a', file });
    await cluster.run();
    await events.first('error');
    await cluster.stop();
    expect(events.states.at(-1)).toBe('stopped');
    expect(events.of('panic')).toEqual([]);
  });
});
