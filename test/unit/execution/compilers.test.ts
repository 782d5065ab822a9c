/** Which compiler loads TypeScript that a thread does not understand. With real ones: test/programs/typescript.test.ts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import {
  type Compiler,
  compileAndLoad,
  compilers,
  isTypeScript,
  needsCompiler,
} from '../../../src/execution/compilers.ts';
import { type Loaders, loadWork } from '../../../src/execution/loadWork.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const coded = (code: string, message = code): Error => Object.assign(new Error(message), { code });
const unknownExtension = coded('ERR_UNKNOWN_FILE_EXTENSION');

/** A project that has these packages installed. */
async function project(...installed: string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of installed) {
    mkdirSync(join(folder, 'node_modules', name), { recursive: true });
    writeFileSync(join(folder, 'node_modules', name, 'index.js'), '');
  }
  writeFileSync(join(folder, 'work.ts'), '');
  return pathToFileURL(join(folder, 'work.ts')).href;
}

function scripted(name: string, asked: string[], load: Compiler['load']): Compiler {
  return {
    name,
    load: (...args) => {
      asked.push(name);
      return load(...args);
    },
  };
}

test.each([
  ['ERR_UNKNOWN_FILE_EXTENSION', unknownExtension, true],
  ['enum, which cannot be left out', coded('ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'), true],
  ['a path without an extension', coded('ERR_MODULE_NOT_FOUND'), true],
  ['a type that is imported as a value', new SyntaxError("'x' does not provide an export named 'Task'"), true],
  ['an import in CommonJS', new SyntaxError('Cannot use import statement outside a module'), true],
  ['what the module throws', new Error('its own'), false],
  ['a SyntaxError that the module throws', new SyntaxError('Unexpected token o in JSON'), false],
  ['a package that CommonJS misses while it runs', coded('MODULE_NOT_FOUND'), false],
])('%s: %o may be mended by a compiler: %s', (_, error, expected) => {
  expect(needsCompiler(error)).toBe(expected);
});

test.each([
  ['file:///work.ts', true],
  ['file:///work.mts?v=1', true],
  ['file:///work.tsx', true],
  ['file:///work.js', false],
  ['file:///ts', false],
  ['data:text/javascript,1.ts', false],
])('%s is TypeScript: %s', (href, expected) => expect(isTypeScript(href)).toBe(expected));

test('the compilers are asked in their order, those that are installed', async () => {
  const asked: string[] = [];
  const href = await project('second', 'third');
  const available = ['first', 'second', 'third'].map((name) => scripted(name, asked, async () => name));
  expect(await compileAndLoad(href, unknownExtension, async () => 1, available)).toBe('second');
  expect(asked).toEqual(['second']);
});

test('a compiler that is for CommonJS alone is passed over', async () => {
  const asked: string[] = [];
  const href = await project('first', 'second');
  const available = [
    scripted('first', asked, () => Promise.reject(coded('ERR_REQUIRE_ESM'))),
    scripted('second', asked, async () => 'loaded'),
  ];
  expect(await compileAndLoad(href, unknownExtension, async () => 1, available)).toBe('loaded');
  expect(asked).toEqual(['first', 'second']);
});

test('what the code of the module throws is told, and the module is not run again', async () => {
  const asked: string[] = [];
  const href = await project('first', 'second');
  const available = [
    scripted('first', asked, () => Promise.reject(new Error('its own'))),
    scripted('second', asked, async () => 'loaded'),
  ];
  await expect(compileAndLoad(href, unknownExtension, async () => 1, available)).rejects.toThrow('its own');
  expect(asked).toEqual(['first']);
});

test('without a compiler the failure is told', async () => {
  const failure = coded('ERR_UNKNOWN_FILE_EXTENSION');
  await expect(compileAndLoad(await project(), failure, async () => 1)).rejects.toBe(failure);
});

test('no compiler in native code is asked', () => {
  expect(compilers.map(({ name }) => name)).toEqual(['tsx', 'ts-node', 'jiti', 'vite']);
});

test.each([
  ['work.ts', unknownExtension, /runs no TypeScript by itself.* Install tsx/],
  [
    'work.ts',
    coded('ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX', 'no enum'),
    /no enum \(Node\.js by itself only leaves types out.* Install tsx/,
  ],
  ['work.ts', new Error('its own'), /its own$/],
  ['work.js', coded('ERR_MODULE_NOT_FOUND', 'no x'), /no x$/],
])('the error of %s says what to do if a compiler would help: %o', async (name, error, message) => {
  const by: Loaders = {
    require: () => 1,
    import: () => Promise.reject(error),
    typescript: false,
    hooked: () => false,
  };
  const href = (await project()).replace('work.ts', `${name}?import`);
  await expect(loadWork(href, by)).rejects.toMatchObject({
    code: 'ERR_WORK_MODULE',
    message: expect.stringMatching(message),
  });
});

test.each([
  ['jiti', 'module.exports = () => {}; module.exports.createJiti = () => ({ import: async () => "jiti" });'],
  ['vite', 'exports.runnerImport = async () => ({ module: "vite" });'],
  ['ts-node', 'exports.register = ({ transpileOnly }) => { if (!transpileOnly) throw new Error("slow"); };'],
  ['tsx', 'globalThis.tsx = true;'],
])('%s is called as it is made', async (name, text) => {
  const href = await project(name);
  writeFileSync(join(fileURLToPath(href), '..', 'node_modules', name, 'index.js'), text);
  const loaded = await compileAndLoad(href, unknownExtension, async () => 'loaded as before');
  expect(loaded).toBe(['jiti', 'vite'].includes(name) ? name : 'loaded as before');
});
