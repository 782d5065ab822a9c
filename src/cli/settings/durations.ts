/** Durations as people write them: `250ms`, `10s`, `5m`, `2h`, `1d`. */
import { UsageError } from '../exit.js';

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof units;

/** The longest that a timer of Node.js can wait, in ms. */
const LONGEST_MS = 2 ** 31 - 1;

function isUnit(text: string): text is Unit {
  return Object.hasOwn(units, text);
}

/**
 * Returns the duration in ms.
 *
 * @throws UsageError that names the option
 */
export function parseDuration(text: string, option: string, range: { min?: number; max?: number } = {}): number {
  const { min = 1, max = LONGEST_MS } = range;
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text.trim()) ?? [];
  if (number === '' || !isUnit(unit)) {
    throw new UsageError(`${option} takes a duration such as 250ms, 10s, 5m or 2h, not ${JSON.stringify(text)}`);
  }
  const ms = Math.round(Number(number) * units[unit]);
  if (ms >= min && ms <= max) return ms;
  throw new UsageError(`${option} takes a duration from ${showDuration(min)} to ${showDuration(max)}, not ${text}`);
}

/** Returns the duration in its largest unit that leaves no long tail: `1.5 s`, `3 min`, `2 h`. */
export function showDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${rounded(ms / 1000)} s`;
  if (ms < 3_600_000) return `${rounded(ms / 60_000)} min`;
  if (ms < 48 * 3_600_000) return `${rounded(ms / 3_600_000)} h`;
  return `${rounded(ms / 86_400_000)} d`;
}

function rounded(value: number): string {
  return String(value < 10 ? Math.round(value * 10) / 10 : Math.round(value));
}
