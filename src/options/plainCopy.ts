/**
 * A deep copy of options that are handed into another thread. What structured cloning would refuse, or would change
 * beyond use (functions, instances of classes), is refused here, where the path can still be named.
 */
import { types } from 'node:util';
import { showKind } from '../diagnostics/showValue.js';
import { InvalidOptionError } from '../errors.js';
import { isPlainPrototype } from '../values/realms.js';
import { join } from './checks.js';

const OPTION_DEPTH_MAX = 32;

/** @throws InvalidOptionError */
export function plainCopy(value: unknown, path: string, depth = 0): unknown {
  if (depth > OPTION_DEPTH_MAX) throw new InvalidOptionError(`${path} is nested too deeply, or contains itself`);
  if (typeof value === 'function' || typeof value === 'symbol') throw uncloneable(path, showKind(value));
  if (typeof value !== 'object' || value === null) return value;
  if (types.isDate(value)) return new Date(value.getTime());
  // Into memory of its own: a small Buffer is a view of a pool, which would cross as a whole.
  if (types.isUint8Array(value)) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map((item, index) => plainCopy(item, `${path}[${index}]`, depth + 1));
  if (!isPlainPrototype(Object.getPrototypeOf(value))) throw uncloneable(path, 'an instance of a class');
  return plainCopyOfObject(value, path, depth);
}

/** Copies as `plainCopy` does, for the fields of an object whose prototype does not matter. */
export function plainCopyOfObject(value: object, path: string, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(value).map((name) => [name, plainCopy(read(value, name, path), join(path, name), depth + 1)]),
  );
}

function read(value: object, name: string, path: string): unknown {
  try {
    return Reflect.get(value, name);
  } catch (cause) {
    throw new InvalidOptionError(`${join(path, name)} could not be read`, { cause });
  }
}

function uncloneable(path: string, kind: string): InvalidOptionError {
  return new InvalidOptionError(
    `${path} is ${kind}, which cannot be handed into the thread that talks to the server; only plain values can`,
  );
}
