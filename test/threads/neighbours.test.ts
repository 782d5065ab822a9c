/**
 * Whatever a task does, it fails alone: its attempts are counted and it becomes a dead letter; the stored queue goes on in
 * order, the heartbeats go out, and another cluster of the same `failover` does its work all the while.
 */
import type { ManagedOptions } from 'mongo-failover';
import { expect, test } from 'vitest';
import { calm, open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Journal } from '../support/journal.ts';
import { journalWork, type ScriptedTask, scripted } from './scripted.ts';

const EXITED = 'ERR_TASK_THREAD_EXITED';
/** Far above what a task of these tests takes on a busy machine, those without end apart. */
const TIMEOUT = 1500;
/** Many of them in the time of a few tasks. */
const BEAT = 100;
const timed: ManagedOptions = { taskTimeout: TIMEOUT };
const small: ManagedOptions = { resourceLimits: { maxOldGenerationSizeMb: 32 } };

const cases: [act: string, code: string | undefined, options?: ManagedOptions][] = [
  ['loop', 'ERR_TASK_TIMEOUT', timed],
  ['deaf', 'ERR_TASK_TIMEOUT', timed],
  ['closePortAndLoop', 'ERR_TASK_TIMEOUT', timed],
  ['floodOn', 'ERR_TASK_TIMEOUT', timed],
  ['memory', EXITED, small],
  ['buffer', undefined, small],
  ['exit', EXITED],
  ['unhandled', EXITED],
  ['nothing', 'ERR_WORK_RESULT'],
  ['throw', undefined],
];

test.each(cases)('%s', async (act, code, options) => {
  const folder = await settledFolder();
  const { file } = new Journal(folder);
  const { managed: Managed } = open({ folder, intervals: { ...calm, MASTER: BEAT } });
  const cluster = new Managed<ScriptedTask>('bad', 'id', scripted, {
    durable: true,
    retry: { attempts: 2, minDelay: 10, exhausted: 'dead-letter' },
    ...options,
  });
  const neighbour = new Managed<ScriptedTask & { ms: number }>('neighbour', 'id', journalWork);
  const [events, neighbourEvents] = [new Events(cluster), new Events(neighbour)];
  await Promise.all([cluster.run(), neighbour.run()]);
  await neighbourEvents.first('master');
  await cluster.submitWork({ id: 'before', file });
  await events.done('before');
  const { heartbeat } = await cluster.status();
  await Promise.all([
    cluster.submitWork({ id: 'bad', file, script: [act, act] }),
    cluster.submitWork({ id: 'after', file }),
  ]);
  let meanwhile = heartbeat;
  for (let id = 0; events.of('deadletter').length === 0 || meanwhile.sent === heartbeat.sent; id += 1) {
    await neighbour.submitWork({ id: String(id), file: `${file}-neighbour`, ms: 5 });
    await neighbourEvents.done(String(id));
    meanwhile = (await cluster.status()).heartbeat;
  }
  // A coordinator that the task holds up would beat only when the task has been ended.
  expect(meanwhile.lateness.max).toBeLessThan(TIMEOUT);
  if (options === timed) expect(meanwhile.sent - heartbeat.sent).toBeGreaterThan(TIMEOUT / BEAT / 2);
  await events.done('after');
  const failed = events.of('failed').map(([id, error, attempt]) => [id, error.code, attempt]);
  expect(failed).toEqual([1, 2].map((attempt) => ['bad', code, attempt]));
  expect(events.doneIds).toEqual(['before', 'after']);
  expect(await cluster.status()).toMatchObject({ queued: 0, dead: 1, state: 'master', term: 1 });
  for (const each of [events, neighbourEvents]) {
    expect(each.states).toEqual(['init', 'master']);
    expect([...each.of('error'), ...each.of('panic')]).toEqual([]);
  }
});
