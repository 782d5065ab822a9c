/**
 * The check of what a managed cluster takes beside its work.
 */
import { InvalidOptionError } from '../errors.js';
import { checkBoolean, checkChoice, checkNumber, readFields, TIMER_MAX_MS } from './checks.js';
import { defaultGrace, graceFits } from './leaseTimes.js';
import type { Intervals, ManagedOptions, ResolvedManagedOptions } from './options.js';
import { resolvePriority } from './orders.js';

const MIB = 1024 * 1024;
/** A document has at most 16 MiB, and in a dead letter there are the id and the error beside the payload. */
const TASK_BYTES_MAX = 16 * MIB - 64 * 1024;
/** More MiB than any machine has. */
const LIMIT_MB_MAX = 2 ** 32;

/** Times in ms, sizes in bytes. `retry.maxDelay` follows `retry.minDelay`, and `grace` follows the intervals. */
export const managedDefaults = {
  minDelay: 100,
  maxQueue: 1_000_000,
  maxTaskBytes: MIB,
  idleThreadTimeout: 10_000,
  /** A busy machine is slow at loading. */
  loadTimeout: 60_000,
  stopTimeout: 20_000,
  cancelTimeout: 5000,
} as const;

const names = [
  'durable',
  'retry',
  'maxQueue',
  'maxTaskBytes',
  'resourceLimits',
  'idleThreadTimeout',
  'loadTimeout',
  'stopTimeout',
  'cancelTimeout',
  'minInterval',
  'grace',
  'taskTimeout',
  'keepOutcomes',
  'results',
  'mainTimeout',
  'fencing',
  'priority',
] as const;
const retryNames = ['minDelay', 'maxDelay', 'attempts', 'exhausted'] as const;
const limitNames = [
  'maxOldGenerationSizeMb',
  'maxYoungGenerationSizeMb',
  'codeRangeSizeMb',
  'stackSizeMb',
] as const satisfies readonly (keyof NonNullable<ManagedOptions['resourceLimits']>)[];

/** @throws InvalidOptionError */
export function resolveManagedOptions(given: unknown, intervals: Intervals): ResolvedManagedOptions {
  const fields = readFields(given === undefined ? {} : given, '', names);
  const { maxQueue, maxTaskBytes, loadTimeout, stopTimeout, cancelTimeout } = managedDefaults;
  const durable = fields.durable === undefined ? false : checkBoolean(fields.durable, 'durable');
  const time = { min: 1, max: TIMER_MAX_MS, fallback: Number.POSITIVE_INFINITY };
  return {
    durable,
    ...resolveOutcomes(fields, durable),
    retry: resolveRetry(fields.retry),
    maxQueue: checkNumber(fields.maxQueue, 'maxQueue', { min: 1, max: 10_000_000, integer: true, fallback: maxQueue }),
    maxTaskBytes: checkNumber(fields.maxTaskBytes, 'maxTaskBytes', {
      min: 1,
      max: TASK_BYTES_MAX,
      integer: true,
      fallback: maxTaskBytes,
    }),
    resourceLimits: resolveLimits(fields.resourceLimits),
    idleThreadTimeout: resolveIdle(fields.idleThreadTimeout),
    loadTimeout: checkNumber(fields.loadTimeout, 'loadTimeout', { min: 1, max: TIMER_MAX_MS, fallback: loadTimeout }),
    stopTimeout: checkNumber(fields.stopTimeout, 'stopTimeout', { min: 0, max: TIMER_MAX_MS, fallback: stopTimeout }),
    cancelTimeout: checkNumber(fields.cancelTimeout, 'cancelTimeout', {
      min: 0,
      max: TIMER_MAX_MS,
      fallback: cancelTimeout,
    }),
    minInterval: resolveMinInterval(fields.minInterval, durable),
    grace: resolveGrace(fields.grace, intervals),
    taskTimeout: checkNumber(fields.taskTimeout, 'taskTimeout', time),
    mainTimeout: checkNumber(fields.mainTimeout, 'mainTimeout', time),
    fencing: checkChoice(fields.fencing, 'fencing', ['thread', 'process']),
    priority: resolvePriority(fields.priority, null),
  };
}

/** Below that an outcome that a deposed member writes late might come when the right one is deleted already, in ms. */
const KEPT_MIN_MS = 60_000;
/** A year, in ms. */
const KEPT_MAX_MS = 366 * 24 * 60 * 60 * 1000;

function resolveOutcomes(
  fields: { readonly keepOutcomes?: unknown; readonly results?: unknown },
  durable: boolean,
): Pick<ResolvedManagedOptions, 'keepOutcomes' | 'results'> {
  const { keepOutcomes: given } = fields;
  const keepOutcomes =
    given === undefined ? null : checkNumber(given, 'keepOutcomes', { min: KEPT_MIN_MS, max: KEPT_MAX_MS });
  const results = fields.results === undefined ? false : checkBoolean(fields.results, 'results');
  if (keepOutcomes !== null && !durable) {
    throw new InvalidOptionError(
      `keepOutcomes (${keepOutcomes}) needs durable: true: a queue in memory keeps nothing of a task that is done`,
    );
  }
  if (results && keepOutcomes === null) {
    throw new InvalidOptionError('results (true) needs keepOutcomes, which says for how many ms results are kept');
  }
  return { keepOutcomes, results };
}

function resolveMinInterval(given: unknown, durable: boolean): number {
  const interval = checkNumber(given, 'minInterval', { min: 0, max: TIMER_MAX_MS, fallback: 0 });
  if (interval === 0 || durable) return interval;
  throw new InvalidOptionError(`minInterval (${interval}) is for stored tasks, so it needs durable: true`);
}

function resolveRetry(given: unknown): ResolvedManagedOptions['retry'] {
  const fields = readFields(given === undefined ? {} : given, 'retry', retryNames);
  const range = { min: 1, max: TIMER_MAX_MS };
  const minDelay = checkNumber(fields.minDelay, 'retry.minDelay', { ...range, fallback: managedDefaults.minDelay });
  const maxDelay = checkNumber(fields.maxDelay, 'retry.maxDelay', { ...range, fallback: minDelay });
  if (maxDelay < minDelay) {
    const origin = fields.minDelay === undefined ? ' by default' : '';
    throw new InvalidOptionError(
      `retry.maxDelay (${maxDelay}) must be at least retry.minDelay (${minDelay}${origin}): the delay only grows`,
    );
  }
  const exhausted = checkChoice(fields.exhausted, 'retry.exhausted', ['block', 'dead-letter']);
  return { minDelay, maxDelay, attempts: resolveAttempts(fields.attempts), exhausted };
}

function resolveAttempts(given: unknown): number {
  // Written out by who wants the default to be seen.
  if (given === Number.POSITIVE_INFINITY) return given;
  const fallback = Number.POSITIVE_INFINITY;
  return checkNumber(given, 'retry.attempts', { min: 1, max: 1_000_000, integer: true, fallback });
}

function resolveIdle(given: unknown): number {
  if (given === Number.POSITIVE_INFINITY) return given;
  const fallback = managedDefaults.idleThreadTimeout;
  return checkNumber(given, 'idleThreadTimeout', { min: 0, max: TIMER_MAX_MS, fallback });
}

/** With less, newer versions of Node.js end the whole process when the thread starts. */
const LEAST_MB: Readonly<Record<string, number>> = { maxOldGenerationSizeMb: 4 };

function resolveLimits(given: unknown): ResolvedManagedOptions['resourceLimits'] {
  const fields = readFields(given === undefined ? {} : given, 'resourceLimits', limitNames);
  const limits: ResolvedManagedOptions['resourceLimits'] = {};
  for (const name of limitNames) {
    const value = fields[name];
    if (value === undefined) continue;
    // A stack beyond these ends the thread, or the whole process, before any of our code runs.
    const bounds = name === 'stackSizeMb' ? { min: 0.5, max: 64 } : { min: LEAST_MB[name] ?? 1, max: LIMIT_MB_MAX };
    limits[name] = checkNumber(value, `resourceLimits.${name}`, bounds);
  }
  return limits;
}

function resolveGrace(given: unknown, intervals: Intervals): number {
  const fallback = defaultGrace(intervals);
  const grace = checkNumber(given, 'grace', { min: Number.MIN_VALUE, max: TIMER_MAX_MS, fallback });
  if (graceFits(grace, intervals)) return grace;
  const { MASTER, POLL, SLAVE, TICKING } = intervals;
  throw new InvalidOptionError(
    `grace (${grace}) is too long: MASTER (${MASTER}) + POLL (${POLL}) + grace must be less than 95 % of ` +
      `SLAVE (${SLAVE}) + TICKING (${TICKING}), or a master that misses one beat has to stop work before the next is answered`,
  );
}
