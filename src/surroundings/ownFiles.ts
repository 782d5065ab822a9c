/**
 * Checks that this package runs from its own files. Its threads start from `workers/*.cjs`, which load the rest of the
 * package and Piscina's worker. A bundler copies the code of the main thread and leaves these files behind; then every
 * start of a thread fails. So `failover()` looks first, and says what to do.
 *
 *   the URL of this module   is missing in CommonJS output, names the output otherwise, and is the source's in webpack.
 *   the running script       is the output in every case, because the engine names it.
 *   the entries              can be missing where a deployment copies only the files that it has traced.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FailoverError } from '../errors.js';
import { bundlersOf, type Traces, traces } from './bundlers.js';

const MANUAL = 'the manual: docs/guide/programs.md, "Bundlers"';

export interface Surroundings {
  /** `import.meta.url` of this module, which a bundler may have replaced. */
  readonly url: unknown;
  /** Returns the file or URL that the engine runs this module from; undefined if it does not say. */
  script(): string | undefined;
  exists(path: string): boolean;
  /** Returns the file of a package that this one depends on; throws if there is none. */
  resolve(name: string): string;
  /** Returns whether the program is one executable file. */
  isSingleExecutable(): boolean;
  readonly traces: Traces;
}

const here: Surroundings = {
  url: import.meta.url,
  script: runningScript,
  exists: existsSync,
  resolve: (name) => createRequire(import.meta.url).resolve(name),
  isSingleExecutable,
  traces: traces(),
};

let whole = false;

/**
 * Looks once in a process that has passed.
 * @throws FailoverError `ERR_BUNDLED`
 */
export function checkOwnFiles(): void {
  if (!whole) mustBeWhole(here);
  whole = true;
}

/** @throws FailoverError `ERR_BUNDLED` */
export function mustBeWhole(at: Surroundings): void {
  const elsewhere = foreignPlace(at);
  if (elsewhere !== undefined) throw bundled(elsewhere, at);
  const missing = missingFile(at);
  if (missing !== undefined) {
    throw new FailoverError(
      'ERR_BUNDLED',
      `mongo-failover is not complete: ${missing} is missing, so its threads cannot start. Deploy the whole folder of the ` +
        `package and of its dependencies; a tool that copies traced files needs to be told of them (${MANUAL})`,
    );
  }
}

/** Returns where the code runs from, in words, if that is not the module as it was published. */
function foreignPlace({ url, script }: Surroundings): string | undefined {
  const running = script();
  if (typeof url !== 'string' || !url.startsWith('file:')) return running ?? 'a file without a URL';
  const path = pathOf(url);
  if (!/^ownFiles\.[jt]s$/.test(basename(path))) return path;
  return running === undefined || pathOf(running) === path ? undefined : pathOf(running);
}

function missingFile({ url, exists, resolve }: Surroundings): string | undefined {
  const path = pathOf(String(url));
  const extension = path.endsWith('.ts') ? 'cts' : 'cjs';
  const entries = ['coordinator', 'store', 'task', 'guard', 'observer'].map((name) =>
    join(dirname(path), `../../workers/${name}.${extension}`),
  );
  const packages = new Map(['bson', 'piscina'].map((name) => [name, fileOf(name, resolve)]));
  for (const [name, file] of packages) if (file === undefined) return `the package ${name}`;
  // Piscina takes the file of its thread from beside its own module.
  const piscinasWorker = join(dirname(packages.get('piscina') ?? ''), 'worker.js');
  return [...entries, piscinasWorker].find((file) => !exists(file));
}

function fileOf(name: string, resolve: Surroundings['resolve']): string | undefined {
  try {
    return resolve(name);
  } catch {
    return undefined;
  }
}

function bundled(where: string, at: Surroundings): FailoverError {
  const text = `mongo-failover was bundled into ${where}. Its threads start from files of the package, which a bundle leaves behind`;
  if (at.isSingleExecutable()) {
    const way =
      "install it in a folder beside the executable and load it by createRequire(process.execPath)('mongo-failover')";
    return new FailoverError('ERR_BUNDLED', `${text}: ${way} (${MANUAL})`);
  }
  const lines = bundlersOf(at.traces).map(({ name, line }) => `${name}: ${line}`);
  return new FailoverError('ERR_BUNDLED', `${text}: mark mongo-failover as external. ${lines.join('; ')} (${MANUAL})`);
}

/** Takes a path, or a URL with or without a query. */
function pathOf(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}

/** Asks the engine, because bundlers replace `import.meta.url` and not this. */
function runningScript(): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = (_, [site]) => site?.getScriptNameOrSourceURL() ?? undefined;
    const script: unknown = new Error('where am I').stack;
    return typeof script === 'string' ? script : undefined;
  } catch {
    // As with --frozen-intrinsics.
    return undefined;
  } finally {
    restore({ prepareStackTrace, stackTraceLimit });
  }
}

function restore(fields: Pick<ErrorConstructor, 'prepareStackTrace' | 'stackTraceLimit'>): void {
  try {
    Object.assign(Error, fields);
  } catch {
    // Then nothing was changed either.
  }
}

/** Returns whether the program is one executable file, with Node.js in it. */
export function isSingleExecutable(): boolean {
  const sea: unknown = process.getBuiltinModule?.('node:sea');
  const isSea: unknown = typeof sea === 'object' && sea !== null ? Reflect.get(sea, 'isSea') : undefined;
  return typeof isSea === 'function' && isSea() === true;
}
