/** A task as bytes of its own, as the library encodes it. */
import { encodeTask } from '../../src/task/taskCodec.ts';

export function encoded(task: unknown, maxTaskBytes = 1024 * 1024): Buffer {
  return encodeTask(task, maxTaskBytes, (most, write) => {
    const block = Buffer.alloc(most);
    return block.subarray(0, write(block, 0));
  });
}
