/** The command line as it ships, on a folder that the test makes: several processes, one blocked, one killed. */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Program } from '../support/program.ts';
import { linesWithPassword, password } from '../support/spellings.ts';

const cli = join(import.meta.dirname, '../../dist/src/cli/main.js');
const member = join(import.meta.dirname, '../../dist/src/cli/demo/crew/member.js');

let scratch: string;
let folder: string;
let temporary: string;
const programs: Program[] = [];

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'mongo-failover-test-'));
  folder = join(scratch, 'a folder, für Dateien');
  temporary = join(scratch, 'tmp');
  await mkdir(temporary);
  await makeFiles();
});
afterEach(() => Promise.all(programs.splice(0).map((program) => program.end())));
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** 150 files: text and noise of 0 bytes to 400 KB, in folders, with names that need care. */
async function makeFiles(): Promise<void> {
  const names = [
    'plain.txt',
    'with space.txt',
    'ünï-日本-😀.bin',
    'quote\'"$(x).txt',
    '.hidden',
    '-dash',
    '%41?#&.txt',
  ];
  const folders = ['', 'one', join('one', 'two words'), 'ö'];
  await Promise.all(folders.map((name) => mkdir(join(folder, name), { recursive: true })));
  const writes = Array.from({ length: 150 }, (_, index) => {
    const name = `${index}${names[index % names.length]}`;
    const size = index % 10 === 0 ? 0 : Math.floor(3 * 1.08 ** index);
    const content = index % 2 === 0 ? randomBytes(Math.min(size, 400_000)) : 'text '.repeat(Math.min(size, 80_000));
    return writeFile(join(folder, folders[index % folders.length] ?? '', name), content);
  });
  await Promise.all(writes);
}

function run(...args: string[]): Program {
  return runWith({}, ...args);
}

function runWith(environment: NodeJS.ProcessEnv, ...args: string[]): Program {
  const usual = { TMPDIR: temporary, TEMP: temporary, NO_COLOR: '1' };
  const program = new Program([cli, ...args], { ...process.env, ...usual, ...environment });
  programs.push(program);
  return program;
}

test('the demo works off a folder through a block and a kill, proves it, and leaves nothing behind', async () => {
  const program = run('demo', folder, '--json', '--seconds', '25');
  const { code } = await program.ended;
  const told = program.lines.join('\n');
  const report = JSON.parse(program.stdout);
  const failed = report.checks.filter((check: { holds: boolean }) => !check.holds);
  expect(failed, told).toEqual([]);
  expect(report.checks.map(({ id }: { id: string }) => id)).toEqual(
    expect.arrayContaining([
      'complete',
      'content',
      'exclusive',
      'order',
      'once',
      'block',
      'takeover',
      'resumed',
      'quiet',
    ]),
  );
  expect(report).toMatchObject({ holds: true, store: 'embedded', members: 3, files: { found: 150, taken: 150 } });
  expect(report.figures).toMatchObject({ tasks: 150, done: 150, changed: 0 });
  expect(report.figures.terms).toBeGreaterThanOrEqual(2);
  expect(code).toBe(0);
  expect(await readdir(temporary)).toEqual([]);
});

test.each([
  ['SIGINT', 130],
  ['SIGHUP', 129],
  ['SIGTERM', 143],
] as const)('%s ends the members and removes the temporary folder', async (signal, code) => {
  const program = run('demo', folder, '--json', '--members', '2');
  await program.line(/says: connected/);
  expect(await readdir(temporary)).toHaveLength(1);
  // Twice, as watchers and package managers send it.
  program.kill(signal);
  program.kill(signal);
  expect(await program.ended).toEqual({ code, signal: null });
  expect(program.stdout).toBe('');
  expect(await readdir(temporary)).toEqual([]);
});

test('an output that is not read any more ends the demo as it ends other programs', async () => {
  const script = '{ "$0" "$@"; echo "code $?" >&2; } | { read -r line; echo "$line" >&2; }';
  const args = ['-c', script, process.execPath, cli, 'demo', folder, '--members', '2'];
  const env = { ...process.env, TMPDIR: temporary, TEMP: temporary, NO_COLOR: '1' };
  const program = new Program(args, env, '/bin/sh');
  programs.push(program);
  await program.line(/code 141/);
  await program.ended;
  expect(program.lines.filter((line) => /EPIPE|Error/.test(line))).toEqual([]);
  expect(await readdir(temporary)).toEqual([]);
});

test('a member ends with its parent', async () => {
  const child: ChildProcess = fork(member, { stdio: 'ignore' });
  await once(child, 'spawn');
  child.disconnect();
  await once(child, 'exit');
});

test.each([
  [[], 'a command is missing'],
  [['nonsense'], "unknown command 'nonsense'"],
  [['demo', '--nonsense'], '--nonsense'],
  [['demo', '--members', '1'], '--members takes one whole number'],
  [['demo', '--seconds'], '--seconds'],
  [['demo', 'one', 'two'], "too many arguments for 'demo'"],
  [['demo', '--mongodb', 'http://localhost'], 'mongodb'],
  [['demo', 'no such folder'], 'is not a folder that can be read'],
])('wrong arguments %j end with exit code 2 and a message on stderr', async (args, message) => {
  const program = run(...args);
  expect(await program.ended).toEqual({ code: 2, signal: null });
  expect(program.lines.join('\n')).toContain(message);
});

function withPassword(option = ''): Program {
  const connectString = `mongodb://user:${encodeURIComponent(password)}@127.0.0.1:1/db?serverSelectionTimeoutMS=500${option}`;
  return runWith({ DEBUG: '*' }, 'demo', folder, '--json', '--members', '2', '--mongodb', connectString);
}

test('the password of a server that does not answer is never printed', async () => {
  const program = withPassword();
  await program.line(/member \d has an error: .*ECONNREFUSED/);
  program.kill('SIGINT');
  expect(await program.ended).toEqual({ code: 130, signal: null });
  expect(linesWithPassword(program.stdout + program.lines.join('\n'))).toEqual([]);
});

test('nor is that of a connect string that will not do', async () => {
  const program = withPassword('&nonsense=1');
  expect(await program.ended).toEqual({ code: 2, signal: null });
  const said = program.stdout + program.lines.join('\n');
  expect(said).toContain('nonsense');
  expect(linesWithPassword(said)).toEqual([]);
});

test('help and version go to stdout', async () => {
  const [help, demoHelp, version] = [run('--help'), run('demo', '--help'), run('--version')];
  expect((await Promise.all([help, demoHelp, version].map(({ ended }) => ended))).map(({ code }) => code)).toEqual([
    0, 0, 0,
  ]);
  expect(help.stdout).toMatch(/demo .*watch a failover/);
  expect(demoHelp.stdout).toContain('--seconds <count>');
  expect(version.stdout).toMatch(/^mongo-failover\/\d+\.\d+\.\d+/);
});
