/** Preloads run in every thread: what is said when one cannot, and that none starts threads without end. */
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { settledFolder } from '../support/clusters.ts';
import { Program } from '../support/program.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/preloads/${name}`, import.meta.url));

async function start(options: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Program> {
  const folder = await settledFolder();
  const program = new Program([...options, fixture('program.mjs')], {
    ...process.env,
    STORE: `${folder}/store`,
    ...env,
  });
  onTestFinished(() => program.end());
  return program;
}

test.each([
  { name: '--require', options: ['--require', fixture('once.cjs')], env: {} },
  { name: '-r', options: ['-r', fixture('once.cjs')], env: {} },
  { name: '--import=', options: [`--import=${fixture('once.cjs')}`], env: {} },
  { name: 'NODE_OPTIONS', options: [], env: { NODE_OPTIONS: `-r ${fixture('once.cjs')}` } },
])('a preload that cannot run twice is named in the panic: $name', async ({ options, env }) => {
  const program = await start(options, env);
  const [line] = await program.line(/^panic .*/);
  expect(line).toMatch(/this preload runs once .*once\.cjs in every thread first: .*isMainThread/);
});

test('one that ends a task thread is named in the error', async () => {
  const program = await start(['-r', fixture('onceInTasks.cjs')]);
  const [line] = await program.line(/^error .*/);
  expect(line).toMatch(/the task thread ended .*onceInTasks\.cjs in every thread first/);
});

test('one that makes a cluster is refused below the first thread, as often as threads are started', async () => {
  const program = await start(['--import', fixture('makesCluster.mjs')]);
  await program.line(/^panic .*failover\(\) was called in the coordinator thread of another cluster.*isMainThread/);
  // Another thread takes the place of the one that ended, and says the same: none is ever started below it.
  await program.line(/^panic .*failover\(\)/, program.lines.length);
  const places = program.lines.filter((line) => line.startsWith('preload of'));
  expect(new Set(places)).toEqual(new Set(['preload of main', 'preload of coordinator']));
});
