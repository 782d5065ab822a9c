/**
 * A value as it may appear in the message of an error: short, on one line, without credentials. It never runs a getter,
 * a `toString` or a proxy's trap for the contents: the value is the user's, and it may be the very thing that is broken.
 */
import { redact } from './redact.js';

const SHOWN_LENGTH_MAX = 60;
/** Of what others say, in characters: it may quote a name or a key of any length. */
const QUOTE_LENGTH_MAX = 1000;

export function showValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(shorten(redact(value)));
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${shorten(String(value))}n`;
    case 'object':
      return value === null ? 'null' : isArray(value) ? 'an array' : 'an object';
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    default:
      return String(value);
  }
}

/** Says only what kind of value it is, for one that may be a secret. */
export function showKind(value: unknown): string {
  return typeof value === 'string' ? 'a string' : showValue(value);
}

/** Returns what a driver, a server or a URL says, for a message: whole, unless it is no text for people. */
export function quote(text: string): string {
  return shorten(text, QUOTE_LENGTH_MAX);
}

/** Cuts between characters, never inside one. */
export function shorten(text: string, most = SHOWN_LENGTH_MAX): string {
  if (text.length <= most) return text;
  const kept = text.slice(0, most - 1);
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

/** `Array.isArray` throws for a proxy that was revoked. */
export function isArray(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}
