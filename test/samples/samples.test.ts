/** The samples as people try them. Those that show a failover are run twice, and the master goes. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EXIT_PATIENCE_MS } from '../../src/execution/threadRunner.ts';
import { defaultIntervals } from '../../src/options/intervals.ts';
import { managedDefaults } from '../../src/options/managed.ts';
import { databaseUri } from '../support/database.ts';
import { Program } from '../support/program.ts';

const root = join(import.meta.dirname, '../..');

let temporary: string;
let programs: Program[];

beforeEach(async () => {
  // The embedded store is below the temporary folder: this one is the test's own.
  temporary = await mkdtemp(join(tmpdir(), 'mongo-failover-test-'));
  programs = [];
});
afterEach(async () => {
  await Promise.all(programs.map((program) => program.end()));
  await rm(temporary, { recursive: true, force: true });
});

function run(sample: string, more: NodeJS.ProcessEnv = {}, ...args: string[]): Program {
  const { MONGODB_URI: _, ...env } = process.env;
  const file = join(root, 'dist/samples', `${sample}.js`);
  const debug = { DEBUG: 'failover*', DEBUG_COLORS: '0' };
  const program = new Program([file, ...args], {
    ...env,
    ...debug,
    XDG_STATE_HOME: temporary,
    TMPDIR: temporary,
    TEMP: temporary,
    ...more,
  });
  programs.push(program);
  return program;
}

test('managed: the slave goes on with the tasks when the master is killed', async () => {
  const master = run('managed');
  await master.line(/this process is the master, of term 1$/);
  const slave = run('managed');
  await slave.line(/this process is a slave/);
  const [, done] = await slave.line(/the master has come to (\d+)/);

  master.kill('SIGKILL');
  await slave.line(/this process is the master, of term 2$/);
  const [, first] = await slave.line(/working on (\d+), in term 2$/);
  await slave.line(new RegExp(`failover:client done ${first}$`));
  expect(Number(first)).toBeGreaterThan(Number(done));
  expect(slave.lines.some((line) => line.includes('failover:states'))).toBe(true);
  expect(slave.lines.some((line) => line.includes('failover:tests'))).toBe(true);
  expect(slave.lines.some((line) => line.includes('failover:managed'))).toBe(true);
});

test('unmanaged: on Ctrl-C the slave goes on where the master was', async () => {
  const master = run('unmanaged');
  await master.line(/this process is the master, of term 1$/);
  const slave = run('unmanaged');
  await slave.line(/this process is a slave/);
  await slave.line(/the master has come to \d+$/);

  master.kill('SIGINT');
  expect(await master.ended).toEqual({ code: 0, signal: null });
  const last = master.lines.findLast((line) => /working on \d+$/.test(line))?.match(/\d+$/)?.[0];
  const [, first] = await slave.line(/working on (\d+)$/);
  expect(Number(first)).toBe(Number(last) + 1);

  // Twice, as a watcher or npm sends it: the second must not kill it in the midst.
  slave.kill('SIGTERM');
  await slave.line(/stopping$/);
  slave.kill('SIGTERM');
  await slave.line(/stopped$/);
  expect(await slave.ended).toEqual({ code: 0, signal: null });
});

test('fenced writes: a write of an earlier term that comes late is refused', async () => {
  const sample = run('fenced-writes', {}, databaseUri());
  expect(await sample.ended).toEqual({ code: 0, signal: null });
  expect(sample.stdout.split('\n').slice(-3)).toEqual([
    'the late write of the first term was refused',
    expect.stringMatching(/^alice has 200, written under term \d+$/),
    '',
  ]);
});

/** The first of these waits until the store is settled, and those after it are elected at once. */
describe('in one store', () => {
  let shared: string;

  beforeAll(async () => {
    shared = await mkdtemp(join(tmpdir(), 'mongo-failover-test-'));
  });
  afterAll(() => rm(shared, { recursive: true, force: true }));

  test('CommonJS: a program and its work module do three tasks', async () => {
    // Once more on the same store: what was done before stays done.
    for (const term of [1, 2]) {
      const sample = new Program([join(root, 'samples/commonjs.cjs')], { ...process.env, XDG_STATE_HOME: shared });
      programs.push(sample);
      expect(await sample.ended).toEqual({ code: 0, signal: null });
      const told = ['-> master', `/3, under term ${term}`, '/1\n', '/2\n', '/3\n', 'master -> stopped'];
      for (const text of told) expect(sample.stdout).toContain(text);
    }
  });

  test('dead letters: a task that fails for good is put aside, mended and requeued', async () => {
    const sample = run('dead-letters', { XDG_STATE_HOME: shared });
    expect(await sample.ended).toEqual({ code: 0, signal: null });
    const told = sample.lines.filter((line) => /failover:client (task|requeued)/.test(line));
    expect(told.map((line) => line.replace(/^.*failover:client /, ''))).toEqual([
      'task 1 failed at attempt 1: there is no account of bob',
      'task 1 failed at attempt 2: there is no account of bob',
      'task 1 failed at attempt 3: there is no account of bob',
      'task 1 is a dead letter: there is no account of bob',
      'task 2 is done behind it; 1 dead letter, 0 queued',
      'requeued: true',
      'task 1 is done; 0 dead letters',
    ]);
  });

  test('changing tasks: one that waits and one that runs are cancelled, and one is changed', async () => {
    const sample = run('changing-tasks', { XDG_STATE_HOME: shared });
    expect(await sample.ended).toEqual({ code: 0, signal: null });
    const told = sample.lines.filter((line) => /failover:client (task|cancel|update|mail)/.test(line));
    expect(told.map((line) => line.replace(/^.*failover:client /, '')).sort()).toEqual([
      'cancel 1: removed',
      'cancel 2: removed',
      'cancel 4: unknown',
      'mail 3 goes to carol@example.com',
      'task 1 is cancelled',
      'task 2 is cancelled',
      'update 3: updated',
    ]);
  });

  test('schedule: three slots get one task each, in their order', async () => {
    const sample = run('schedule', { XDG_STATE_HOME: shared });
    expect(await sample.ended).toEqual({ code: 0, signal: null });
    const slots = sample.lines.flatMap((line) => /eu for (\S+Z), \d+ ms late/.exec(line)?.[1] ?? []);
    expect(slots).toHaveLength(3);
    expect(new Set(slots).size).toBe(3);
    expect(slots).toEqual(slots.toSorted());
  });

  test('answers: a task goes on from its checkpoint, and one is not tried again', async () => {
    const sample = run('answers', { XDG_STATE_HOME: shared });
    expect(await sample.ended).toEqual({ code: 0, signal: null });
    const told = sample.lines.filter((line) => /failover:client task/.test(line));
    expect(told.map((line) => line.replace(/^.*failover:client /, ''))).toEqual([
      'task sum failed at attempt 1: the connection was lost',
      'task sum goes on with number 2',
      'task sum is done: 10, after 2 attempts',
      'task nothing failed at attempt 1: there is nothing to add',
      'task nothing was given up: there is nothing to add',
      'task nothing: failed',
    ]);
  });

  test('Express: at SIGTERM the running task ends, then the server', async () => {
    const observed = { OBSERVE_PORT: '0', OBSERVE_TOKEN: 'a-token-of-a-test' };
    const sample = run('express', { XDG_STATE_HOME: shared, PORT: '0', ...observed });
    const [, port] = await sample.line(/listening on port (\d+)$/);
    const post = (id: string) => fetch(`http://localhost:${port}/tasks/${id}`, { method: 'POST' });
    await sample.line(/this process is the master/);
    const [, probes] = await sample.line(/probes and metrics on port (\d+)$/);
    for (const path of ['livez', 'readyz']) {
      expect((await fetch(`http://localhost:${probes}/${path}`)).status).toBe(200);
    }

    const refused = await post('first');
    expect([refused.status, await refused.json()]).toEqual([400, expect.objectContaining({ code: 'ERR_INVALID_KEY' })]);
    const taken = await post('7');
    expect([taken.status, await taken.json()]).toEqual([202, { stored: true }]);
    expect(await (await fetch(`http://localhost:${port}/status`)).json()).toMatchObject({ state: 'master' });

    await sample.line(/working on 7, in term \d+$/);
    sample.kill('SIGTERM');
    sample.kill('SIGTERM');
    expect(await sample.ended).toEqual({ code: 0, signal: null });
    const order = [/done 7$/, /state master -> stopped$/, /client stopped$/];
    const at = order.map((pattern) => sample.lines.findIndex((line) => pattern.test(line)));
    expect(at).toEqual(at.toSorted((a, b) => a - b));
    expect(at[0]).toBeGreaterThan(0);
  });
});

test('Kubernetes: what is deployed has the time to stop', async () => {
  const manifest = await readFile(join(root, 'samples/kubernetes.yaml'), 'utf8');
  const seconds = Number(/^ +terminationGracePeriodSeconds: (\d+)$/m.exec(manifest)?.[1]);
  const { SLAVE, TICKING } = defaultIntervals;
  expect(seconds * 1000).toBeGreaterThan(managedDefaults.stopTimeout + EXIT_PATIENCE_MS + SLAVE + TICKING);
  expect(manifest).toMatch(/^ +replicas: 2$/m);
  const [, file = ''] = /command: \['node', '(.+)'\]/.exec(manifest) ?? [];
  expect(existsSync(join(root, file))).toBe(true);
});

test('exec: a shell script ends in order, and the next one works under the next term', async () => {
  const script = join(root, 'samples/exec/worker.sh');
  const main = join(root, 'dist/src/cli/main.js');
  const start = (): Program => {
    const args = [main, 'exec', 'sample', '--store', join(temporary, 'exec'), '--failover', '2s', '--', 'sh', script];
    const program = new Program(args, process.env);
    programs.push(program);
    return program;
  };
  const master = start();
  await master.line(/started the command/);
  const next = start();
  await next.line(/standing by/);
  master.kill('SIGTERM');
  expect(await master.ended).toEqual({ code: 0, signal: null });
  expect(master.stdout).toBe('works under term 1, attempt 1\nends in order\n');
  await next.line(/started the command: process \d+, attempt 1 of term 2/);
});
