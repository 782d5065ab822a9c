/**
 * Several tasks on their way to the task thread: end to end in one block, each with its length, so that one message and
 * one piece of memory cross, and nobody on the way decodes them.
 */
import type { QueuedTask } from '../queue/runner.js';
import type { TaskId } from '../task.js';

/** Most bytes of one run; a single larger task runs alone. */
const MOST_BYTES = 1024 * 1024;
/** From so many bytes on, a task in shared memory crosses faster as it is than as a copy. */
const SHARED = 16 * 1024;

export interface Chunk {
  readonly block: Uint8Array;
  readonly ids: readonly TaskId[];
  readonly lengths: readonly number[];
  /** Which try of each task this is; null when it is the first of all. */
  readonly attempts: readonly number[] | null;
}

/** As many of the tasks as one run can carry; at least the first. */
export function packChunk(tasks: readonly QueuedTask[]): { chunk: Chunk; transfer: ArrayBuffer[] } {
  const taken = fitting(tasks);
  const ids = taken.map(({ id }) => id);
  const lengths = taken.map(({ bytes }) => bytes.byteLength);
  const attempts = taken.some(({ failed }) => failed > 0) ? taken.map(({ failed }) => failed + 1) : null;
  const [first] = taken;
  if (first !== undefined && taken.length === 1 && first.bytes.byteLength > SHARED && isShared(first.bytes)) {
    return { chunk: { block: first.bytes, ids, lengths, attempts }, transfer: [] };
  }
  const buffer = new ArrayBuffer(lengths.reduce((total, length) => total + length, 0));
  const block = new Uint8Array(buffer);
  let offset = 0;
  for (const { bytes } of taken) {
    block.set(bytes, offset);
    offset += bytes.byteLength;
  }
  return { chunk: { block, ids, lengths, attempts }, transfer: [buffer] };
}

/** The block as the thread may read it: a task must not change while it is read, and text decoders refuse shared bytes. */
export function ownBlock({ block }: Chunk): Uint8Array {
  return isShared(block) ? block.slice() : block;
}

function fitting(tasks: readonly QueuedTask[]): readonly QueuedTask[] {
  let bytes = 0;
  const end = tasks.findIndex((task, index) => {
    bytes += task.bytes.byteLength;
    return index > 0 && bytes > MOST_BYTES;
  });
  return end === -1 ? tasks : tasks.slice(0, end);
}

function isShared(bytes: Uint8Array): boolean {
  return bytes.buffer instanceof SharedArrayBuffer;
}
