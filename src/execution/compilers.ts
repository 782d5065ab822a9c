/**
 * Loads a TypeScript module that this thread does not understand, by a compiler that the program has installed.
 *
 * A thread has what the command line gives it (`--import`, `-r`), and Node.js from 22.18 on leaves types out by itself.
 * It does not have what the main thread registered: by `ts-node main.ts`, by jiti, by a test runner, or by tsx on Node 20.
 * So the compilers are asked in this order, each if it can be resolved from the module:
 *
 *   tsx       hooks `require` and `import()` of this thread.
 *   ts-node   hooks `require`, so it is for CommonJS.
 *   jiti      loads the module itself.
 *   Vite      loads the module itself, and is there where Vitest is.
 *
 * Compilers in native code (SWC, Oxc) are not among them: ending a thread just after it loaded SWC ended the process.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { toWire } from '../errors.js';

/** With these Node.js says, before a module runs, that it would take a compiler. */
const compilerErrors = new Set([
  'ERR_INVALID_TYPESCRIPT_SYNTAX',
  'ERR_MODULE_NOT_FOUND',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
]);
/** Of a SyntaxError that comes from linking; one that the module's own code throws has another text. */
const linkErrors = /does not provide an export named|import statement outside a module|Unexpected token 'export'/;

type Load = () => Promise<unknown>;

export interface Compiler {
  readonly name: string;
  /** Returns what the module at this path exports. `found` is the compiler's own file, `load` loads as before. */
  load(found: string, path: string, load: Load): Promise<unknown>;
}

export const compilers: readonly Compiler[] = [
  {
    name: 'tsx',
    load: async (found, _, load) => {
      await import(pathToFileURL(found).href);
      return load();
    },
  },
  {
    name: 'ts-node',
    load: (found, path, load) => {
      call(createRequire(found)(found), 'register', { transpileOnly: true, projectSearchDir: dirname(path) });
      return load();
    },
  },
  {
    name: 'jiti',
    load: async (found, path) => {
      const jiti = call(createRequire(found)(found), 'createJiti', path);
      return call(jiti, 'import', path);
    },
  },
  {
    name: 'vite',
    load: async (found, path) => {
      const settings = { root: dirname(path), configFile: false, logLevel: 'silent' };
      const vite = await import(pathToFileURL(found).href);
      const loaded: unknown = await call(vite, 'runnerImport', path, settings);
      return isObject(loaded) ? Reflect.get(loaded, 'module') : undefined;
    },
  },
];

/** Returns true for a file whose name says that it is TypeScript. */
export function isTypeScript(href: string): boolean {
  const { protocol, pathname } = new URL(href);
  return protocol === 'file:' && /\.(?:[cm]?ts|tsx)$/.test(pathname);
}

/** Returns true if a compiler may load what failed with this error. */
export function needsCompiler(error: unknown): boolean {
  const { code, message } = toWire(error);
  if (code !== undefined) return compilerErrors.has(code);
  return error instanceof SyntaxError && linkErrors.test(message);
}

/**
 * Returns what the module exports, by the first compiler that is there and can load it.
 * @throws the error of the module's own code, or `failure` if no compiler loads it
 */
export async function compileAndLoad(
  href: string,
  failure: unknown,
  load: Load,
  available: readonly Compiler[] = compilers,
): Promise<unknown> {
  const path = fileURLToPath(href);
  const { resolve } = createRequire(path);
  for (const compiler of available) {
    const found = fileOf(compiler.name, resolve);
    if (found === undefined) continue;
    try {
      return await compiler.load(found, path, load);
    } catch (error) {
      if (!needsCompiler(error) && toWire(error).code !== 'ERR_REQUIRE_ESM') throw error;
    }
  }
  throw failure;
}

/** Says, behind the error of a TypeScript module, what to do. */
export function wayOut(error: unknown): string {
  const { code } = toWire(error);
  const why =
    code === 'ERR_UNKNOWN_FILE_EXTENSION'
      ? `Node.js ${process.version} runs no TypeScript by itself in this thread (from 22.18 on it does)`
      : 'Node.js by itself only leaves types out, and takes import paths as they are';
  return `${why}. Install tsx, which is then used, or start the program by \`node --import tsx\`, or name a compiled module`;
}

function fileOf(name: string, resolve: NodeJS.RequireResolve): string | undefined {
  try {
    return resolve(name);
  } catch {
    return undefined;
  }
}

/** Calls a function of another package, whose types are not at hand. */
function call(holder: unknown, name: string, ...args: unknown[]): unknown {
  const method: unknown = isObject(holder) ? Reflect.get(holder, name) : undefined;
  if (typeof method !== 'function') throw new TypeError(`the compiler has no function ${name}`);
  return Reflect.apply(method, holder, args);
}

/** A module may export a function that has others. */
function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
