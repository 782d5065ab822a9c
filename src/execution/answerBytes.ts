/** What the work hands back, as bytes: its result, and what it puts down for its next attempt. */
import { TaskError } from '../errors.js';
import { decodeTask, encodeTask } from '../task/taskCodec.js';

/** How many bytes each may have when encoded. */
export const ANSWER_BYTES_MAX = 64 * 1024;

/** `what` begins the message, such as `the result`. @throws TaskError `ERR_TASK_NOT_CLONEABLE`, `ERR_TASK_TOO_LARGE` */
export function encodeAnswer(value: unknown, what: string): Uint8Array {
  try {
    return encodeTask({ value }, ANSWER_BYTES_MAX, (most, write) => {
      const bytes = new Uint8Array(most);
      return bytes.slice(0, write(bytes, 0));
    });
  } catch (cause) {
    if (!(cause instanceof TaskError)) throw cause;
    const text =
      cause.code === 'ERR_TASK_TOO_LARGE'
        ? `${what} has more than ${ANSWER_BYTES_MAX} bytes (64 KiB) when encoded`
        : `${what} cannot be kept: ${cause.message.replace('$.value', () => '$')}`;
    throw new TaskError(cause.code, text, { cause });
  }
}

export function decodeAnswer(bytes: Uint8Array): unknown {
  const decoded = decodeTask(Buffer.from(bytes));
  return typeof decoded === 'object' && decoded !== null && 'value' in decoded ? decoded.value : undefined;
}
