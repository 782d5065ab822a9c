/**
 * Several tasks on their way to the task thread: end to end in one block, with their lengths beside it, so one
 * message and one piece of memory cross, and they are not decoded on the way.
 */
import type { QueuedTask } from '../queue/runner.js';
import type { TaskDetails, TaskId } from '../task/task.js';
import { type TaskBytes, viewOf } from '../task/taskBytes.js';

/** Most bytes of one run; a single task may have more. */
const CHUNK_BYTES_MAX = 1024 * 1024;
/** Up to so many bytes a copy crosses faster than memory changes its owner, or the name of a shared block crosses. */
const COPIED_BYTES_MAX = 16 * 1024;

export interface Chunk {
  readonly block: Uint8Array;
  readonly ids: readonly TaskId[];
  readonly lengths: readonly number[];
  /** Which try of each task this is; null when it is the first of all of them. */
  readonly attempts: readonly number[] | null;
  /** The last checkpoint of its tasks, by their index, if any has one. */
  readonly checkpoints?: ReadonlyMap<number, Uint8Array>;
  /** What the context of each tells beside it; missing if none of them has such. */
  readonly details?: readonly (TaskDetails | undefined)[];
}

export interface Packed {
  readonly chunk: Chunk;
  /** What leaves this thread with the chunk. */
  readonly transfer: ArrayBuffer[];
}

/** Packs as many of the tasks, from the first on, as one run can carry; at least that one. */
export function packChunk(tasks: readonly QueuedTask[]): Packed {
  const ids: TaskId[] = [];
  const lengths: number[] = [];
  let attempts: number[] | null = null;
  let checkpoints: Map<number, Uint8Array> | undefined;
  let total = 0;
  let isDetailed = false;
  for (const { id, bytes, failed, details, checkpoint } of tasks) {
    if (ids.length > 0 && total + bytes.length > CHUNK_BYTES_MAX) break;
    if (failed > 0 && attempts === null) attempts = ids.map(() => 1);
    attempts?.push(failed + 1);
    isDetailed ||= details !== undefined;
    if (checkpoint !== undefined) {
      checkpoints ??= new Map();
      checkpoints.set(ids.length, checkpoint);
    }
    ids.push(id);
    lengths.push(bytes.length);
    total += bytes.length;
  }
  const rest = isDetailed ? { details: tasks.slice(0, ids.length).map(({ details }) => details) } : {};
  const only = ids.length === 1 && total > COPIED_BYTES_MAX ? tasks[0] : undefined;
  const block = only && viewOf(only.bytes);
  const parts = { ids, lengths, attempts, ...rest, ...(checkpoints === undefined ? {} : { checkpoints }) };
  if (block !== undefined && isShared(block)) return { chunk: { block, ...parts }, transfer: [] };
  const buffer = joined(tasks, ids.length, total);
  const chunk = { block: new Uint8Array(buffer), ...parts };
  return { chunk, transfer: total > COPIED_BYTES_MAX ? [buffer] : [] };
}

/**
 * Returns the block as the thread may read it: a task must not change while it is read, and text decoders refuse shared bytes.
 * A `Buffer`, because the decoder makes one of anything else that it is given, for each task.
 */
export function ownBlock({ block }: Chunk): Buffer {
  if (isShared(block)) return Buffer.from(block);
  return Buffer.from(block.buffer, block.byteOffset, block.length);
}

/** Those that are end to end in one block already are copied together: to make a view of each takes longer than to copy it. */
function joined(tasks: readonly QueuedTask[], count: number, total: number): ArrayBuffer {
  const buffer = new ArrayBuffer(total);
  const joint = new Uint8Array(buffer);
  let place = 0;
  let from: TaskBytes | undefined;
  let length = 0;
  const flush = (): void => {
    if (from !== undefined) joint.set(stretch(from, length), place);
    place += length;
  };
  for (let index = 0; index < count; index += 1) {
    const bytes = tasks[index]?.bytes;
    if (bytes === undefined) break;
    if (from === undefined || !follows(bytes, from, length)) {
      flush();
      from = bytes;
      length = 0;
    }
    length += bytes.length;
  }
  flush();
  return buffer;
}

/** Returns whether `bytes` begin `length` bytes after the beginning of `from`. */
function follows(bytes: TaskBytes, from: TaskBytes, length: number): boolean {
  if (bytes instanceof Uint8Array || from instanceof Uint8Array) return false;
  return bytes.block === from.block && bytes.offset === from.offset + length;
}

function stretch(from: TaskBytes, length: number): Uint8Array {
  return viewOf(from instanceof Uint8Array ? from : { ...from, length });
}

function isShared(bytes: Uint8Array): boolean {
  return bytes.buffer instanceof SharedArrayBuffer;
}
