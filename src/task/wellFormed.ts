/**
 * Whether bytes that another program wrote are a task: a BSON document that can be decoded. It only walks over them, because it runs
 * where heartbeats are sent. A task that cannot be decoded would fail for ever, and hold its queue up.
 */

/** How deep documents may lie in each other: as in tasks of ours. */
const DEPTH_MAX = 100;
/** The kinds of values that have a length of their own, in bytes. */
const fixed: Readonly<Record<number, number>> = {
  ...{ 1: 8, 6: 0, 7: 12, 9: 8, 10: 0, 16: 4, 17: 8, 18: 8, 19: 16 },
  ...{ 127: 0, 255: 0 },
};
const BOOLEAN = 0x08;
const DOCUMENT = 0x03;
const ARRAY = 0x04;
const TEXTS = [0x02, 0x0d, 0x0e];
const BINARY = 0x05;
const REGEXP = 0x0b;

/** Returns what is wrong with the bytes, as the end of a sentence; null if they are a task. */
export function problemOf(bytes: Uint8Array): string | null {
  try {
    const walk = new Walk(bytes);
    if (walk.document(0, 0) !== bytes.length) return 'its payload has bytes behind the document';
    return null;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return `its payload is no BSON document that a task can be: ${error.message}`;
  }
}

class Walk {
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Returns where it ends. */
  document(start: number, depth: number): number {
    if (depth > DEPTH_MAX) throw new RangeError(`documents lie more than ${DEPTH_MAX} deep in each other`);
    const end = start + this.length(start, 5);
    let at = start + 4;
    while (at < end - 1) {
      const kind = this.bytes[at] ?? 0;
      at = this.value(kind, this.text(at + 1, end), end, depth);
    }
    if (at !== end - 1 || this.bytes[at] !== 0) throw new RangeError(`a document does not end at byte ${end}`);
    return end;
  }

  /** Returns where it ends. */
  private value(kind: number, at: number, end: number, depth: number): number {
    const size = fixed[kind];
    if (size !== undefined) return this.within(at + size, end);
    if (kind === DOCUMENT || kind === ARRAY) return this.within(this.document(at, depth + 1), end);
    if (TEXTS.includes(kind)) return this.within(at + 4 + this.length(at, 1), end, true);
    if (kind === BINARY) return this.within(at + 5 + this.length(at, 0), end);
    if (kind === REGEXP) return this.text(this.text(at, end), end);
    if (kind === BOOLEAN && (this.bytes[at] === 0 || this.bytes[at] === 1)) return at + 1;
    throw new RangeError(`there is no value of the kind ${kind} at byte ${at}`);
  }

  private within(at: number, end: number, isText = false): number {
    if (at > end - 1) throw new RangeError(`a value goes beyond its document at byte ${at}`);
    if (isText && this.bytes[at - 1] !== 0) throw new RangeError(`a text does not end at byte ${at}`);
    return at;
  }

  /** Returns what follows on the zero that ends a name. */
  private text(from: number, end: number): number {
    const zero = this.bytes.indexOf(0, from);
    if (zero < 0 || zero >= end - 1) throw new RangeError(`a name does not end after byte ${from}`);
    return zero + 1;
  }

  private length(at: number, least: number): number {
    if (at + 4 > this.bytes.length) throw new RangeError(`there is no length at byte ${at}`);
    const length = this.view.getInt32(at, true);
    if (length < least || at + length > this.bytes.length) throw new RangeError(`a length is ${length} at byte ${at}`);
    return length;
  }
}
