/**
 * The package in programs that Jest tests: packed, installed, and run by Jest as each kind of program has it. It takes
 * minutes, so only `.ci/run` runs it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settle } from '../support/settled.ts';

const root = join(import.meta.dirname, '..', '..');
/** `npm` hands its own settings on to the npm that is started here, and Vitest those of its tests to Jest. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:npm_|vitest|vite_|node_env$|node_options$|test$)/i.test(name)),
);

/** As many as a file of the project has tests that use one. */
const STORES = 4;

let folder: string;
let project: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mongo-failover-jest-'));
  project = join(folder, 'project');
  await cp(join(import.meta.dirname, 'project'), project, { recursive: true });
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund'];
  await run('npm', ['ci', ...quiet], project);
  await run('npm', ['pack', '--pack-destination', folder], root);
  await run('sh', ['-c', `npm install --no-save ${quiet.join(' ')} ../*.tgz`], project);
});

afterAll(async () => {
  if (folder) await rm(folder, { recursive: true, force: true });
});

const swc = JSON.stringify({ '\\.ts$': '@swc/jest' });
const presetEnv = JSON.stringify({
  '\\.js$': ['babel-jest', { presets: [['@babel/preset-env', { targets: { node: 'current' } }]] }],
});

test.each([
  { name: 'Jest as it comes', files: 'cluster.test.js', options: ['--detectOpenHandles'] },
  { name: 'several files in one process', files: '(cluster|mocked).test.js', options: ['--coverage'] },
  {
    name: 'workers that are threads',
    files: '(cluster|mocked).test.js',
    options: ['--workerThreads', '--maxWorkers=2'],
  },
  { name: 'babel-jest with preset-env', files: 'cluster.test.js', options: ['--transform', presetEnv] },
  { name: 'ts-jest', files: 'typed.spec.ts', options: ['--preset', 'ts-jest'] },
  { name: '@swc/jest', files: 'typed.spec.ts', options: ['--transform', swc] },
])('$name', async ({ files, options }) => {
  await jest(files, options);
});

test('Jest with ES modules', async () => {
  await jest('imported.test.mjs', ['--transform', '{}'], { NODE_OPTIONS: '--experimental-vm-modules' });
});

/** Without an open handle at the end, for which Jest would wait without end. */
async function jest(files: string, options: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<void> {
  const stores = await mkdtemp(join(folder, 'stores-'));
  for (let store = 1; store <= STORES; store += 1)
    await settle({ kind: 'embedded', path: join(stores, String(store)) });
  const inBand = options.includes('--workerThreads') ? [] : ['--runInBand'];
  const args = ['jest', ...inBand, '--testTimeout=200000', '--testMatch', `**/${files}`, ...options];
  const said = await run('npx', args, project, { ...more, STORES: stores });
  expect(said).toMatch(/Tests: +[1-9]\d* passed, \d+ total/);
  expect(said).not.toMatch(/open handle|did not exit|failed to exit|MaxListeners/);
}

/** All that the command says; rejects with it unless it succeeds. */
async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  more: NodeJS.ProcessEnv = {},
): Promise<string> {
  const child = spawn(command, args, { cwd, env: { ...env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${out}${err}`);
  return out + err;
}
