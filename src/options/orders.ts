/** The checks of what `handOver`, `pause` and `drain` take, and of the priority. */
import { showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError } from '../errors.js';
import { checkBoolean, checkNumber, readFields, TIMER_MAX_MS } from './checks.js';

export const PRIORITY_DEFAULT = 50;
const PRIORITY_MAX = 100;
/** How long a hand-over may take, in ms. */
const HAND_OVER_TIMEOUT_MS = 30_000;
/** Each look carries the reason. */
export const REASON_LENGTH_MAX = 500;
/** The longest pause that ends by itself, in ms: ten years. */
const PAUSE_MAX_MS = 3650 * 24 * 60 * 60 * 1000;

/** @throws InvalidOptionError */
export function resolvePriority<Fallback>(given: unknown, fallback: Fallback): number | Fallback {
  if (given === undefined) return fallback;
  return checkNumber(given, 'priority', { min: 0, max: PRIORITY_MAX, integer: true });
}

/** @throws InvalidOptionError */
export function resolveUnmanagedOptions(given: unknown): { readonly priority: number | null } {
  const { priority } = readFields(given === undefined ? {} : given, '', ['priority']);
  return { priority: resolvePriority(priority, null) };
}

interface ResolvedHandOver {
  readonly to: string | null;
  readonly ifTerm: number | null;
  readonly reason: string | null;
  readonly timeout: number;
}

/** @throws InvalidOptionError */
export function resolveHandOver(given: unknown): ResolvedHandOver {
  const { to, ifTerm, reason, timeout } = readFields(given === undefined ? {} : given, '', [
    'to',
    'ifTerm',
    'reason',
    'timeout',
  ]);
  if (to !== undefined && (typeof to !== 'string' || to === '')) {
    throw new InvalidOptionError(`to must be the id of a member, or the beginning of one, not ${showValue(to)}`);
  }
  const term = { min: 1, max: Number.MAX_SAFE_INTEGER, integer: true };
  return {
    to: to ?? null,
    ifTerm: ifTerm === undefined ? null : checkNumber(ifTerm, 'ifTerm', term),
    reason: resolveReason(reason),
    timeout: checkNumber(timeout, 'timeout', { min: 1, max: TIMER_MAX_MS, fallback: HAND_OVER_TIMEOUT_MS }),
  };
}

interface ResolvedPause {
  readonly reason: string | null;
  readonly for: number | null;
  readonly standby: boolean;
}

/** @throws InvalidOptionError */
export function resolvePause(given: unknown): ResolvedPause {
  const fields = readFields(given === undefined ? {} : given, '', ['reason', 'for', 'standby']);
  return {
    reason: resolveReason(fields.reason),
    for: fields.for === undefined ? null : checkNumber(fields.for, 'for', { min: 1, max: PAUSE_MAX_MS }),
    standby: fields.standby === undefined ? false : checkBoolean(fields.standby, 'standby'),
  };
}

/** @throws InvalidOptionError */
export function resolveDrain(given: unknown): { readonly reason: string | null } {
  const { reason } = readFields(given === undefined ? {} : given, '', ['reason']);
  return { reason: resolveReason(reason) };
}

function resolveReason(given: unknown): string | null {
  if (given === undefined) return null;
  if (typeof given === 'string' && given !== '' && given.length <= REASON_LENGTH_MAX) return given;
  throw new InvalidOptionError(
    `reason must be a text of 1 to ${REASON_LENGTH_MAX} characters, not ${showValue(given)}`,
  );
}
