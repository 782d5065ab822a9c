/** What `mongo-failover demo` takes, checked. */
import { UsageError } from '../exit.js';

export interface DemoOptions {
  /** Whose files are worked off; undefined: the installed dependencies. */
  readonly folder: string | undefined;
  /** Connection string of the server to use in the place of the embedded store. */
  readonly mongodb: string | undefined;
  readonly members: number;
  /** About how long the demo takes. */
  readonly seconds: number;
  /** Print one JSON document at the end. */
  readonly json: boolean;
  /** Leave the temporary folder behind. */
  readonly keep: boolean;
}

export const defaults = { members: 3, seconds: 35 } as const;
const limits = { members: { min: 2, max: 16 }, seconds: { min: 15, max: 3600 } } as const;

/**
 * Returns the options of what the parser hands out: the values are texts.
 *
 * @throws UsageError
 */
export function readDemoOptions(folder: string | undefined, given: Readonly<Record<string, unknown>>): DemoOptions {
  return {
    folder: folder === '' ? undefined : folder,
    mongodb: readText(given.mongodb, '--mongodb'),
    members: readCount(given.members, '--members', limits.members, defaults.members),
    seconds: readCount(given.seconds, '--seconds', limits.seconds, defaults.seconds),
    json: readFlag(given.json, '--json'),
    keep: readFlag(given.keep, '--keep'),
  };
}

function readText(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw new UsageError(`${name} takes one connection string`);
}

function readCount(value: unknown, name: string, range: { min: number; max: number }, fallback: number): number {
  if (value === undefined) return fallback;
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (count >= range.min && count <= range.max) return count;
  throw new UsageError(`${name} takes one whole number from ${range.min} to ${range.max}`);
}

function readFlag(value: unknown, name: string): boolean {
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  throw new UsageError(`${name} takes no value`);
}
