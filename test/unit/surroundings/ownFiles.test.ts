/** What `failover()` says where its package was bundled, or is not complete. With real bundlers: test/programs/bundlers.test.ts. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Traces } from '../../../src/surroundings/bundlers.ts';
import { checkOwnFiles, mustBeWhole, type Surroundings } from '../../../src/surroundings/ownFiles.ts';

const none: Traces = { next: false, webpack: false, vite: false };
const own = '/app/node_modules/mongo-failover/dist/src/surroundings/ownFiles.js';

const asPath = (): string => own;
const silent = (): undefined => undefined;

/** The package as it was published, but for what is given. */
function at(given: Partial<Surroundings> = {}): Surroundings {
  return {
    url: `file://${own}`,
    script: () => `file://${own}`,
    exists: () => true,
    resolve: (name) => `/app/node_modules/${name}/dist/main.js`,
    isSingleExecutable: () => false,
    traces: none,
    ...given,
  };
}

function refusal(given: Partial<Surroundings>): string {
  try {
    mustBeWhole(at(given));
  } catch (error) {
    expect(error).toMatchObject({ name: 'FailoverError', code: 'ERR_BUNDLED' });
    return error instanceof Error ? error.message : '';
  }
  return 'whole';
}

test('this package is whole, and the check leaves Error as it was', () => {
  const { stackTraceLimit, prepareStackTrace } = Error;
  checkOwnFiles();
  expect([Error.stackTraceLimit, Error.prepareStackTrace]).toEqual([stackTraceLimit, prepareStackTrace]);
});

describe('the package is whole', () => {
  test.each<[string, Partial<Surroundings>]>([
    ['as an ES module', {}],
    ['as CommonJS, whose script is a path', { script: asPath }],
    ['with a query, as loaders add', { url: `file://${own}?namespace=1` }],
    ['where the engine names no script', { script: silent }],
    ['beside a bundle of webpack that has it as external', { traces: { ...none, webpack: true } }],
    ['in Next.js that has it as external', { traces: { ...none, next: true } }],
    [
      'in a folder with a blank and a hash',
      { url: 'file:///a%20b%23/src/surroundings/ownFiles.js', script: () => '/a b#/src/surroundings/ownFiles.js' },
    ],
  ])('%s', (_, given) => expect(() => mustBeWhole(at(given))).not.toThrow());
});

describe('a bundle is refused, and named,', () => {
  test.each<[string, Partial<Surroundings>, string]>([
    ['in CommonJS, where there is no URL', { url: undefined, script: () => '/app/out.cjs' }, '/app/out.cjs'],
    ['in CommonJS, where the engine names no script', { url: undefined, script: silent }, 'a file without a URL'],
    ['whose URL is its own', { url: 'file:///app/out.mjs', script: () => 'file:///app/out.mjs' }, '/app/out.mjs'],
    ['whose URL is that of the source', { script: () => '/app/out/main.cjs' }, '/app/out/main.cjs'],
    ['that evaluates its modules', { script: () => 'webpack-internal:///./x.js' }, 'webpack-internal:///./x.js'],
    ['with a URL of another scheme', { url: 'blob:nodedata:1', script: () => 'blob:nodedata:1' }, 'blob:nodedata:1'],
  ])('%s', (_, given, where) => {
    expect(refusal(given)).toMatch(/^mongo-failover was bundled into .*mark mongo-failover as external/);
    expect(refusal(given)).toContain(`into ${where}.`);
  });
});

test.each<[string, Partial<Traces>, string[], string[]]>([
  ['Next.js', { next: true, webpack: true }, ['serverExternalPackages'], ['webpack', 'rollup']],
  ['webpack', { webpack: true }, ['webpack: externals', 'ncc build'], ['rollup', 'Vite']],
  ['Vite', { vite: true }, ["ssr: { external: ['mongo-failover'] }"], ['webpack', 'esbuild']],
  ['an unknown bundler', {}, ['esbuild: ', 'rollup: ', 'tsup: ', 'Vite: ', 'webpack: ', 'ncc: ', 'Next.js: '], []],
])('the line for %s is said', (_, found, lines, others) => {
  const message = refusal({ url: undefined, traces: { ...none, ...found } });
  for (const line of lines) expect(message).toContain(line);
  for (const other of others) expect(message).not.toContain(other);
});

test('a single executable is told how to load the package', () => {
  expect(refusal({ url: undefined, isSingleExecutable: () => true })).toContain('createRequire(process.execPath)');
});

test.each(['coordinator.cjs', 'store.cjs', 'task.cjs', 'guard.cjs', 'piscina/dist/worker.js'])(
  'without %s it is not complete',
  (name) => {
    expect(refusal({ exists: (path) => !path.endsWith(name) })).toMatch(
      new RegExp(`^mongo-failover is not complete: /app/.*${name} is missing`),
    );
  },
);

test.each(['piscina', 'bson'])('without the package %s it is not complete', (name) => {
  const resolve = (asked: string): string => {
    if (asked === name) throw new Error('not found');
    return `/app/node_modules/${asked}/dist/main.js`;
  };
  expect(refusal({ resolve })).toContain(`the package ${name} is missing`);
});

test('the files that are looked for are those of the package', () => {
  const asked: string[] = [];
  mustBeWhole(at({ exists: (path) => asked.push(path) > 0 }));
  expect(asked).toContain('/app/node_modules/mongo-failover/dist/workers/coordinator.cjs');
  expect(existsSync(new URL('../../../workers/coordinator.cts', import.meta.url))).toBe(true);
});
