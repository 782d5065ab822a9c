/**
 * Loads the user's module. `require` comes first, for ES modules too, because it reads files synchronously. `import()`
 * waits for libuv's thread pool, which other work of the process may fill.
 *
 * `import()` is left for what `require` cannot load: a top-level await, a URL with a query or of another scheme, and
 * files that only a loader hook understands. A module whose own code threw is not run a second time.
 *
 * TypeScript that neither of them takes goes to a compiler that the program has installed: see compilers.ts. A module that
 * itself imports a missing file while it runs fails with the same error, so its first lines may then run twice.
 */
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { toWire, WorkError } from '../errors.js';
import type { UserWork } from './callWork.js';
import { compileAndLoad, isTypeScript, needsCompiler, wayOut } from './compilers.js';
import { isCommonJs } from './moduleFormat.js';
import { noteStop } from './stopHook.js';

/** With these `require` fails before an ES module runs, and `import()` may do better. */
const loadErrors = new Set([
  'ERR_MODULE_NOT_FOUND',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
  'ERR_REQUIRE_ASYNC_MODULE',
  'ERR_REQUIRE_CYCLE_MODULE',
  'ERR_REQUIRE_ESM',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_ESM_URL_SCHEME',
  'MODULE_NOT_FOUND',
]);

export interface Loaders {
  require(path: string): unknown;
  import(href: string): Promise<unknown>;
  /** Whether Node runs TypeScript without a hook. */
  readonly typescript: boolean;
  /** Returns whether a hook of `require`, as `-r ts-node/register` leaves one, loads files of this extension. */
  hooked(extension: string): boolean;
}

const ownRequire = createRequire(import.meta.url);

const loaders: Loaders = {
  require: ownRequire,
  import: (href) => import(href),
  typescript: Boolean(Reflect.get(process.features, 'typescript')),
  hooked: (extension) => Object.hasOwn(ownRequire.extensions, extension),
};

/**
 * Returns the default export of the module.
 * @throws WorkError `ERR_WORK_MODULE` when the module does not load, or has no function as its default export.
 */
export async function loadWork(href: string, by: Loaders = loaders): Promise<UserWork> {
  let exported: unknown;
  try {
    exported = await defaultExport(href, by);
  } catch (cause) {
    const { name, message } = toWire(cause);
    const hint = isTypeScript(href) && needsCompiler(cause) ? ` (${wayOut(cause)})` : '';
    throw new WorkError('ERR_WORK_MODULE', `the work module ${href} does not load: ${name}: ${message}${hint}`, {
      cause,
    });
  }
  if (!isFunction(exported)) {
    throw new WorkError('ERR_WORK_MODULE', `the work module ${href} has no function as its default export`);
  }
  return exported;
}

async function defaultExport(href: string, by: Loaders): Promise<unknown> {
  try {
    return await asItIs(href, by);
  } catch (error) {
    if (!isTypeScript(href) || !needsCompiler(error)) throw error;
    return oneLevelDown(await compileAndLoad(href, error, () => asItIs(href, by)));
  }
}

async function asItIs(href: string, by: Loaders): Promise<unknown> {
  const path = requirable(href, by);
  if (path === undefined) return oneLevelDown(defaultOf(await by.import(href)));
  try {
    const loaded = by.require(path);
    return oneLevelDown(types.isModuleNamespaceObject(loaded) ? defaultOf(loaded) : loaded);
  } catch (error) {
    if (!isLoadError(error) || isCommonJs(path)) throw error;
    return importInstead(href, by, error);
  }
}

async function importInstead(href: string, by: Loaders, failure: unknown): Promise<unknown> {
  const namespace = await by.import(href).catch((later: unknown) => {
    // After a SyntaxError `import()` may complain that the module was required before, which says nothing.
    throw failure instanceof SyntaxError ? failure : later;
  });
  try {
    return oneLevelDown(defaultOf(namespace));
  } catch {
    // Node 20.19 imports a module whose code has thrown in `require` as one that has no values yet.
    throw failure;
  }
}

/** Returns the path of a module that `require` loads as `import()` would. */
function requirable(href: string, { typescript, hooked }: Loaders): string | undefined {
  const url = new URL(href);
  // The module may read the query of its own `import.meta.url`.
  if (url.protocol !== 'file:' || url.search !== '' || url.hash !== '') return undefined;
  const path = fileURLToPath(url);
  const extension = extname(path);
  const native = typescript ? /^\.[cm]?[jt]s$/ : /^\.[cm]?js$/;
  return native.test(extension) || hooked(extension) ? path : undefined;
}

/** A CommonJS module that was compiled from ESM keeps its default export one level down. */
function oneLevelDown(exported: unknown): unknown {
  const work = isObject(exported) && 'default' in exported ? exported.default : exported;
  noteStop(exported, work);
  return work;
}

function isLoadError(error: unknown): boolean {
  if (error instanceof SyntaxError) return true;
  const { code } = toWire(error);
  return code !== undefined && loadErrors.has(code);
}

function defaultOf(namespace: unknown): unknown {
  const exported: unknown = isObject(namespace) ? Reflect.get(namespace, 'default') : undefined;
  noteStop(namespace, exported);
  return exported;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isFunction(value: unknown): value is UserWork {
  return typeof value === 'function';
}
