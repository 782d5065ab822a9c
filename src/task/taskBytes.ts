/**
 * The bytes of one task. Of tasks that are submitted in memory they are end to end in blocks that many tasks share:
 * an array for each would be several times as large as a small task, and most of what the collector has to do.
 */

/** A part of a block. */
export interface Slice {
  readonly block: Uint8Array;
  readonly offset: number;
  readonly length: number;
}

/** An array of its own, or a part of one. */
export type TaskBytes = Uint8Array | Slice;

export function viewOf(bytes: TaskBytes): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  return bytes.block.subarray(bytes.offset, bytes.offset + bytes.length);
}
