/**
 * The keys of the embedded store, as bytes, so that they sort as their parts do: the kind, then for records the name
 * with its length before it (no name is the beginning of another), then the term.
 */

/** From `start`, up to and without `end`. */
export interface KeyRange {
  readonly start: Buffer;
  readonly end: Buffer;
}

export function leaseKey(name: string): Buffer {
  return Buffer.from(`l${name}`);
}

export function memberKey(id: string): Buffer {
  return Buffer.from(`m${id}`);
}

export const memberRange: KeyRange = { start: Buffer.from('m'), end: Buffer.from('n') };

export function termKey(name: string, term: number): Buffer {
  const bytes = Buffer.from(name);
  const key = Buffer.alloc(1 + 4 + bytes.length + 8, 't');
  key.writeUInt32BE(bytes.length, 1);
  bytes.copy(key, 5);
  key.writeBigUInt64BE(BigInt(term), 5 + bytes.length);
  return key;
}

/** The records of a subsystem, those below the term `below` if it is given. */
export function termRange(name: string, below: number = Number.MAX_SAFE_INTEGER): KeyRange {
  return { start: termKey(name, 0), end: termKey(name, below) };
}
