/**
 * Keeps credentials out of everything that people read: messages of errors, `info` events and the command log.
 *
 * Where it cannot be told where a password ends, too much is hidden rather than too little: a malformed connect string
 * is the very one that ends up in an error message.
 */

const HIDDEN = '<redacted>';

/** Up to the last `@` of the line, or of what comes before the next URI: a password may hold `@`, `/`, blanks and quotes. */
const userInfo = /(?<=mongodb(?:\+srv)?:\/\/)(?:(?!mongodb(?:\+srv)?:\/\/)[^\r\n])*(?=@)/gi;
const parameter = /(?<=\b(?:tlsCertificateKeyFilePassword|proxyUsername|proxyPassword|password)=)[^&#\s"'`]+/gi;
const sessionToken = /(?<=AWS_SESSION_TOKEN(?::|%3A))(?:(?!%2C)[^,&#\s"'`])+/gi;

const secretName = /pass(?:word|phrase)?$|^pwd$|secret|token|^(?:private)?key$/i;
const maxDepth = 32;
/** In characters: of a key of some thousand, one pattern would be more than the engine compiles. */
const PATTERN_LENGTH_MAX = 500;

/**
 * Returns the text without user information in any `mongodb://` or `mongodb+srv://` URI, without passwords and tokens in its
 * parameters, and without any of the secrets, be they written raw, percent-encoded or escaped as in JSON.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  const patterns = [userInfo, parameter, sessionToken];
  // The longest first: one secret may be the beginning of another, whose rest would be left to read.
  const known = secrets.filter((secret) => secret !== '').sort((a, b) => b.length - a.length);
  const short = known.filter((secret) => secret.length <= PATTERN_LENGTH_MAX);
  if (short.length > 0) patterns.push(new RegExp(short.map(anyWriting).join('|'), 'g'));
  const long = known.filter((secret) => secret.length > PATTERN_LENGTH_MAX).flatMap((secret) => placesOf(secret, text));
  return hide(text, patterns, long);
}

interface Span {
  readonly from: number;
  readonly length: number;
}

/** Finds a secret that is too long for one pattern: its pieces, one right after the other. */
function placesOf(secret: string, text: string): Span[] {
  const chars = Array.from(secret);
  const pieces = Array.from({ length: Math.ceil(chars.length / PATTERN_LENGTH_MAX) }, (_, index) => {
    const piece = chars.slice(index * PATTERN_LENGTH_MAX, (index + 1) * PATTERN_LENGTH_MAX).join('');
    return new RegExp(anyWriting(piece), index === 0 ? 'g' : 'y');
  });
  const [first, ...others] = pieces;
  const places: Span[] = [];
  for (let match = first?.exec(text); first !== undefined && match; match = first.exec(text)) {
    let end: number | undefined = match.index + match[0].length;
    for (const piece of others) {
      piece.lastIndex = end;
      if (!piece.test(text)) {
        end = undefined;
        break;
      }
      end = piece.lastIndex;
    }
    if (end !== undefined) places.push({ from: match.index, length: end - match.index });
    first.lastIndex = end ?? match.index + 1;
  }
  return places;
}

/**
 * Hides whatever any of the patterns finds in the text as it was given. One after another, each would search what the
 * one before has left: a secret `go` would take the scheme away by which a URI and its password are found.
 */
function hide(text: string, patterns: readonly RegExp[], more: readonly Span[]): string {
  const found = patterns
    .flatMap((pattern) =>
      Array.from(text.matchAll(pattern), (match) => ({ from: match.index, length: match[0].length })),
    )
    .concat(more)
    .sort((a, b) => a.from - b.from);
  let shown = '';
  let end = 0;
  for (const { from, length } of found) {
    // What overlaps, or touches, what is hidden already is hidden with it.
    if (from > end || shown === '') shown += text.slice(end, from) + HIDDEN;
    end = Math.max(end, from + length);
  }
  return shown + text.slice(end);
}

/** Makes a pattern for the secret in which each character may be written in any of its ways. */
function anyWriting(secret: string): string {
  return Array.from(secret, (char) => {
    const json = JSON.stringify(char).slice(1, -1);
    const percent = [...Buffer.from(char)].map((byte) => `%${hexDigit(byte >> 4)}${hexDigit(byte & 15)}`).join('');
    const writings = new Set([escaped(char), escaped(json), percent]);
    if (char === ' ') writings.add('\\+');
    return `(?:${[...writings].join('|')})`;
  }).join('');
}

function hexDigit(value: number): string {
  const digit = value.toString(16);
  return value < 10 ? digit : `[${digit}${digit.toUpperCase()}]`;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** What must not be shown of a connect string, be it well formed or not, and of connect options: the `secrets` of `redact`. */
export function secretsOf(connectString: string, connectOptions?: unknown): string[] {
  const found = new Set<string>();
  const add = (secret: string) => {
    found.add(secret);
    found.add(decoded(secret));
  };
  for (const password of passwordsOf(connectString)) add(password);
  for (const [, name, value] of connectString.matchAll(/[?&]([^=&#]+)=([^&#]*)/g)) {
    if (name !== undefined && value !== undefined && secretName.test(name)) add(value);
  }
  for (const [, token] of connectString.matchAll(/AWS_SESSION_TOKEN(?::|%3A)((?:(?!%2C)[^,&#])+)/gi)) {
    if (token !== undefined) add(token);
  }
  collect(connectOptions, false, 0, found);
  found.delete('');
  return [...found];
}

/** Of a string without a scheme, too. Two readings: the user information may end at the last `@` before the path, or, when the path is part of a raw password, at the last of all. */
function passwordsOf(connectString: string): string[] {
  const rest = /:\/\/([\s\S]*)$/.exec(connectString)?.[1] ?? connectString;
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? '';
  return [authority, rest].flatMap((part) => {
    const info = part.slice(0, Math.max(0, part.lastIndexOf('@')));
    const colon = info.indexOf(':');
    return colon < 0 ? [] : [info.slice(colon + 1)];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function collect(value: unknown, secret: boolean, depth: number, found: Set<string>): void {
  if (typeof value === 'string') {
    if (secret) found.add(value);
    return;
  }
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || depth > maxDepth) return;
  for (const name of Object.keys(value)) {
    collect(Reflect.get(value, name), (secret && Array.isArray(value)) || secretName.test(name), depth + 1, found);
  }
}

const secretFields = new Set([
  ...['pwd', 'password', 'passphrase', 'payload', 'nonce', 'speculativeAuthenticate', 'kmsProviders'],
  ...['tlsCertificateKeyFilePassword', 'proxyPassword', 'AWS_SESSION_TOKEN'],
]);
const secretCommands = [
  ...['saslStart', 'saslContinue', 'authenticate', 'getnonce', 'createUser', 'updateUser'],
  ...['copydb', 'copydbgetnonce', 'copydbsaslstart'],
];
const plainFields = new Set([...secretCommands, 'mechanism', '$db', 'ok']);

/**
 * A copy of a command or of its answer that may be logged: fields that carry credentials, and all arguments of the
 * commands that authenticate or make users, become `'<redacted>'`; every text goes through `redact`.
 */
export function redactDeep(value: unknown, secrets: readonly string[] = []): unknown {
  return copy(value, secrets, 0);
}

function copy(value: unknown, secrets: readonly string[], depth: number): unknown {
  if (typeof value === 'string') return redact(value, secrets);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return redact(String(value), secrets);
  if (depth > maxDepth) return '…';
  if (Array.isArray(value)) return value.map((item) => copy(item, secrets, depth + 1));
  if (value instanceof Map) return copy(Object.fromEntries(value), secrets, depth);
  const prototype: unknown = Object.getPrototypeOf(value);
  // Dates, buffers and BSON's own types carry no names of fields.
  if (prototype !== Object.prototype && prototype !== null) return value;
  const secretCommand = secretCommands.some((name) => Object.hasOwn(value, name));
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => {
      const hidden = secretFields.has(name) || (secretCommand && !plainFields.has(name));
      return [name, hidden ? HIDDEN : copy(field, secrets, depth + 1)];
    }),
  );
}
