/**
 * Encodes a task that is flat and small without a copy or an encoder of its own: a plain object of short ASCII strings,
 * numbers, booleans and nulls, as most tiny tasks are. The bytes are those that `bson` writes.
 *
 * Each property is read once. When one of them is something else, the longer way goes on with what was read.
 */

/** What of a task was read already. */
export interface ReadFields {
  readonly task: object;
  readonly names: readonly string[];
  /** Of the first names. */
  readonly values: readonly unknown[];
  /** What reading the next one threw. */
  readonly thrown: { readonly cause: unknown } | undefined;
}

/** More than tiny tasks have: the longer way is as good for others. */
const FIELDS_MAX = 32;
const TEXT_LENGTH_MAX = 256;
/** Of the document itself: its length and its end. */
const FRAME_BYTES = 5;
/** Names that BSON gives a meaning. */
const special: ReadonlySet<string> = new Set(['_bsontype', '$ref']);

const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);
const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The task at hand. One for all, because new arrays for each would cost more than the bytes. */
let names: readonly string[] = [];
const values: unknown[] = [];
/** A getter of the user may submit another task while this one is read. */
let isReading = false;

/**
 * Reads a flat task. Returns how many bytes it has, for `writeFlat`, which must follow at once; or what was read of a task
 * that is not flat, or has more bytes than `limit`; undefined if nothing was read.
 */
export function readFlat(task: unknown, limit: number): number | ReadFields | undefined {
  if (isReading || !isLittleEndian || typeof task !== 'object' || task === null) return undefined;
  isReading = true;
  try {
    return read(task, limit);
  } finally {
    isReading = false;
  }
}

function read(task: object, limit: number): number | ReadFields | undefined {
  try {
    if (Object.getPrototypeOf(task) !== Object.prototype) return undefined;
    names = Object.keys(task);
  } catch {
    // The longer way meets the same, and says what.
    return undefined;
  }
  if (names.length > FIELDS_MAX) return undefined;
  values.length = 0;
  let bytes = FRAME_BYTES;
  for (const name of names) {
    if (special.has(name) || !isShortAscii(name, 1)) return given(task);
    try {
      values.push((task as Record<string, unknown>)[name]);
    } catch (cause) {
      return given(task, { cause });
    }
    const size = bytesOf(values[values.length - 1]);
    if (size < 0) return given(task);
    bytes += size === 0 ? 0 : size + name.length + 1;
  }
  return bytes <= limit ? bytes : given(task);
}

function given(task: object, thrown?: ReadFields['thrown']): ReadFields {
  // What is no flat value may be large, and is not kept here.
  return { task, names, values: values.splice(0), thrown };
}

/** Returns the bytes of the value and its type; 0 if it is left out, -1 if it is not flat. */
function bytesOf(value: unknown): number {
  switch (typeof value) {
    case 'number':
      return isInt32(value) ? 5 : 9;
    case 'string':
      return isShortAscii(value, 0) ? value.length + 6 : -1;
    case 'boolean':
      return 2;
    case 'undefined':
      return 0;
    default:
      return value === null ? 1 : -1;
  }
}

function isShortAscii(text: string, least: number): boolean {
  if (text.length > TEXT_LENGTH_MAX) return false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < least || code > 127) return false;
  }
  return true;
}

/** Writes the task that was read. Returns how many bytes it has. */
export function writeFlat(block: Uint8Array, offset: number): number {
  let at = offset + 4;
  for (let index = 0; index < names.length; index += 1) {
    const value = values[index];
    if (value !== undefined) at = writeField(block, at, names[index] ?? '', value);
  }
  block[at] = 0;
  const length = at + 1 - offset;
  writeInt32(block, offset, length);
  return length;
}

function writeField(block: Uint8Array, at: number, name: string, value: unknown): number {
  const after = writeText(block, at + 1, name);
  switch (typeof value) {
    case 'number':
      block[at] = isInt32(value) ? 0x10 : 0x01;
      return isInt32(value) ? writeInt32(block, after, value) : writeDouble(block, after, value);
    case 'string':
      block[at] = 0x02;
      return writeText(block, writeInt32(block, after, value.length + 1), value);
    case 'boolean':
      block[at] = 0x08;
      block[after] = value ? 1 : 0;
      return after + 1;
    default:
      block[at] = 0x0a;
      return after;
  }
}

/** With the NUL behind it. */
function writeText(block: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) block[at + index] = text.charCodeAt(index);
  block[at + text.length] = 0;
  return at + text.length + 1;
}

function writeInt32(block: Uint8Array, at: number, value: number): number {
  block[at] = value;
  block[at + 1] = value >> 8;
  block[at + 2] = value >> 16;
  block[at + 3] = value >> 24;
  return at + 4;
}

function writeDouble(block: Uint8Array, at: number, value: number): number {
  double[0] = value;
  for (let index = 0; index < 8; index += 1) block[at + index] = doubleBytes[index] ?? 0;
  return at + 8;
}

/** -0 is a double. */
function isInt32(value: number): boolean {
  return (value | 0) === value && (value !== 0 || 1 / value > 0);
}
