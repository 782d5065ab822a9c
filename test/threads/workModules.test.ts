/** The user's module is loaded without the thread pool where that can be, and runs once at most. In real files. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporaryFolder.ts';

/** Prints how often a module ran, and what came of it: by plain Node.js, because vitest has loaders of its own. */
const program = `
import { createRequire } from 'node:module';
const { loadWork } = await import(process.argv[2]);
globalThis.runs = 0;
let imports = 0;
const by = {
  require: createRequire(process.argv[2]),
  import: (href) => { imports += 1; return import(href); },
  typescript: false,
  hooked: () => false,
};
const said = await loadWork(process.argv[3], by).then((work) => 'function ' + work(), (error) => error.code + ' ' + error.message);
console.log(JSON.stringify({ said, imports, runs: globalThis.runs }));
`;

interface Outcome {
  readonly said: string;
  readonly imports: number;
  readonly runs: number;
}

const built = pathToFileURL(join(import.meta.dirname, '../../dist/src/execution/loadWork.js')).href;

async function load(name: string, text: string, options: { query?: string; node?: string[] } = {}): Promise<Outcome> {
  const folder = await temporaryFolder();
  const put = (file: string, content: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
    return join(folder, file);
  };
  put('esm/package.json', '{"type":"module"}');
  put('cjs/package.json', '{"type":"commonjs"}');
  put('untyped/package.json', '{}');
  put('waits.mjs', 'await 1; export const value = 1;');
  put('cycle.cjs', `require(${JSON.stringify(join(folder, name))});`);
  put(
    'hooks.mjs',
    'export const resolve = (s, c, n) => s === "hooked" ? { url: "data:text/javascript,", shortCircuit: true } : n(s, c);',
  );
  put('register.mjs', 'import { register } from "node:module"; register("./hooks.mjs", import.meta.url);');
  const main = put('main.mjs', program);
  const work = put(name, text);
  const href = pathToFileURL(work).href + (options.query ?? '');
  const node = [...(options.node ?? []), main, built, href];
  const { stdout, stderr } = spawnSync(process.execPath, node, { cwd: folder, encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

const esm = 'globalThis.runs += 1; export default () => true;';
const cjs = 'globalThis.runs += 1; module.exports = () => true;';
const compiled = 'globalThis.runs += 1; exports.__esModule = true; exports.default = () => true;';

test.each([
  ['work.mjs', esm],
  ['work.cjs', cjs],
  ['esm/work.js', esm],
  ['cjs/work.js', cjs],
  ['untyped/work.js', cjs],
  ['untyped/work.js', esm],
  ['work.cjs', compiled],
  ['with blank, # and %25.mjs', esm],
  ['work.mjs', `${esm} export const other = 1;`],
  ['work.mjs', 'globalThis.runs += 1; export default { default: () => true };'],
])('%s is loaded without import()', async (name, text) => {
  expect(await load(name, text)).toEqual({ said: 'function true', imports: 0, runs: 1 });
});

test.each([
  ['a top-level await', 'work.mjs', `await 1; ${esm}`, {}],
  ['a top-level await without a type', 'untyped/work.js', `await 1; ${esm}`, {}],
  ['a top-level await further down', 'work.mjs', `import './waits.mjs'; ${esm}`, {}],
  ['a query', 'work.mjs', `${esm.replace('true', 'import.meta.url.endsWith("?v=1")')}`, { query: '?v=1' }],
  ['a loader hook', 'work.mjs', `import 'hooked'; ${esm}`, { node: ['--import', './register.mjs'] }],
  ['no extension', 'esm/work', esm, {}],
])('import() loads what require cannot: %s', async (_, name, text, options) => {
  expect(await load(name, text, options)).toMatchObject({ said: 'function true', runs: 1 });
});

test.each([
  ['throws', 'work.mjs', 'globalThis.runs += 1; throw new Error("its own"); export default 1;', /its own/],
  ['throws a SyntaxError', 'work.mjs', 'globalThis.runs += 1; JSON.parse("no"); export default 1;', /JSON/],
  ['throws a SyntaxError', 'work.cjs', 'globalThis.runs += 1; JSON.parse("no");', /JSON/],
  ['misses a package', 'untyped/work.js', 'globalThis.runs += 1; require("not-there");', /not-there/],
  ['misses a package', 'cjs/work.js', 'globalThis.runs += 1; require("not-there");', /not-there/],
  [
    'misses a package',
    'work.mjs',
    'import { createRequire } from "node:module"; globalThis.runs += 1; createRequire(import.meta.url)("not-there"); export default 1;',
    /not-there/,
  ],
  ['requires what waits', 'untyped/work.js', 'globalThis.runs += 1; require("../waits.mjs");', /top-level await/],
  ['is in a cycle', 'work.mjs', 'globalThis.runs += 1; import "./cycle.cjs"; export default () => true;', /cycle/],
])('a module that %s runs once at most, and the error is its own: %s', async (_, name, text, message) => {
  const { said, runs } = await load(name, text);
  expect(said).toMatch(/^ERR_WORK_MODULE the work module file:\S+ does not load: /);
  expect(said).toMatch(message);
  expect(runs).toBeLessThanOrEqual(1);
});

test.each([
  [
    'a package that is not there',
    'work.mjs',
    `import 'not-there'; ${esm}`,
    /does not load: Error: Cannot find package/,
  ],
  [
    'a name that is not exported',
    'work.mjs',
    `import { no } from './cycle.cjs'; ${esm}`,
    /does not load: SyntaxError: .*no/,
  ],
  ['a text that is no program', 'work.mjs', 'this is none', /does not load: SyntaxError: Unexpected identifier/],
  // By an enum: Node.js from 22.18 on runs TypeScript whose types can be left out.
  ['TypeScript without a loader', 'work.ts', 'enum No {}\nexport default (): boolean => true;', /does not load: /],
  ['no default export', 'work.mjs', 'export const work = () => true;', /has no function as its default export/],
  ['an object', 'work.cjs', 'module.exports = { work: () => true };', /has no function as its default export/],
])('%s is an error that says so', async (_, name, text, message) => {
  const { said, runs } = await load(name, text);
  expect(said).toMatch(message);
  expect(runs).toBe(0);
});
