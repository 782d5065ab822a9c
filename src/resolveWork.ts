/**
 * The check of a managed cluster's work: a function, or a module that must be there when the cluster is made, not only
 * when it becomes master.
 */
import { type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InvalidOptionError, WorkError } from './errors.js';
import { reading } from './optionChecks.js';
import { isUrl } from './realms.js';
import { quote, showValue } from './showValue.js';
import type { WorkPlace } from './workPlace.js';

/** Two characters at least: `C:\work.js` is a path. */
const scheme = /^[a-z][a-z0-9+.-]+:/i;

/**
 * `work` is a function, a `file:` or `data:` URL (an object or a string), or a path, taken from the folder `cwd`.
 * @throws InvalidOptionError for anything else
 * @throws WorkError `ERR_WORK_MODULE` when there is no such file
 */
export function resolveWork(work: unknown, cwd = process.cwd()): WorkPlace {
  return isFunction(work) ? { kind: 'main', work } : reading('the work', () => resolveModule(work, cwd));
}

function resolveModule(work: unknown, cwd: string): WorkPlace {
  const url = moduleUrl(work, cwd);
  if (url === undefined || !['file:', 'data:'].includes(url.protocol)) {
    throw new InvalidOptionError(
      `the work must be a function, a path, or a URL with file: or data:, not ${showValue(isUrl(work) ? work.href : work)}`,
    );
  }
  if (url.protocol === 'file:') checkFile(url);
  return { kind: 'module', href: url.href };
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

function checkFile(url: URL): void {
  const href = quote(url.href);
  let found: Stats | undefined;
  try {
    found = statSync(fileURLToPath(url), { throwIfNoEntry: false });
  } catch (cause) {
    throw new WorkError('ERR_WORK_MODULE', `the work module ${href} cannot be found`, { cause });
  }
  if (found === undefined) throw new WorkError('ERR_WORK_MODULE', `the work module ${href} does not exist`);
  if (!found.isFile()) throw new WorkError('ERR_WORK_MODULE', `the work module ${href} is not a file`);
}
