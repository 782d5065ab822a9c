/** Reads the values of options that single commands have. */
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

export function readText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
