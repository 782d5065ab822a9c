/** stop() lets work end, gives the lease away, and leaves nothing behind that keeps the process alive. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { open, settledFolder } from '../support/clusters.ts';
import { Events } from '../support/events.ts';
import { Journal } from '../support/journal.ts';
import { Program } from '../support/program.ts';
import { settledUri } from '../support/settled.ts';

const work = new URL('../support/works/journal.mjs', import.meta.url);
const gatedWork = new URL('./fixtures/durable.mjs', import.meta.url);
const program = fileURLToPath(new URL('./fixtures/exitsByItself.mjs', import.meta.url));

test('the running task ends and counts, those after it are left to the others, and the lease is given away', async () => {
  const folder = await settledFolder();
  const journal = new Journal(folder);
  const { managed: Managed, unmanaged: Unmanaged } = open({ folder });
  const beside = new Unmanaged('beside');
  const cluster = new Managed<{ id: number; file: string; gate?: string }>('stop', 'id', gatedWork);
  const events = new Events(cluster);
  // The second one runs until it is seen to, and until stop() has come to the coordinator, before what is asked after it.
  const gate = join(folder, 'gate');
  const held = (id: number) => (id === 2 ? { gate } : {});
  await Promise.all([1, 2, 3].map((id) => cluster.submitWork({ id, file: journal.file, ...held(id) })));
  await cluster.run();
  await events.done(1);
  await expect.poll(async () => (await cluster.status()).running).toBe(2);
  const stopped = cluster.stop();
  expect(cluster.stop()).toBe(stopped);
  await beside.status();
  writeFileSync(gate, '');
  await stopped;
  expect(events.doneIds).toEqual([1, 2]);
  expect(journal.runs().map(({ id, end }) => [id, end !== undefined])).toEqual([
    [1, true],
    [2, true],
  ]);
  const next = new (open({ folder }).unmanaged)('stop');
  const nextEvents = new Events(next);
  await next.run();
  await nextEvents.first('master');
  expect(nextEvents.states).toEqual(['init', 'master']);
  expect(await next.status()).toMatchObject({ identifier: 2, term: 2 });
});

test('close() amid the last stop() waits, as that does, for the thread to end', async () => {
  const folder = await settledFolder();
  const started = once(process, 'worker');
  const failover = open({ folder });
  const cluster = new failover.managed<{ id: number }>('closed in between', 'id', () => true);
  const events = new Events(cluster);
  await cluster.run();
  await events.first('master');
  const [coordinator] = await started;
  let isOver = false;
  coordinator.once('exit', () => {
    isOver = true;
  });
  const stopped = cluster.stop();
  // Now the handle has no cluster any more, and the thread is asked to end.
  await events.first('stopped');
  await new Promise(setImmediate);
  await failover.close();
  expect(isOver).toBe(true);
  await stopped;
});

test('it may come before run(), and right after it', async () => {
  const folder = await settledFolder();
  const { managed: Managed } = open({ folder });
  const untouched = new Managed<{ id: number }>('untouched', 'id', () => true);
  await untouched.stop();
  const fed = new Managed<{ id: number }>('fed', 'id', () => true);
  await fed.submitWork({ id: 1 });
  expect(await fed.status()).toMatchObject({ state: 'stopped', queued: 1, term: null, members: [] });
  await fed.stop();
  const running = new Managed<{ id: number }>('running', 'id', () => true);
  const events = new Events(running);
  const run = running.run();
  await Promise.all([run, running.stop()]);
  expect([untouched.state, fed.state, running.state]).toEqual(['stopped', 'stopped', 'stopped']);
  expect(events.states.at(-1)).toBe('stopped');
  expect(events.of('panic')).toEqual([]);
});

const ways = [
  ...['stopped', 'closed', 'standby', 'never run', 'never run, and closed'],
  ...['master with a function', 'stopped while it starts'],
];

test.each(
  ways.flatMap((way) => [
    { way, store: 'embedded' },
    { way, store: 'mongodb' },
  ]),
)('a process exits by itself: $way, $store', async ({ way, store }) => {
  const where =
    store === 'embedded'
      ? { nodb: { path: `${await settledFolder()}/store` } }
      : { mongodb: { connectString: await settledUri() } };
  const started = new Program([program, way, JSON.stringify(where), work.href], process.env);
  onTestFinished(() => started.end());
  const ended = await started.ended;
  expect([started.lines, started.stdout]).toEqual([[], 'last line\n']);
  expect(ended).toEqual({ code: 0, signal: null });
});

test('a program that is given on the command line runs, too', async () => {
  const where = JSON.stringify({ nodb: { path: `${await settledFolder()}/store` } });
  const code = `import { argv } from 'node:process';
    argv.splice(1, 0, 'eval');
    await import(${JSON.stringify(pathToFileURL(program).href)});`;
  const args = ['--input-type=module', '--eval', code, 'closed', where, work.href];
  const started = new Program(args, process.env);
  onTestFinished(() => started.end());
  expect(await started.ended).toEqual({ code: 0, signal: null });
  expect([started.lines, started.stdout]).toEqual([[], 'last line\n']);
});
