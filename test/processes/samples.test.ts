/** The samples as people try them: the same one twice, and the master goes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { databaseUri } from '../support/database.ts';
import { Program } from '../support/program.ts';

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

function run(sample: string, ...args: string[]): Program {
  const { MONGODB_URI: _, ...env } = process.env;
  const file = join(import.meta.dirname, '../../dist/samples', `${sample}.js`);
  const debug = { DEBUG: 'failover*', DEBUG_COLORS: '0' };
  const program = new Program([file, ...args], {
    ...env,
    ...debug,
    XDG_STATE_HOME: temporary,
    TMPDIR: temporary,
    TEMP: temporary,
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
  const sample = run('fenced-writes', databaseUri());
  expect(await sample.ended).toEqual({ code: 0, signal: null });
  expect(sample.stdout.split('\n').slice(-3)).toEqual([
    'the late write of the first term was refused',
    expect.stringMatching(/^alice has 200, written under term \d+$/),
    '',
  ]);
});
