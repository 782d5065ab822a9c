/**
 * The checks that all options share. Each throws an `InvalidOptionError` that names the option by its path
 * (`intervals.MASTER`) and shows what was given, or hands the value back with its type.
 */

import { isArray, shorten, showKind, showValue } from '../diagnostics/showValue.js';
import { FailoverError, InvalidOptionError } from '../errors.js';

/** The longest time that a timer of Node.js can wait, in ms. */
export const TIMER_MAX_MS = 2 ** 31 - 1;

interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** Default false. */
  readonly integer?: boolean;
  /** What an option that was left out is. */
  readonly fallback?: number;
}

/**
 * Returns the named fields of an object of options. Names that are not known are refused, with the nearest known one. A field
 * that is `undefined` counts as left out; inherited ones count, so `Object.create(defaults)` works.
 */
export function readFields<Name extends string>(
  value: unknown,
  path: string,
  names: readonly Name[],
): Partial<Record<Name, unknown>> {
  if (!isObject(value)) {
    throw new InvalidOptionError(`${path === '' ? 'The options' : path} must be an object, not ${showKind(value)}`);
  }
  return reading(path === '' ? 'The options' : path, () => {
    const unknown = Object.keys(value).find((name) => !names.some((known) => known === name));
    if (unknown !== undefined) throw unknownName(join(path, unknown), nearest(unknown, names));
    const fields: Partial<Record<Name, unknown>> = {};
    for (const name of names) {
      const field: unknown = Reflect.get(value, name);
      if (field !== undefined) fields[name] = field;
    }
    return fields;
  });
}

/** Turns what a getter or a proxy of the user throws into an error of ours, which names `what` was read. */
export function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof FailoverError) throw cause;
    throw new InvalidOptionError(`${what} could not be read`, { cause });
  }
}

function unknownName(path: string, suggestion: string | undefined): InvalidOptionError {
  // Its value stays out: under an unknown name it may be anything, a password too.
  const hint = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
  return new InvalidOptionError(`${path} is not a known option${hint}`);
}

/** Joins a path and a name for a message. The name may have any length. */
export function join(path: string, name: string): string {
  return path === '' ? shorten(name) : `${path}.${shorten(name)}`;
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isArray(value);
}

export function checkNumber(value: unknown, path: string, range: NumberRange): number {
  const { min, max, integer = false, fallback } = range;
  if (value === undefined && fallback !== undefined) return fallback;
  const fits = typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value));
  if (fits) return value;
  const kind = integer ? 'an integer' : 'a number';
  throw new InvalidOptionError(`${path} must be ${kind} from ${min} to ${max}, not ${showValue(value)}`);
}

export function checkBoolean(value: unknown, path: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new InvalidOptionError(`${path} must be true or false, not ${showValue(value)}`);
}

/** Returns a function; null if it was left out. */
// biome-ignore lint/suspicious/noExplicitAny: what the user gives is called as it is
export function checkFunction(value: unknown, path: string): ((...args: any[]) => unknown) | null {
  if (value === undefined) return null;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  if (typeof value === 'function') return value as (...args: any[]) => unknown;
  throw new InvalidOptionError(`${path} must be a function, not ${showValue(value)}`);
}

/** Returns one of the named choices; the first if it was left out. */
export function checkChoice<Choice extends string>(
  value: unknown,
  path: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  if (value === undefined) return choices[0];
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const list = choices.map((choice) => `'${choice}'`).join(' or ');
  throw new InvalidOptionError(`${path} must be ${list}, not ${showValue(value)}`);
}

/** Returns the known name that the user most likely meant; undefined when none is near. */
function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > 40) return undefined;
  const written = name.toLowerCase();
  const limit = Math.max(1, Math.floor(written.length / 3));
  const [best] = known
    .map((candidate) => ({ candidate, distance: editDistance(written, candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= limit ? best.candidate : undefined;
}

/** Returns Levenshtein's distance: how many characters must be put in, left out or replaced. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, charA] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, charB] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (charA === charB ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
