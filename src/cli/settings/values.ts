/** Reads the values of options that single commands have. */
import { REASON_LENGTH_MAX } from '../../options/orders.js';
import { UsageError } from '../exit.js';

/** @throws UsageError that says what is right */
export function readCount(
  value: unknown,
  option: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER, fallback }: { min?: number; max?: number; fallback: number },
): number {
  if (value === undefined) return fallback;
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (count >= min && count <= max) return count;
  const range = max === Number.MAX_SAFE_INTEGER ? `, ${min} or more` : ` from ${min} to ${max}`;
  throw new UsageError(`${option} takes a whole number${range}, not ${JSON.stringify(value)}`);
}

/** As `readText`, for a text that chooses something: a variable of a shell that is not set must not choose all. */
export function readFilled(value: unknown, option: string): string | undefined {
  const text = readText(value);
  if (text === '') throw new UsageError(`${option} takes a text, and it is empty`);
  return text;
}

/** @throws UsageError */
export function readReason({ reason }: Readonly<Record<string, unknown>>): string | undefined {
  const text = readFilled(reason, '--reason');
  if (text === undefined || text.length <= REASON_LENGTH_MAX) return text;
  throw new UsageError(`--reason takes up to ${REASON_LENGTH_MAX} characters, and these are ${text.length}`);
}

export function readText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
