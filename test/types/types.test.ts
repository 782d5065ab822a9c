/**
 * The published types, compiled by every compiler in every way that the matrix names, with `skipLibCheck: false`. What
 * comes out runs, and its own declarations compile too. It takes minutes, so only `.ci/run` runs it.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Compiler, cases, nodeTypes, settings, type Way, ways } from './matrix.ts';

const here = import.meta.dirname;
const root = join(here, '..', '..');
const installed = join(here, 'node_modules');
/** `npm` hands its own settings on to the npm that is started here, whose project is another. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

/** Below the project, where what the package depends on is found. */
let folder: string;
let projects = 0;

beforeAll(async () => {
  await mkdir(join(root, '.cache'), { recursive: true });
  folder = await mkdtemp(join(root, '.cache', 'types-'));
  await run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], here);
  await run('npm', ['pack', '--pack-destination', folder], root);
  await run('sh', ['-c', 'tar -xzf *.tgz'], folder);
});

afterAll(async () => {
  if (folder) await rm(folder, { recursive: true, force: true });
});

test.each(cases)('TypeScript $compiler: $name', async ({ compiler, way }) => {
  await compileAndRun(compiler, way, 'node-20');
});

test.each(nodeTypes)('the types of Node.js in %s, by TypeScript %s', async (types, compiler) => {
  for (const way of ways.slice(0, 1)) await compileAndRun(compiler, way, types);
});

test('`import whole from` works where the compiler allows it', async () => {
  const way = ways.find(({ name }) => name.endsWith('with esModuleInterop'));
  if (way === undefined) throw new Error('there is no such way');
  const project = await makeProject(way, 'node-20');
  await writeFile(
    join(project, 'run.ts'),
    "import whole from 'mongo-failover';\nconsole.log(typeof whole.failover);\n",
  );
  await compile('5.9', project, settings('5.9', way), ['run.ts']);
  expect(await run('node', ['out/run.js'], project)).toBe('function\n');
});

async function compileAndRun(compiler: Compiler, way: Way, types: string): Promise<void> {
  const project = await makeProject(way, types);
  const options = settings(compiler, way);
  await compile(compiler, project, options, ['program.ts', 'run.ts']);
  expect(await run('node', ['out/run.js'], project)).toBe('true true function\n');
  if (way !== ways[0]) return;
  const { declaration: _, outDir: __, ...checked } = options;
  await compile(compiler, project, { ...checked, noEmit: true }, ['out/program.d.ts']);
}

async function makeProject({ type }: Way, types: string): Promise<string> {
  const project = join(folder, `project-${++projects}`);
  await mkdir(join(project, 'node_modules', '@types'), { recursive: true });
  await symlink(join(installed, types), join(project, 'node_modules', '@types', 'node'));
  await symlink(join(folder, 'package'), join(project, 'node_modules', 'mongo-failover'));
  await cp(join(here, 'programs'), project, { recursive: true });
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type }));
  return project;
}

async function compile(compiler: Compiler, project: string, compilerOptions: object, files: string[]): Promise<void> {
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  await run('node', [join(installed, `typescript-${compiler}`, 'bin/tsc'), '-p', project], project);
}

/** What the command prints; rejects with all that it said unless it succeeds. */
async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, env, timeout: 280_000 });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error instanceof Error ? Object(error) : {};
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
