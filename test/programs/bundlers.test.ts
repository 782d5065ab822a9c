/** A program that has the package in its bundle is told so by `failover()`; one that has it as external works. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { body, project, run } from './program.ts';

const main = `import { failover } from 'mongo-failover';\n${body('process.env.WORK')}`;
const files = { 'package.json': '{}', 'main.mjs': main, 'work.mjs': 'export default () => true;' };
const own = 'mongo-failover';

/** Builds by the bundler's own interface, in a process of its own. Writes to `out`. */
const builds: Readonly<Record<string, { readonly out: string; readonly text: (external: string[]) => string }>> = {
  'esbuild to ESM': { out: 'out/main.mjs', text: (external) => esbuild('esm', 'out/main.mjs', external) },
  'esbuild to CommonJS': { out: 'out/main.cjs', text: (external) => esbuild('cjs', 'out/main.cjs', external) },
  webpack: {
    out: 'out/main.cjs',
    text: (external) => `const webpack = require('webpack');
const externals = Object.fromEntries(${JSON.stringify(external)}.map((name) => [name, 'commonjs ' + name]));
webpack({ mode: 'production', target: 'node', entry: './main.mjs', externals, output: { path: process.cwd() + '/out', filename: 'main.cjs' } },
  (error, stats) => { if (error || stats.hasErrors()) throw error ?? new Error(stats.toString()); });`,
  },
  'webpack, which evaluates its modules': {
    out: 'out/main.mjs',
    text: (external) => `const webpack = require('webpack');
const externals = Object.fromEntries(${JSON.stringify(external)}.map((name) => [name, 'module ' + name]));
webpack({ mode: 'development', target: 'node', entry: './main.mjs', externals, experiments: { outputModule: true },
  output: { path: process.cwd() + '/out', filename: 'main.mjs', module: true } },
  (error, stats) => { if (error || stats.hasErrors()) throw error ?? new Error(stats.toString()); });`,
  },
  Vite: {
    out: 'out/main.mjs',
    text: (external) => `import('vite').then(({ build }) => build({ configFile: false, logLevel: 'error',
ssr: { noExternal: ${external.length === 0 || 'undefined'}, external: ${JSON.stringify(external)} }, build: { ssr: 'main.mjs', outDir: 'out' } }));`,
  },
  ncc: {
    out: 'out/index.mjs',
    text: (
      external,
    ) => `require('@vercel/ncc')(process.cwd() + '/main.mjs', { quiet: true, externals: ${JSON.stringify(external)} })
.then(({ code, assets }) => {
  const { mkdirSync, writeFileSync } = require('node:fs');
  mkdirSync('out');
  writeFileSync('out/index.mjs', code);
  for (const [name, { source }] of Object.entries(assets)) writeFileSync('out/' + name.replaceAll('/', '_'), source);
});`,
  },
};

function esbuild(format: string, outfile: string, external: string[]): string {
  const options = {
    entryPoints: ['main.mjs'],
    bundle: true,
    platform: 'node',
    format,
    outfile,
    external,
    logLevel: 'error',
  };
  return `require('esbuild').buildSync(${JSON.stringify(options)});`;
}

const lines: Readonly<Record<string, string>> = {
  'esbuild to ESM': '--external:mongo-failover',
  'esbuild to CommonJS': '--external:mongo-failover',
  webpack: 'externals: {',
  'webpack, which evaluates its modules': 'externals: {',
  Vite: 'ssr: { external:',
  ncc: 'ncc build main.js -e mongo-failover',
};

const packages = ['esbuild', 'webpack', 'vite', '@vercel/ncc'];

async function built(bundler: string, external: string[]): Promise<string> {
  const { text } = builds[bundler] ?? { text: () => '' };
  const folder = await project({ ...files, 'build.cjs': text(external) }, [own, ...packages]);
  expect(await run(['build.cjs'], folder)).toBe('');
  return folder;
}

describe.each(Object.keys(builds))('%s', (bundler) => {
  const out = builds[bundler]?.out ?? '';

  test('with the package in the bundle fails at failover(), beside its packages and without them', async () => {
    const folder = await built(bundler, []);
    for (const modules of ['node_modules', 'gone']) {
      if (modules === 'gone') await rename(join(folder, 'node_modules'), join(folder, modules));
      const said = await run([out], folder);
      expect(said).toMatch(/^throws ERR_BUNDLED mongo-failover was bundled into .*mark mongo-failover as external/);
      expect(said).toContain(lines[bundler]);
    }
  });

  test('with the package as external works', async () => {
    expect(await run([out], await built(bundler, [own]))).toBe('ok');
  });
});
