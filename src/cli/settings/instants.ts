/** Times as people write them: as ISO 8601 has them, with their zone, or how long from now on. */
import { UsageError } from '../exit.js';
import { parseDuration } from './durations.js';

/** `Date.parse` takes far more than these, such as "10" and "tomorrow 5", and makes a time of 2001 of them. */
const isoTime =
  /^(\d{4})-(\d\d)-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const LATER_MAX_MS = 100 * 366 * 86_400_000;

/**
 * Returns the time in ms since 1970.
 *
 * @throws UsageError that names the option
 */
export function parseInstant(text: string, option: string): number {
  const at = instantIn(text);
  if (at !== null) return at;
  throw new UsageError(`${option} takes ${shape}, not ${JSON.stringify(text)}`);
}

/**
 * Returns a time that is not before now, in ms since 1970. It takes `in 10m`, too.
 *
 * @throws UsageError that names the option
 */
export function parseLater(text: string, option: string, now: number): number {
  const [, wait] = /^in\s+(.+)$/.exec(text) ?? [];
  if (wait !== undefined) return now + parseDuration(wait, `${option} in`, { min: 1, max: LATER_MAX_MS });
  const at = instantIn(text);
  if (at === null) throw new UsageError(`${option} takes ${shape}, or "in 10m", not ${JSON.stringify(text)}`);
  if (at >= now) return at;
  throw new UsageError(`${option} takes a time to come, and ${text} was before ${new Date(now).toISOString()}`);
}

const shape = 'a time with its zone, such as 2026-05-01T00:00Z or 2026-05-01T02:00+02:00';

function instantIn(text: string): number | null {
  const [, year, month, day] = isoTime.exec(text) ?? [];
  if (year === undefined) return null;
  // 30 February would be a day in March.
  const date = new Date(`${year}-${month}-${day}T00:00Z`);
  if (Number.isNaN(date.getTime()) || date.getUTCDate() !== Number(day)) return null;
  return Date.parse(text);
}
