/** The coordinator thread dies, for real: it is terminated, or something in it throws. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { open, settledFolder, short } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Journal } from '../support/journal.ts';
import { Program } from '../support/program.ts';
import { settledUri } from '../support/settled.ts';

const work = new URL('../support/works/journal.mjs', import.meta.url);

interface Task {
  id: number;
  file: string;
  ms: number;
}

/** The next thread that this process starts. */
function nextThread(): Promise<Worker> {
  return new Promise((resolve) => process.once('worker', resolve));
}

/** A cluster on the server, that runs the journal's work in a thread. */
async function lostCluster() {
  const { managed: Managed } = open({ mongodb: { connectString: await settledUri() }, intervals: short });
  return new Managed<Task>('lost', 'id', work);
}

test('a panic tells of it, the mastership and the task thread are gone, and a new one does all that was queued', async () => {
  const folder = await settledFolder();
  const journal = new Journal(folder);
  const { file } = journal;
  const thread = nextThread();
  const cluster = await lostCluster();
  const events = new Events(cluster);
  const ids = Array.from({ length: 40 }, (_, id) => id);
  const submit = (id: number) => cluster.submitWork({ id, file, ms: 10 });
  await Promise.all(ids.slice(0, 30).map(submit));
  await cluster.run();
  await events.done(5);
  const { term } = cluster;

  const seen = new Promise((resolve) => {
    cluster.once('panic', () => {
      const runs = journal.runs();
      resolve({ isMaster: cluster.isMaster, term: cluster.term, left: cluster.leaseRemaining(), last: runs.at(-1) });
    });
  });
  const replacement = nextThread();
  await (await thread).terminate();
  const atPanic = await seen;
  expect(atPanic).toMatchObject({ isMaster: false, term: null, left: 0, last: { term } });
  expect(events.of('panic')).toEqual([[expect.objectContaining({ code: 'ERR_COORDINATOR_LOST' })]]);
  expect(cluster.state).toBe('error');

  // While there is none: tasks are taken, questions are not answered.
  await expect(cluster.status()).rejects.toMatchObject({ code: 'ERR_COORDINATOR_LOST' });
  expect(await submit(30)).toEqual({ stored: true });
  expect(await submit(30)).toEqual({ stored: false });
  await replacement;
  expect(await Promise.all(ids.slice(31).map(submit))).toEqual(ids.slice(31).map(() => ({ stored: true })));
  await events.done(39);

  const runs = journal.runs();
  // The last line that was there when the panic came was the last one of its thread.
  expect(runs.filter((run) => run.term === term).at(-1)).toEqual(Reflect.get(Object(atPanic), 'last'));
  expect(cluster.term).toBeGreaterThan(term ?? 0);
  expect(new Set(runs.map((run) => run.term))).toEqual(new Set([term, cluster.term]));
  expect(events.states.filter((state, index, all) => all[index - 1] !== state)).toEqual(events.states);
  expect(events.states.slice(0, 4)).toEqual(['init', 'master', 'error', 'init']);
  // In order, none is missing; those whose end the main thread had not heard of are done again.
  const firsts = [...new Set(runs.map(({ id }) => id))];
  expect(firsts).toEqual(ids);
  const again = runs.filter((run) => run.term === cluster.term).map(({ id }) => id);
  expect(again).toEqual(ids.slice(ids.indexOf(Number(again[0]))));
});

test('what it had done while the main thread was blocked is not done again', async () => {
  const folder = await settledFolder();
  const journal = new Journal(folder);
  const thread = nextThread();
  const cluster = await lostCluster();
  const events = new Events(cluster);
  const ids = Array.from({ length: 400 }, (_, id) => id);
  await Promise.all(ids.map((id) => cluster.submitWork({ id, file: journal.file, ms: 2 })));
  await cluster.run();
  await events.done(0);
  const coordinator = await thread;
  // Blocked before and after the death: what was said waits in the port when the end of the thread is told.
  const told = events.of('done').length;
  while (journal.runs().length < told + 50);
  void coordinator.terminate();
  const until = performance.now() + 300;
  while (performance.now() < until);
  expect(events.of('done').length).toBe(told);
  await events.first('panic');
  const done = journal.runs().filter(({ end }) => end !== undefined).length;
  // The last ones may still have been on their way out of the thread.
  expect(events.of('done').length).toBeGreaterThan(done - 20);
});

test('a thread that dies again and again loses nothing, and stop() works at any moment', async () => {
  const folder = await settledFolder();
  const journal = new Journal(folder);
  let thread = nextThread();
  const cluster = await lostCluster();
  const events = new Events(cluster);
  await Promise.all([1, 2, 3].map((id) => cluster.submitWork({ id, file: journal.file, ms: 0 })));
  await cluster.run();
  await events.done(3);
  for (const id of [4, 5, 6]) {
    const current = thread;
    thread = nextThread();
    const panics = events.of('panic').length;
    await Promise.all([(await current).terminate(), cluster.submitWork({ id, file: journal.file, ms: 0 })]);
    await events.when(() => events.of('panic').length > panics);
    await thread;
  }
  await events.when(() => [4, 5, 6].every((id) => events.doneIds.includes(id)));
  expect(journal.runs().map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6]);

  const stopped = cluster.stop();
  await (await thread).terminate();
  await stopped;
  expect(cluster.state).toBe('stopped');
});

test('a function on the main thread hears by its signal that its coordinator is gone', async () => {
  const thread = nextThread();
  const heard: unknown[] = [];
  const aborted = (signal: AbortSignal) => new Promise((resolve) => signal.addEventListener('abort', resolve));
  const cluster = new (open({ mongodb: { connectString: await settledUri() }, intervals: short }).managed)<{
    id: number;
  }>('lost', 'id', async (_task, context) => {
    if (context.term > 1) return true;
    const { signal } = context;
    void thread.then((worker) => worker.terminate());
    await aborted(signal);
    heard.push(signal.reason, context.leaseRemaining());
    return true;
  });
  const events = new Events(cluster);
  await cluster.submitWork({ id: 1 });
  await cluster.run();
  await events.done(1);
  expect(heard).toEqual([expect.objectContaining({ code: 'ERR_LEASE_LOST' }), 0]);
  // Its result came after the end of its term, so it did not count.
  expect(cluster.term).toBeGreaterThan(1);
});

test('the end of a run of a dead coordinator is not taken for that of the next one', async () => {
  const thread = nextThread();
  let runs = 0;
  let letGo = (): void => {};
  const cluster = new (open({ mongodb: { connectString: await settledUri() }, intervals: short }).managed)<{
    id: number;
  }>('lost', 'id', async () => {
    runs += 1;
    // That of the next coordinator fails, which no caller would hear if the first one's success counted for it.
    if (runs > 1) return runs > 2;
    // As in a network call that no signal reaches: it goes on while the next coordinator asks for a run of its own.
    const released = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await (await thread).terminate();
    await released;
    return true;
  });
  const events = new Events(cluster);
  await cluster.submitWork({ id: 1 });
  await cluster.run();
  await events.when(() => events.states.filter((state) => state === 'master').length === 2);
  await cluster.status();
  letGo();
  await events.done(1);
  expect(events.of('failed')).toEqual([[1, expect.objectContaining({ code: 'ERR_WORK_FAILED' }), 1]]);
  expect(runs).toBe(3);
});

test('a cluster that is run while the thread is being replaced joins with the next one', async () => {
  const thread = nextThread();
  const { managed: Managed } = open({ mongodb: { connectString: await settledUri() }, intervals: short });
  const first = new Managed<{ id: number }>('lost', 'id', async () => true);
  const firstEvents = new Events(first);
  await first.run();
  await (await thread).terminate();
  await firstEvents.first('panic');
  const second = new Managed<{ id: number }>('run in between', 'id', async () => true);
  const events = new Events(second);
  const submitted = second.submitWork({ id: 1 });
  await second.run();
  expect(await submitted).toEqual({ stored: true });
  await events.done(1);
  expect(second.isMaster).toBe(true);
});

test('an exception in the thread is not one of the process', async () => {
  const preload = new URL('./fixtures/throwsWhenTold.mjs', import.meta.url);
  const program = fileURLToPath(new URL('./fixtures/outlivesException.mjs', import.meta.url));
  const started = new Program(['--import', preload.href, program, await settledUri()], process.env);
  onTestFinished(() => started.end());
  expect(await started.ended).toEqual({ code: 0, signal: null });
  expect(started.lines).toEqual([]);
  expect(started.stdout.split('\n')).toEqual([
    'master 1',
    'panic ERR_COORDINATOR_LOST the coordinator thread ended: thrown because it was told to',
    'error',
    'done 1',
    'stopped',
    '',
  ]);
});

test('its death is told while a native call of the work goes on, and the next one waits for the end of that', async () => {
  const preload = new URL('./fixtures/throwsWhenTold.mjs', import.meta.url);
  const program = fileURLToPath(new URL('./fixtures/outlivesNativeCall.mjs', import.meta.url));
  const file = join(await settledFolder(), 'ended');
  const started = new Program(['--import', preload.href, program, await settledUri(), file], process.env);
  onTestFinished(() => started.end());
  expect(await started.ended).toEqual({ code: 0, signal: null });
  expect(started.lines).toEqual([]);
  const told = ['panic ERR_COORDINATOR_LOST false', 'status ERR_COORDINATOR_LOST', 'done 1 true', ''];
  expect(started.stdout.split('\n')).toEqual(told);
});
