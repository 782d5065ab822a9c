/** The options of a schedule, and their checks. */
import { showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError } from '../errors.js';
import { checkChoice, checkNumber, readFields } from '../options/checks.js';
import { isWellFormed } from '../task/taskId.js';
import { timeOf } from '../values/realms.js';
import { readPattern } from './pattern.js';

const DAY_MS = 86_400_000;
const ID_BYTES_MAX = 200;
const MISSED_MAX = 1000;
const WITHIN_MAX_MS = 366 * DAY_MS;
const JITTER_MAX_MS = 3_600_000;
const PREVIEW_MAX = 1000;

/** Says what becomes of slots whose time came while no member was master. */
export type Missed = 'once' | 'skip' | 'all';
/** Says what becomes of a slot while the task of the slot before is queued or running. */
export type Overlap = 'skip' | 'queue';

/** Says when a schedule queues its tasks, and what becomes of slots that were missed. */
export interface ScheduleOptions {
  /** Names the IANA time zone in which the pattern is read. Default 'UTC'. */
  readonly timeZone?: string | undefined;
  /**
   * Says what becomes of slots that were missed: one task for the latest of them, none, or one for each, oldest first.
   * Default 'once'.
   */
  readonly missed?: Missed | undefined;
  /** Limits how many missed slots `missed: 'all'` makes up: the latest ones. From 1 to 1,000. Default 100. */
  readonly maxMissed?: number | undefined;
  /** Limits how old a missed slot may be that is made up, in ms. Default one day. */
  readonly within?: number | undefined;
  /** Says what becomes of a slot while the task of the slot before is queued or running. Default 'skip'. */
  readonly overlap?: Overlap | undefined;
  /** Delays each slot by 0 to so many ms, by a hash of its id and time. At most one hour. Default 0. */
  readonly jitter?: number | undefined;
  /** Is the first instant that may be a slot, as a Date or in ms since 1970. */
  readonly from?: Date | number | undefined;
  /** Is the last instant that may be a slot, as a Date or in ms since 1970. */
  readonly until?: Date | number | undefined;
}

/** Says which slots `preview` returns. */
export interface PreviewOptions {
  /** Names the IANA time zone in which the pattern is read. Default 'UTC'. */
  readonly timeZone?: string | undefined;
  /** Says how many slots are returned, from 1 to 1,000. Default 5. */
  readonly count?: number | undefined;
  /** Is the instant after which they begin. Default now. */
  readonly from?: Date | number | undefined;
}

/** How the slots of a schedule are found, and what becomes of them. */
export interface SlotRules {
  readonly pattern: string;
  readonly timeZone: string;
  readonly missed: Missed;
  readonly maxMissed: number;
  readonly within: number;
  readonly overlap: Overlap;
  readonly jitter: number;
  readonly from: number | null;
  readonly until: number | null;
}

export interface ResolvedSchedule extends SlotRules {
  readonly id: string;
}

const names = ['timeZone', 'missed', 'maxMissed', 'within', 'overlap', 'jitter', 'from', 'until'] as const;

/** @throws InvalidOptionError */
export function resolveSchedule(id: unknown, pattern: unknown, options: unknown, now: number): ResolvedSchedule {
  const given = options === undefined ? {} : readFields(options, '', names);
  const { timeZone = 'UTC' } = given;
  const known = resolveScheduleId(id);
  readPattern(pattern, timeZone, now);
  const from = checkInstant(given.from, 'from');
  const until = checkInstant(given.until, 'until');
  if (from !== null && until !== null && until < from) {
    throw new InvalidOptionError(`until (${show(until)}) must not be before from (${show(from)})`);
  }
  return {
    id: known,
    pattern: String(pattern),
    timeZone: String(timeZone),
    missed: checkChoice<Missed>(given.missed, 'missed', ['once', 'skip', 'all']),
    maxMissed: checkNumber(given.maxMissed, 'maxMissed', { min: 1, max: MISSED_MAX, integer: true, fallback: 100 }),
    within: checkNumber(given.within, 'within', { min: 0, max: WITHIN_MAX_MS, fallback: DAY_MS }),
    overlap: checkChoice<Overlap>(given.overlap, 'overlap', ['skip', 'queue']),
    jitter: checkNumber(given.jitter, 'jitter', { min: 0, max: JITTER_MAX_MS, integer: true, fallback: 0 }),
    from,
    until,
  };
}

/** @throws InvalidOptionError */
export function resolveScheduleId(id: unknown): string {
  const isText = typeof id === 'string' && id !== '' && id.length <= ID_BYTES_MAX;
  if (isText && Buffer.byteLength(id) <= ID_BYTES_MAX && isWellFormed(id) && !/\p{Cc}/u.test(id)) return id;
  const rule = `a string of 1 to ${ID_BYTES_MAX} bytes of well-formed text without control characters`;
  throw new InvalidOptionError(`the id of a schedule must be ${rule}, not ${showValue(id)}`);
}

/** @throws InvalidOptionError */
export function previewSlots(pattern: unknown, options: unknown, now: number): Date[] {
  const given = options === undefined ? {} : readFields(options, '', ['timeZone', 'count', 'from']);
  const count = checkNumber(given.count, 'count', { min: 1, max: PREVIEW_MAX, integer: true, fallback: 5 });
  const from = checkInstant(given.from, 'from') ?? now;
  const { timeZone = 'UTC' } = given;
  const slots = readPattern(pattern, timeZone, from);
  const found: Date[] = [];
  for (let slot = slots.next(from); slot !== null && found.length < count; slot = slots.next(slot)) {
    found.push(new Date(slot));
  }
  return found;
}

/** Returns an instant in ms since 1970; null if it was left out. */
export function checkInstant(value: unknown, path: string): number | null {
  if (value === undefined) return null;
  const time = timeOf(value);
  // The years 1970 to 9999: text and stores order and show them alike.
  if (typeof time === 'number' && time >= 0 && time < 253_402_300_800_000) return Math.floor(time);
  throw new InvalidOptionError(`${path} must be a valid Date or a number of ms since 1970, not ${showValue(value)}`);
}

function show(instant: number): string {
  return new Date(instant).toISOString();
}
