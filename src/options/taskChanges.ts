/** The checks of what `cancel`, `update` and `requeueAll` take. */
import { types } from 'node:util';
import { showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError } from '../errors.js';
import { checkBoolean, checkNumber, readFields, reading, TIMER_MAX_MS } from './checks.js';
import type { CancelOptions, RequeueAllOptions, UpdateOptions } from './options.js';

/** How long `cancel` and `update` wait for the master, in ms, beside the time that running work has to end. */
const CHANGE_TIMEOUT_MS = 10_000;

interface ResolvedCancel {
  readonly running: boolean;
  readonly timeout: number;
}

/** @throws InvalidOptionError */
export function resolveCancel(given: CancelOptions | undefined, cancelTimeout: number): ResolvedCancel {
  const { running, timeout } = readFields(given === undefined ? {} : given, '', ['running', 'timeout']);
  const ends = running === undefined ? false : checkBoolean(running, 'running');
  return { running: ends, timeout: resolveTimeout(timeout, CHANGE_TIMEOUT_MS + (ends ? cancelTimeout : 0)) };
}

/** @throws InvalidOptionError */
export function resolveUpdate(given: UpdateOptions | undefined): { readonly timeout: number } {
  const { timeout } = readFields(given === undefined ? {} : given, '', ['timeout']);
  return { timeout: resolveTimeout(timeout, CHANGE_TIMEOUT_MS) };
}

function resolveTimeout(given: unknown, fallback: number): number {
  return checkNumber(given, 'timeout', { min: 0, max: TIMER_MAX_MS, fallback: Math.min(fallback, TIMER_MAX_MS) });
}

/** What `requeueAll` asks for, as it crosses threads. */
export interface ResolvedRequeueAll {
  readonly limit: number;
  readonly error: RegExp | null;
}

/** @throws InvalidOptionError */
export function resolveRequeueAll(given: RequeueAllOptions | undefined): ResolvedRequeueAll {
  const { limit, error } = readFields(given === undefined ? {} : given, '', ['limit', 'error']);
  const range = { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true };
  return {
    limit: limit === undefined ? range.max : checkNumber(limit, 'limit', range),
    error: error === undefined ? null : checkPattern(error),
  };
}

/** One of any realm. */
function checkPattern(error: unknown): RegExp {
  if (!types.isRegExp(error)) {
    throw new InvalidOptionError(`error must be a regular expression, such as /ECONNRESET/, not ${showValue(error)}`);
  }
  // One that remembers where it was would pass every other letter over.
  return reading('error', () => new RegExp(error.source, error.flags.replace(/[gy]/g, '')));
}
