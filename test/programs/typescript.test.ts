/** Work modules in TypeScript run wherever the main file runs: versions of Node.js, loaders, kinds of projects. */
import { describe, expect, test } from 'vitest';
import { body, intervals, type NodeVersion, nodeOf, nodes, project, run } from './program.ts';

interface Loader {
  readonly packages: readonly string[];
  /** What comes before the main file on the command line. */
  readonly args: readonly string[];
  /** The projects whose main file runs so. */
  readonly shapes: readonly Shape[];
  readonly nodes?: readonly NodeVersion[];
}

type Shape = 'erasable' | 'esm' | 'esm, by the names of the output' | 'cjs' | 'cjs, by the name of the output';
const esm = ['esm', 'esm, by the names of the output'] as const;
const cjs = ['cjs', 'cjs, by the name of the output'] as const;

const loaders: Readonly<Record<string, Loader>> = {
  'Node.js alone': { packages: [], args: [], shapes: ['erasable'], nodes: ['22', '24'] },
  '--import tsx': { packages: ['tsx'], args: ['--import', 'tsx'], shapes: [...esm, ...cjs] },
  '-r tsx/cjs': { packages: ['tsx'], args: ['-r', 'tsx/cjs'], shapes: cjs },
  'the command tsx': { packages: ['tsx'], args: ['node_modules/tsx/dist/cli.mjs'], shapes: [...esm, 'cjs'] },
  '-r ts-node/register': { packages: ['ts-node', 'typescript'], args: ['-r', 'ts-node/register'], shapes: cjs },
  'the command ts-node': {
    packages: ['ts-node', 'typescript'],
    args: ['node_modules/ts-node/dist/bin.js'],
    shapes: cjs,
  },
  '--loader ts-node/esm': {
    packages: ['ts-node', 'typescript'],
    args: ['--no-warnings', '--loader', 'ts-node/esm'],
    shapes: esm,
  },
  '-r @swc-node/register': {
    packages: ['@swc-node/register', 'typescript'],
    args: ['-r', '@swc-node/register'],
    shapes: cjs,
  },
  '--import @swc-node/register/esm-register': {
    packages: ['@swc-node/register', 'typescript'],
    args: ['--import', '@swc-node/register/esm-register'],
    shapes: esm,
  },
  '-r esbuild-register': { packages: ['esbuild-register'], args: ['-r', 'esbuild-register'], shapes: ['cjs'] },
  'the command jiti': { packages: ['jiti'], args: ['node_modules/jiti/lib/jiti-cli.mjs'], shapes: [...esm, 'cjs'] },
};

const helper = 'export enum Colour { Red = 7 }\nexport const isOne = (id: string): boolean => id === "1";\n';
const work = (from: string): string => `import { Colour, isOne } from '${from}';
interface Task { readonly id: string }
export default function work(task: Task): boolean { return isOne(task.id) && Colour.Red === 7; }
`;

/** `failover` is typed as nothing, because no compiler here checks types. */
function files(shape: Shape): Record<string, string> {
  const isEsm = !shape.startsWith('cjs');
  const byOutput = shape.includes('by the name');
  const name = byOutput ? 'work.js' : 'work.ts';
  const from = isEsm ? `./helper.${byOutput ? 'js' : 'ts'}` : './helper';
  const compilerOptions = isEsm
    ? { module: 'esnext', moduleResolution: 'bundler', target: 'es2022' }
    : { module: 'commonjs', target: 'es2022', esModuleInterop: true };
  const main = isEsm
    ? `import { failover } from 'mongo-failover';\n${body(`new URL('./${name}', import.meta.url)`)}`
    : `import { join } from 'node:path';\nimport { failover } from 'mongo-failover';\n${body(`join(__dirname, '${name}')`)}`;
  return {
    'package.json': JSON.stringify({ type: isEsm ? 'module' : 'commonjs' }),
    'tsconfig.json': JSON.stringify({ compilerOptions, 'ts-node': { transpileOnly: true } }),
    'helper.ts':
      shape === 'erasable'
        ? helper.replace('export enum Colour { Red = 7 }', 'export const Colour = { Red: 7 } as const;')
        : helper,
    'work.ts': work(from),
    'main.ts': main,
  };
}

const cases = Object.entries(loaders).flatMap(([loader, { shapes, nodes: some = nodes }]) =>
  some.flatMap((node) => shapes.map((shape) => [loader, shape, node] as const)),
);

describe('the work module runs where the main file does', () => {
  test.each(cases)('%s, %s, Node.js %s', async (loader, shape, node) => {
    const { packages, args } = loaders[loader] ?? { packages: [], args: [] };
    const folder = await project(files(shape), ['mongo-failover', ...packages]);
    expect(await run([...args, './main.ts'], folder, nodeOf(node))).toBe('ok');
  });
});

test.each(nodes)('a work module in TypeScript runs in a test of Vitest, Node.js %s', async (node) => {
  const text = `import { expect, test } from 'vitest';
import { failover } from 'mongo-failover';
test('works', async () => {
  const { managed: Managed, close } = failover({ nodb: { path: process.env.STORE }, intervals: ${intervals} });
  const cluster = new Managed('program', 'id', new URL('./work.ts', import.meta.url));
  const said = new Promise((resolve) => {
    cluster.on('done', () => resolve('ok'));
    for (const event of ['error', 'panic']) cluster.on(event, (error) => resolve(event + ' ' + error.message));
  });
  await cluster.run();
  await cluster.submitWork({ id: '1' });
  console.log('SAID ' + await said);
  await close();
}, 60_000);`;
  const folder = await project({ ...files('esm'), 'program.test.ts': text }, ['mongo-failover', 'vitest', 'vite']);
  expect(await run(['node_modules/vitest/vitest.mjs', 'run', '--root', folder], folder, nodeOf(node))).toBe('ok');
});

test.each([
  ['20', 'esm', 'runs no TypeScript by itself'],
  ['22', 'esm', 'only leaves types out'],
  ['24', 'esm', 'only leaves types out'],
] as const)('without a compiler the error says what to do: Node.js %s, %s', async (node, shape, why) => {
  const folder = await project({ ...files(shape), 'main.mjs': files(shape)['main.ts'] ?? '' }, ['mongo-failover']);
  const said = await run(['main.mjs'], folder, nodeOf(node));
  expect(said).toMatch(/^error ERR_WORK_MODULE the work module file:\S+work\.ts does not load: /);
  expect(said).toContain(why);
  expect(said).toContain('Install tsx');
});

test.each(nodes)('with tsx installed and not on the command line, it is used: Node.js %s', async (node) => {
  const folder = await project({ ...files('esm'), 'main.mjs': files('esm')['main.ts'] ?? '' }, [
    'mongo-failover',
    'tsx',
  ]);
  expect(await run(['main.mjs'], folder, nodeOf(node))).toBe('ok');
});
