/**
 * The check that turns what a user wrote into what the code uses. It runs at once, in the caller's thread and before
 * anything connects, so a wrong option fails where it was written.
 */
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError } from '../errors.js';
import { checkBoolean, checkNumber, isObject, readFields } from './checks.js';
import { resolveIntervals } from './intervals.js';
import { resolveMongodb } from './mongodb.js';
import { resolveObserve } from './observe.js';
import type { ResolvedOptions } from './options.js';
import { PRIORITY_DEFAULT, resolvePriority } from './orders.js';
import { resolveRebalance } from './rebalance.js';
import { resolveTaskThreads } from './taskThreads.js';

/** An exit is waited for by people, and by what ends processes. */
const EXIT_TIMEOUT_MAX_MS = 60_000;

/** What the defaults depend on. */
interface OptionsEnvironment {
  /** Undefined where users have no numbers; there the temporary folder is each user's own. */
  readonly uid: number | undefined;
  readonly tmpdir: string;
  readonly homedir: string;
  readonly platform: NodeJS.Platform;
  /** The environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

function processEnvironment(): OptionsEnvironment {
  return {
    uid: process.getuid?.(),
    tmpdir: tmpdir(),
    homedir: homeOfUser(),
    platform: process.platform,
    variables: process.env,
    cwd: process.cwd(),
  };
}

/** Empty if the user has none: then the system says so by an error. */
function homeOfUser(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/** @throws InvalidOptionError */
export function resolveOptions(given: unknown = {}, environment = processEnvironment()): ResolvedOptions {
  const fields = readFields(given, '', [
    ...(['mongodb', 'nodb', 'intervals', 'exitTimeout', 'guard', 'observe', 'priority', 'rebalance'] as const),
    'taskThreads',
  ]);
  const path = resolveNodb(fields.nodb, environment);
  const { ignored, ...mongodb } = resolveMongodb(fields.mongodb, path === undefined);
  return {
    store: path === undefined ? { kind: 'mongodb', ...mongodb } : { kind: 'embedded', ...path },
    intervals: resolveIntervals(fields.intervals),
    exitTimeout: checkNumber(fields.exitTimeout, 'exitTimeout', { min: 0, max: EXIT_TIMEOUT_MAX_MS, fallback: 500 }),
    guard: fields.guard === undefined ? false : checkBoolean(fields.guard, 'guard'),
    observe: resolveObserve(fields.observe),
    taskThreads: resolveTaskThreads(fields.taskThreads),
    priority: resolvePriority(fields.priority, PRIORITY_DEFAULT),
    rebalance: resolveRebalance(fields.rebalance),
    ignored,
  };
}

interface StorePath {
  readonly path: string;
  readonly earlierPath?: string;
  readonly owner?: number;
}

/** Returns where the embedded store is; undefined when MongoDB is used. */
function resolveNodb(given: unknown, environment: OptionsEnvironment): StorePath | undefined {
  if (given === undefined || given === false) return undefined;
  if (given !== true && !isObject(given)) {
    throw new InvalidOptionError(`nodb must be true, false or an object with a path, not ${showValue(given)}`);
  }
  const { path } = given === true ? {} : readFields(given, 'nodb', ['path']);
  if (path === undefined) return defaultStorePath(environment);
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new InvalidOptionError(`nodb.path must be the path of a folder, not ${showValue(path)}`);
  }
  // Absolute now, for the process may change its folder later.
  return { path: resolve(environment.cwd, path) };
}

/** @throws InvalidOptionError if there is no folder that all processes of this user would find. */
function defaultStorePath(environment: OptionsEnvironment): StorePath {
  const { uid, tmpdir: temporary } = environment;
  const ofUser = uid === undefined ? {} : { owner: uid };
  // A relative one is another folder for each working directory, so members would not see each other.
  const earlierPath = isAbsolute(temporary)
    ? join(temporary, uid === undefined ? 'mongo-failover' : `mongo-failover-${uid}`)
    : undefined;
  const state = stateFolder(environment);
  if (state !== undefined) {
    const path = join(state, 'mongo-failover');
    return earlierPath === undefined ? { path, ...ofUser } : { path, earlierPath, ...ofUser };
  }
  if (earlierPath !== undefined) return { path: earlierPath, ...ofUser };
  throw new InvalidOptionError(
    `nodb: true has no folder: this user has no home, and the temporary folder (TMPDIR) is ${showValue(temporary)}, ` +
      'which is relative, so each working directory would have a store of its own; give nodb.path',
  );
}

/**
 * Returns where this user's programs keep what outlives a restart; undefined if the user has no home. Not a temporary folder:
 * cleaners remove from there what they take for old.
 */
function stateFolder({ homedir: home, platform, variables }: OptionsEnvironment): string | undefined {
  const given = absolute(platform === 'win32' ? variables.LOCALAPPDATA : variables.XDG_STATE_HOME);
  if (given !== undefined) return given;
  if (absolute(home) === undefined || home === '/') return undefined;
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  return platform === 'win32' ? join(home, 'AppData', 'Local') : join(home, '.local', 'state');
}

/** Returns undefined for a path that is not absolute, as the XDG specification asks. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}
