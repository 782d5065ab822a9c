/** Cron patterns in a time zone: which instants are slots. The library that reads them is used in this file alone. */
import { Cron } from 'croner';
import { showValue } from '../diagnostics/showValue.js';
import { InvalidOptionError } from '../errors.js';

const PATTERN_LENGTH_MAX = 200;
const ZONE_LENGTH_MAX = 100;
/** Five fields, or six with seconds before them, or seven with years behind them; or a nickname, such as @daily. */
const shape = /^(@[a-z]+|\S+( +\S+){4,6})$/i;

/** Enumerates the slots of one pattern, in ms since 1970. Each is a whole second. */
export interface Pattern {
  /** Returns the first slot after that instant; null if there is none. */
  next(after: number): number | null;
  /** Returns the last slot before that instant; null if there is none. */
  previous(before: number): number | null;
}

/**
 * Reads a pattern in an IANA time zone. `now`: it must have a slot after that.
 *
 * @throws InvalidOptionError
 */
export function readPattern(pattern: unknown, timeZone: unknown, now: number): Pattern {
  if (typeof timeZone !== 'string' || !isZone(timeZone)) {
    const text = `timeZone must be the name of an IANA time zone, such as 'Europe/Berlin', not ${showValue(timeZone)}`;
    throw new InvalidOptionError(text);
  }
  if (typeof pattern !== 'string' || pattern.length > PATTERN_LENGTH_MAX || !shape.test(pattern)) {
    const fields = "five fields (minute, hour, day, month, weekday) with spaces between, such as '0 2 * * *'";
    const others = 'six with the second first, seven with the year last, or a nickname such as @daily';
    throw new InvalidOptionError(`the pattern must be ${fields}, or ${others}, not ${showValue(pattern)}`);
  }
  const made = patternOf(pattern, timeZone);
  if (made.next(now) === null) throw new InvalidOptionError(`the pattern '${pattern}' never comes again`);
  return made;
}

function patternOf(pattern: string, timezone: string): Pattern {
  const cron = read(pattern, timezone);
  return {
    next: (after) => cron.nextRun(new Date(after))?.getTime() ?? null,
    // Of an instant within a second the library leaves out the slot at its beginning, which lies before it.
    previous: (before) => cron.previousRuns(1, new Date(Math.ceil(before / 1000) * 1000))[0]?.getTime() ?? null,
  };
}

function read(pattern: string, timezone: string): Cron {
  try {
    return new Cron(pattern, { timezone, paused: true });
  } catch (cause) {
    const why = cause instanceof Error ? reasonIn(cause) : 'it could not be read';
    throw new InvalidOptionError(`the pattern ${showValue(pattern)} is no cron pattern: ${why}`, { cause });
  }
}

/** Returns what the library says. Days and months count from 0 there, and from 1 in the pattern. */
function reasonIn({ message }: Error): string {
  const shown = (_: string, before: string, value: string): string => `${before}${Number(value) + 1}`;
  return message.replace(/^CronPattern: /, '').replace(/^(Invalid value for (?:day|month): )(-?\d+)$/, shown);
}

/** Returns whether this Node.js knows the zone. Offsets such as +02:00 are no zones: they know of no summer. */
function isZone(text: string): boolean {
  if (text.length > ZONE_LENGTH_MAX || !/^[A-Za-z]/.test(text)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
