/**
 * The check that turns what a user wrote into what the code uses. It runs at once, in the caller's thread and before
 * anything connects, so that a wrong option fails where it was written.
 */
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { InvalidOptionError } from './errors.js';
import { isObject, readFields } from './optionChecks.js';
import type { ResolvedOptions } from './options.js';
import { resolveIntervals } from './resolveIntervals.js';
import { resolveMongodb } from './resolveMongodb.js';
import { showValue } from './showValue.js';

/** What the defaults depend on. */
export interface OptionsEnvironment {
  /** Undefined where users have no numbers; there the temporary folder is each user's own. */
  readonly uid: number | undefined;
  readonly tmpdir: string;
  readonly cwd: string;
}

function processEnvironment(): OptionsEnvironment {
  return { uid: process.getuid?.(), tmpdir: tmpdir(), cwd: process.cwd() };
}

/** @throws InvalidOptionError */
export function resolveOptions(given: unknown = {}, environment = processEnvironment()): ResolvedOptions {
  const fields = readFields(given, '', ['mongodb', 'nodb', 'intervals']);
  const path = resolveNodb(fields.nodb, environment);
  const { ignored, ...mongodb } = resolveMongodb(fields.mongodb, path === undefined);
  return {
    store: path === undefined ? { kind: 'mongodb', ...mongodb } : { kind: 'embedded', path },
    intervals: resolveIntervals(fields.intervals),
    ignored,
  };
}

/** Where the embedded store is; undefined when MongoDB is used. */
function resolveNodb(given: unknown, environment: OptionsEnvironment): string | undefined {
  if (given === undefined || given === false) return undefined;
  if (given !== true && !isObject(given)) {
    throw new InvalidOptionError(`nodb must be true, false or an object with a path, not ${showValue(given)}`);
  }
  const { path } = given === true ? {} : readFields(given, 'nodb', ['path']);
  if (path === undefined) {
    const { uid } = environment;
    return join(environment.tmpdir, uid === undefined ? 'mongo-failover' : `mongo-failover-${uid}`);
  }
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new InvalidOptionError(`nodb.path must be the path of a folder, not ${showValue(path)}`);
  }
  // Absolute now, for the process may change its folder later.
  return resolve(environment.cwd, path);
}
