/** Tasks stand end to end in shared blocks, and the memory of those that have left is used again, but no other. */
import { expect, test } from 'vitest';
import { durableBlocks, memoryBlocks, TaskBlocks, type TaskSlot } from '../../../src/facade/taskBlocks.ts';
import { random } from '../queue/random.ts';

const KIB = 1024;
const read = ({ block, offset, length }: TaskSlot): Uint8Array => block.bytes.slice(offset, offset + length);

test('small tasks stand end to end in one block, and a large one has a block of its own', () => {
  const blocks = new TaskBlocks();
  const [a, b] = [blocks.copy(new Uint8Array(3).fill(1)), blocks.copy(new Uint8Array(2).fill(2))];
  const large = blocks.copy(new Uint8Array(100 * KIB).fill(3));
  expect([a.offset, b.offset, large.offset]).toEqual([0, 3, 0]);
  expect(b.block === a.block).toBe(true);
  expect(large.block === a.block).toBe(false);
  expect([...read(b)]).toEqual([2, 2]);
  expect(blocks.copy(new Uint8Array(1)).block === a.block).toBe(true);
});

test('room that was not needed is given to the next task', () => {
  const blocks = new TaskBlocks();
  const first = blocks.write(100, () => 10);
  expect(first.length).toBe(10);
  expect(blocks.copy(new Uint8Array(1)).offset).toBe(10);
});

test('a block is used again once all of its tasks have left, and not before', () => {
  const blocks = new TaskBlocks({ ...memoryBlocks, first: memoryBlocks.block });
  const tasks = Array.from({ length: 8 }, () => blocks.copy(new Uint8Array(32 * KIB)));
  const next = blocks.copy(new Uint8Array(32 * KIB));
  const block = tasks[0]?.block;
  expect(next.block === block).toBe(false);
  const fillsIt = (): boolean =>
    Array.from({ length: 8 }, () => blocks.copy(new Uint8Array(32 * KIB))).some((task) => task.block === block);
  for (const task of tasks.slice(1)) blocks.free(task);
  expect(fillsIt()).toBe(false);
  for (const task of tasks.slice(0, 1)) blocks.free(task);
  expect(fillsIt()).toBe(true);
});

test.each([memoryBlocks, durableBlocks])(
  'blocks grow from a few KiB to their limit, and only with what waits',
  (sizes) => {
    const blocks = new TaskBlocks(sizes);
    for (let n = 0; n < 1000; n += 1) {
      const task = blocks.copy(new Uint8Array(KIB));
      expect(task.block.bytes.length).toBe(sizes.first);
      blocks.free(task);
    }
    const seen = new Set<number>();
    for (let left = 4 * sizes.block; left > 0; left -= KIB)
      seen.add(blocks.copy(new Uint8Array(KIB)).block.bytes.length);
    const all = Array.from({ length: 1 + Math.log2(sizes.block / sizes.first) }, (_, n) => sizes.first * 2 ** n);
    expect([...seen]).toEqual(all);
    // One that is larger than the first block shares one.
    const others = new TaskBlocks(sizes);
    expect(others.copy(new Uint8Array(20 * KIB)).block.bytes.length).toBe(32 * KIB);
  },
);

test('whatever is written and freed, in any order, what has not left stays as it was', () => {
  const chance = random(1);
  const blocks = new TaskBlocks();
  const live = new Map<number, TaskSlot>();
  const used = new Set<object>();
  for (let next = 0; next < 5000; next++) {
    const size = 1 + chance.below(chance.below(50) === 0 ? 70 * KIB : 4 * KIB);
    const place = blocks.copy(new Uint8Array(size).fill(next % 251));
    used.add(place.block);
    live.set(next, place);
    for (const [id, task] of live) {
      if (live.size <= 20 || chance.below(3) > 0) break;
      expect(read(task).every((byte) => byte === id % 251)).toBe(true);
      live.delete(id);
      blocks.free(task);
    }
  }
  // Some 13 MB went through few blocks.
  expect(used.size).toBeLessThan(150);
});
