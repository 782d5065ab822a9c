/**
 * Tasks as bytes: each is encoded once, on the thread that submits it, and decoded once, on the thread that runs it.
 *
 * Comes back as it was: plain objects and arrays of null, booleans, strings, numbers (NaN, infinities and -0 too),
 * bigints of up to 64 bits, Dates, RegExps with the flags g, i and m, Buffers and Uint8Arrays (as Buffers), and BSON's
 * ObjectId, Decimal128, Timestamp, MinKey and MaxKey. Comes back as something near: `undefined` is left out of an
 * object and becomes null in an array, as in JSON; an instance of a class comes back as a plain object of its own
 * enumerable properties; a `Long` as a bigint, an `Int32` or `Double` as a number, a `Binary` as a Buffer; lone
 * surrogates of a string become U+FFFD; values of another version of `bson` become those of this one. All else is refused, by its path.
 */
import assert from 'node:assert/strict';
import { StoreError, TaskError } from '../errors.js';
import { bson } from './bson.js';
import { readFlat, writeFlat } from './flatTask.js';
import { TaskCopy } from './taskCopy.js';

/** The encoder of `bson` writes into a buffer of 17 MiB. */
const ENCODED_BYTES_MAX = 16 * 1024 * 1024;
/** Up to so many bytes it is not worth counting them first. */
const SMALL_BYTES_MAX = 1024;

// The encoder below makes well-formed text only, so looking for the opposite would be wasted.
// One object for all calls, because a new one for each took longer than decoding a small task.
const decoding = {
  promoteBuffers: true,
  useBigInt64: true,
  validation: { utf8: false },
  allowObjectSmallerThanBufferSize: true,
  index: 0,
};

/** Finds a place for at most `most` bytes, calls `write` with it, which returns how many there are, and tells what came of it. */
type Reserve<Written> = (most: number, write: (block: Uint8Array, offset: number) => number) => Written;

/**
 * Writes the bytes of the task, at most `maxTaskBytes` of them (up to 16 MiB), where `place` wants them.
 * @throws TaskError `ERR_TASK_NOT_CLONEABLE` with the path of the value that cannot be carried, such as `$.items[2].run`
 * @throws TaskError `ERR_TASK_TOO_LARGE`
 */
export function encodeTask<Written>(task: unknown, maxTaskBytes: number, reserve: Reserve<Written>): Written {
  assert.ok(maxTaskBytes <= ENCODED_BYTES_MAX, 'the options allow no larger task');
  const flat = readFlat(task, Math.min(maxTaskBytes, SMALL_BYTES_MAX));
  if (typeof flat === 'number') return reserve(flat, writeFlat);
  const copied = new TaskCopy(task, maxTaskBytes, flat);
  try {
    return encodeCopy(copied, maxTaskBytes, reserve);
  } catch (cause) {
    if (cause instanceof TaskError) throw cause;
    // An object that only says that it is one of BSON's own values, or a buffer that says another length.
    throw new TaskError('ERR_TASK_NOT_CLONEABLE', 'the task could not be encoded', { cause });
  }
}

function encodeCopy<Written>(
  { copy, sure, slack }: TaskCopy,
  maxTaskBytes: number,
  reserve: Reserve<Written>,
): Written {
  let most = sure + slack;
  if (most > maxTaskBytes || most > SMALL_BYTES_MAX) {
    most = bson.calculateObjectSize(copy);
    if (most > maxTaskBytes) {
      throw new TaskError(
        'ERR_TASK_TOO_LARGE',
        `the task has ${most} bytes when encoded, more than the ${maxTaskBytes} of maxTaskBytes`,
      );
    }
  }
  return reserve(most, (block, offset) => {
    const length = bson.serializeWithBufferAndIndex(copy, block, { index: offset }) + 1 - offset;
    assert.ok(length <= most && length >= sure, 'the size was counted right');
    return length;
  });
}

/**
 * Returns the task again, from `length` bytes at `offset`. Buffers in it are views of `bytes`.
 * @throws StoreError `ERR_STORE_DATA` for bytes that are no task
 */
export function decodeTask(bytes: Buffer, offset = 0, length = bytes.length): unknown {
  try {
    if (bytes.readInt32LE(offset) !== length) throw new Error(`they are not the ${length} that they should be`);
    decoding.index = offset;
    return bson.deserialize(bytes, decoding);
  } catch (cause) {
    throw new StoreError('ERR_STORE_DATA', 'the bytes of a task could not be decoded', { cause });
  }
}
