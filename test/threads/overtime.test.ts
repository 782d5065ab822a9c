/** Rule 10: a lease proves that work is alive. What takes too long is ended and fails, or costs its member the mastership. */
import { expect, test } from 'vitest';
import { open, settledFolder, short } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Journal } from '../support/journal.ts';
import { settledUri } from '../support/settled.ts';
import { journalWork, type ScriptedTask, scripted } from './scripted.ts';

/** Far above what a task of these tests takes on a busy machine, its endless loops apart. */
const TIMEOUT = 1500;

test('a task in a thread that outlives taskTimeout is ended, and fails; the others and another cluster go on', async () => {
  const folder = await settledFolder();
  const { file } = new Journal(folder);
  const { managed: Managed } = open({ folder });
  const cluster = new Managed<ScriptedTask>('overtime', 'id', scripted, {
    taskTimeout: TIMEOUT,
    retry: { attempts: 2, minDelay: 10, exhausted: 'dead-letter' },
  });
  const other = new Managed<ScriptedTask & { ms: number }>('neighbour', 'id', journalWork);
  const [events, otherEvents] = [new Events(cluster), new Events(other)];
  await Promise.all([cluster.run(), other.run()]);
  await Promise.all([
    cluster.submitWork({ id: 'before', file }),
    cluster.submitWork({ id: 'endless', file, script: ['loop', 'loop'] }),
    cluster.submitWork({ id: 'after', file }),
  ]);
  const { heartbeat } = await cluster.status();
  for (let id = 0; events.of('deadletter').length === 0; id += 1) {
    await other.submitWork({ id: String(id), file: `${file}-other`, ms: 5 });
    await otherEvents.done(String(id));
  }
  await events.done('after');
  expect(events.of('failed').map(([id, error, attempt]) => [id, error.code, attempt])).toEqual([
    ['endless', 'ERR_TASK_TIMEOUT', 1],
    ['endless', 'ERR_TASK_TIMEOUT', 2],
  ]);
  expect(events.of('deadletter').map(([id, error]) => [id, error.code])).toEqual([['endless', 'ERR_TASK_TIMEOUT']]);
  expect(events.doneIds).toEqual(['before', 'after']);
  expect((await cluster.status()).heartbeat.acknowledged).toBeGreaterThan(heartbeat.acknowledged);
  for (const each of [events, otherEvents]) {
    expect(each.states).toEqual(['init', 'master']);
    expect([...each.of('error'), ...each.of('panic')]).toEqual([]);
  }
});

test('a function that outlives taskTimeout costs its member the mastership, and another takes over', async () => {
  const options = { mongodb: { connectString: await settledUri() }, intervals: short };
  const [first, second] = [open(options), open(options)];
  let end: (done: boolean) => void = () => {};
  const signals: AbortSignal[] = [];
  const hangs = new first.managed<{ id: number }>(
    'overtime',
    'id',
    (_task, { signal }) => {
      signals.push(signal);
      return new Promise((resolve) => {
        end = resolve;
      });
    },
    { taskTimeout: 300 },
  );
  const works = new second.managed<{ id: number }>('overtime', 'id', () => true);
  const [events, nextEvents] = [new Events(hangs), new Events(works)];
  await hangs.submitWork({ id: 1 });
  await works.submitWork({ id: 1 });
  await hangs.run();
  await events.first('master');
  await works.run();
  await nextEvents.first('master');
  await nextEvents.done(1);
  expect(hangs.isMaster).toBe(false);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  expect(events.of('error').map(([{ code }]) => code)).toEqual(['ERR_TASK_TIMEOUT']);
  expect(events.states.slice(0, 3)).toEqual(['init', 'master', 'slave']);
  end(true);
  await works.stop();
  // Fit again now that nothing of it runs.
  await events.when(() => events.states.lastIndexOf('master') > 1);
  expect(events.of('done')).toEqual([]);
});

test('a main thread that is blocked for longer than mainTimeout costs its member the mastership', async () => {
  const { managed: Managed } = open({ mongodb: { connectString: await settledUri() }, intervals: short });
  const cluster = new Managed<{ id: number }>('overtime', 'id', () => true, { mainTimeout: 400 });
  const events = new Events(cluster);
  await cluster.run();
  await events.first('master');
  const until = performance.now() + 1200;
  while (performance.now() < until);
  expect(cluster.isMaster).toBe(false);
  await events.when(() => events.states.lastIndexOf('master') > 1);
  expect(events.of('error').map(([{ code }]) => code)).toEqual(['ERR_MAIN_BLOCKED']);
});
