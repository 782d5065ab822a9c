/** The function `stop` of a work module: it is called once before its thread is ended, and never holds up a lease. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ManagedOptions } from 'mongo-failover';
import { expect, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';

interface Task {
  id: number;
  file: string;
  act?: string;
}

async function member(options: ManagedOptions = {}, module = './fixtures/stopsItself.mjs') {
  const folder = await settledFolder();
  const file = join(folder, 'said');
  const make = () => {
    const failover = open({ folder });
    const cluster = new failover.managed<Task>('stops', 'id', new URL(module, import.meta.url), options);
    return { failover, cluster, events: new Events(cluster) };
  };
  const said = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
  return { ...make(), make, file, said };
}

const whole = ['stop begins', 'stop ends'];

test.each(['./fixtures/stopsItself.mjs', './fixtures/stopsItself.cjs'])(
  'stop() waits for it, and the next master begins after it (%s)',
  async (module) => {
    const { cluster, events, make, file, said } = await member({}, module);
    const next = make();
    await cluster.run();
    await events.first('master');
    await next.cluster.run();
    await next.events.first('slave');
    await Promise.all([cluster, next.cluster].map((each) => each.submitWork({ id: 1, file })));
    await events.done(1);
    await next.cluster.submitWork({ id: 2, file });
    await cluster.stop();
    await next.events.done(2);
    expect(said()).toEqual(['task 1', ...whole, 'task 2']);
    await next.failover.close();
    expect(said()).toEqual(['task 1', ...whole, 'task 2', ...whole]);
    expect([events.of('error'), events.of('panic')]).toEqual([[], []]);
  },
);

test('a thread that was idle ends so, and the next task finds another one', async () => {
  const { cluster, events, file, said } = await member({ idleThreadTimeout: 1 });
  await cluster.run();
  const submitted = async (id: number): Promise<void> => {
    await cluster.submitWork({ id, file });
    await events.done(id);
    await expect.poll(() => said().length, { timeout: 30_000 }).toBe(3 * id);
  };
  await submitted(1);
  await submitted(2);
  await cluster.stop();
  expect(said()).toEqual(['task 1', ...whole, 'task 2', ...whole]);
});

test('a task that comes while an idle thread ends waits for that', async () => {
  const { cluster, events, file, said } = await member({ idleThreadTimeout: 1 });
  await cluster.run();
  await cluster.submitWork({ id: 1, file });
  await expect.poll(() => said().length, { timeout: 30_000, interval: 1 }).toBeGreaterThanOrEqual(2);
  await cluster.submitWork({ id: 2, file });
  await events.done(2);
  expect(said().slice(0, 4)).toEqual(['task 1', ...whole, 'task 2']);
});

test.each([
  ['throw', 'failed: it would not close'],
  ['hang', 'did not end within'],
  ['loop', 'did not end within'],
])('one that does not end well is told, and the lease is given away: %s', async (act, why) => {
  const { cluster, events, make, file, said } = await member({ stopTimeout: 500 });
  await cluster.run();
  await cluster.submitWork({ id: 1, file, act });
  await events.done(1);
  await cluster.stop();
  expect(said()).toEqual(['task 1', 'stop begins']);
  const errors = events.of('error').map(([{ code, message }]) => [code, message]);
  expect(errors).toEqual([['ERR_WORK_STOP', expect.stringContaining(why)]]);
  expect(events.of('panic')).toEqual([]);
  const next = make();
  await next.cluster.run();
  await next.events.first('master');
  // With a lease that was not released this test would wait for longer than it may take.
  expect(next.events.states).toEqual(['init', 'master']);
});

test('a thread that is ended for its task is not asked', async () => {
  const { cluster, events, file, said } = await member(
    { taskTimeout: 200, stopTimeout: 1 },
    './fixtures/stopsItselfLate.mjs',
  );
  await cluster.run();
  await cluster.submitWork({ id: 1, file });
  await events.first('failed', (_id, { code }) => code === 'ERR_TASK_TIMEOUT');
  await cluster.stop();
  expect(said().filter((line) => line.startsWith('stop'))).toEqual([]);
});
