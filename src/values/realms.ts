/**
 * What a value is, whichever realm made it. Jest runs a program in a realm of its own, and what Node.js itself makes
 * there, such as an error of `node:fs`, is of another one; `instanceof` knows one realm alone.
 */
import { types } from 'node:util';

export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value) || tagOf(value) === 'DOMException';
}

/** jsdom has a URL of its own. */
export function isUrl(value: unknown): value is URL {
  return value instanceof URL || (typeof value === 'object' && value !== null && tagOf(value) === 'URL');
}

/** Returns the time of a Date, in ms since 1970, and any other value as it is. No property of it is read. */
export function timeOf(value: unknown): unknown {
  return types.isDate(value) ? Date.prototype.getTime.call(value) : value;
}

/** Returns whether `prototype` is that of a plain object. */
export function isPlainPrototype(prototype: object | null): boolean {
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

/** Returns the first of these names that is a built-in class of another realm from which `value` inherits. */
export function foreignClassOf(value: object, names: readonly string[]): string | undefined {
  let prototype: unknown = Object.getPrototypeOf(value);
  while (typeof prototype === 'object' && prototype !== null) {
    const made: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    const name = typeof made === 'function' && isNative(made) ? made.name : undefined;
    if (name !== undefined && names.includes(name)) return name;
    prototype = Object.getPrototypeOf(prototype);
  }
  return undefined;
}

function isNative(made: object): boolean {
  return Function.prototype.toString.call(made).endsWith('{ [native code] }');
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
