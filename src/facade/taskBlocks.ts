/**
 * Where submitted tasks are written, end to end, in memory that the coordinator thread reads without a copy. A block
 * whose tasks have all left is reused: the collectors of both threads do not see how large shared memory is, and
 * would leave hundreds of megabytes of it lying about. The first block is small, and each that follows is twice as large, up to
 * a limit: a thousand clusters with a task now and then take little.
 */

interface BlockSizes {
  /** Bytes of the first block that small tasks share, and of the largest; powers of two. */
  readonly first: number;
  readonly block: number;
  /** Larger tasks have a block of their own, so a small one that stays keeps no large one. */
  readonly sharedTaskMax: number;
}

export const memoryBlocks: BlockSizes = { first: 8 * 1024, block: 256 * 1024, sharedTaskMax: 32 * 1024 };
/** A batch lies in one block, and tasks leave with their answer. So all that fits into a batch is one. */
export const durableBlocks: BlockSizes = { first: 8 * 1024, block: 1024 * 1024, sharedTaskMax: 512 * 1024 };
/** From so many tasks at once on, room is made for many. */
const MANY = 16;
/** The most bytes that are kept for reuse. */
const SPARE_BYTES_MAX = 32 * 1024 * 1024;

export class TaskBlock {
  /** How many tasks in it have not left. */
  live = 0;
  readonly bytes: Uint8Array<SharedArrayBuffer>;

  constructor(size: number) {
    this.bytes = new Uint8Array(new SharedArrayBuffer(size));
  }
}

/** Where the bytes of one task are. */
export interface TaskSlot {
  readonly block: TaskBlock;
  readonly offset: number;
  readonly length: number;
}

export class TaskBlocks {
  private current = new TaskBlock(0);
  private used = 0;
  /** Bytes of the next block that small tasks share. */
  private next: number;
  /** By their size, which is a power of two. */
  private readonly spare = new Map<number, TaskBlock[]>();
  private spareBytes = 0;

  constructor(private readonly sizes: BlockSizes = memoryBlocks) {
    this.next = sizes.first;
  }

  /** So many tasks follow at once. Many have the largest block, because a batch lies in one. */
  expect(count: number): void {
    if (count < MANY || this.current.bytes.length >= this.sizes.block) return;
    this.next = this.sizes.block;
    this.current = new TaskBlock(0);
    this.used = 0;
  }

  /** Places one task. `write` gets room for `most` bytes, and returns how many it has written there. */
  write(most: number, write: (bytes: Uint8Array, offset: number) => number): TaskSlot {
    if (most > this.sizes.sharedTaskMax) return this.place(this.take(powerOfTwo(most)), 0, write);
    if (this.used + most > this.current.bytes.length) {
      const size = Math.max(this.next, powerOfTwo(most));
      this.current = this.take(size);
      this.next = Math.min(2 * size, this.sizes.block);
      this.used = 0;
    }
    const slot = this.place(this.current, this.used, write);
    this.used += slot.length;
    return slot;
  }

  copy(task: Uint8Array): TaskSlot {
    return this.write(task.length, (bytes, offset) => {
      bytes.set(task, offset);
      return task.length;
    });
  }

  /** Frees a task that is not read any more. Call it once for each task: the block is reused when all of them are free. */
  free({ block }: TaskSlot): void {
    block.live -= 1;
    if (block.live > 0) return;
    if (block === this.current) {
      this.used = 0;
      return;
    }
    const { length } = block.bytes;
    if (this.spareBytes + length > SPARE_BYTES_MAX) return;
    this.spareBytes += length;
    const spare = this.spare.get(length);
    if (spare === undefined) this.spare.set(length, [block]);
    else spare.push(block);
  }

  private place(block: TaskBlock, offset: number, write: (bytes: Uint8Array, offset: number) => number): TaskSlot {
    const length = write(block.bytes, offset);
    block.live += 1;
    return { block, offset, length };
  }

  private take(size: number): TaskBlock {
    const spare = this.spare.get(size)?.pop();
    if (spare === undefined) return new TaskBlock(size);
    this.spareBytes -= size;
    return spare;
  }
}

function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(least));
}
