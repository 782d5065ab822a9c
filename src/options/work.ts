/**
 * The check of a managed cluster's work: a function, or a module that must be there when the cluster is made, not only
 * when it becomes master.
 */
import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { quote, showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError, WorkError } from '../errors.js';
import { isUrl } from '../values/realms.js';
import { reading } from './checks.js';
import type { WorkTarget } from './workTarget.js';

/** Two characters at least: `C:\work.js` is a path. */
const scheme = /^[a-z][a-z0-9+.-]+:/i;

/**
 * `work` is a function, a `file:` or `data:` URL (an object or a string), or a path, taken from the folder `cwd`.
 * @throws InvalidOptionError for anything else
 * @throws WorkError `ERR_WORK_MODULE` when there is no such file
 */
export function resolveWork(work: unknown, cwd = process.cwd()): WorkTarget {
  return isFunction(work) ? { kind: 'main', work } : reading('the work', () => resolveModule(work, cwd));
}

function resolveModule(work: unknown, cwd: string): WorkTarget {
  const url = moduleUrl(work, cwd);
  if (url === undefined || !['file:', 'data:'].includes(url.protocol)) {
    throw new InvalidOptionError(
      `the work must be a function, a path, or a URL with file: or data:, not ${showValue(isUrl(work) ? work.href : work)}`,
    );
  }
  return { kind: 'module', href: url.protocol === 'file:' ? existing(url).href : url.href };
}

function isFunction(value: unknown): value is (...args: unknown[]) => unknown {
  return typeof value === 'function';
}

function moduleUrl(work: unknown, cwd: string): URL | undefined {
  if (isUrl(work)) return new URL(work.href);
  if (typeof work !== 'string' || work === '') return undefined;
  if (scheme.test(work)) return URL.canParse(work) ? new URL(work) : undefined;
  return pathToFileURL(resolve(cwd, work));
}

/** Returns the URL of the file, or of its source: in TypeScript `./work.js` may name a `work.ts`. */
function existing(url: URL): URL {
  const href = quote(url.href);
  const source = [url, ...sources(url)].find((each) => statOf(each, href) !== undefined);
  if (source === undefined) throw new WorkError('ERR_WORK_MODULE', `the work module ${href} does not exist`);
  if (!statOf(source, href)?.isFile()) throw new WorkError('ERR_WORK_MODULE', `the work module ${href} is not a file`);
  return source;
}

function statOf(url: URL, href: string): Stats | undefined {
  try {
    return statSync(fileURLToPath(url), { throwIfNoEntry: false });
  } catch (cause) {
    throw new WorkError('ERR_WORK_MODULE', `the work module ${href} cannot be found`, { cause });
  }
}

/** Returns the names that a module may have before it is compiled to this one. */
function sources(url: URL): URL[] {
  const [, path, kind = ''] = /^(.+)\.([cm]?)js$/.exec(url.pathname) ?? [];
  if (path === undefined) return [];
  return [`.${kind}ts`, ...(kind === '' ? ['.tsx'] : [])].map((extension) => {
    const source = new URL(url);
    source.pathname = path + extension;
    return source;
  });
}
