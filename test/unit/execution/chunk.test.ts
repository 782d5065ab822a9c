import { expect, test } from 'vitest';
import { ownBlock, packChunk } from '../../../src/execution/chunk.ts';
import type { QueuedTask } from '../../../src/queue/runner.ts';
import { viewOf } from '../../../src/task/taskBytes.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

function task(id: string, length: number, more: { failed?: number; shared?: boolean } = {}): QueuedTask {
  const buffer = more.shared ? new SharedArrayBuffer(length + 1) : new ArrayBuffer(length + 1);
  const bytes = new Uint8Array(buffer, 1).fill(id.charCodeAt(0));
  return { id, bytes, failed: more.failed ?? 0 };
}

/** Tasks in one block, from the first letter of each; `gap` bytes between two of them. */
function slices(gap: number, ...ids: string[]): QueuedTask[] {
  const block = new Uint8Array(new SharedArrayBuffer(100));
  let offset = 7;
  return ids.map((id) => {
    const slice = { block, offset, length: id.length };
    block.fill(id.charCodeAt(0), offset, offset + id.length);
    offset += id.length + gap;
    return { id, bytes: slice, failed: 0 };
  });
}

test('the tasks stand end to end in memory of their own, their ids and lengths beside them', () => {
  const { chunk } = packChunk([task('a', 2), task('b', 0), task('c', 3)]);
  expect(chunk).toEqual({
    block: new Uint8Array([97, 97, 99, 99, 99]),
    ids: ['a', 'b', 'c'],
    lengths: [2, 0, 3],
    attempts: null,
  });
});

test('slices of shared blocks come out the same, however they stand there', () => {
  const [one, two] = [slices(0, 'a', 'bb', 'ccc'), slices(1, 'd', 'ee')];
  const { chunk } = packChunk([...one, ...two, task('f', 2), ...slices(0, 'g'), ...one.toReversed()]);
  expect(Buffer.from(chunk.block).toString()).toBe('abbcccdeeffgcccbba');
  expect(chunk.lengths).toEqual([1, 2, 3, 1, 2, 2, 1, 3, 2, 1]);
});

test('attempts cross only when there are others than the first', () => {
  const { chunk } = packChunk([task('a', 1), task('b', 1, { failed: 2 }), task('c', 1)]);
  expect(chunk.attempts).toEqual([1, 3, 1]);
});

test('takes what fits into 1 MiB, and at least one task', () => {
  const idsOf = (...tasks: QueuedTask[]): readonly unknown[] => packChunk(tasks).chunk.ids;
  expect(idsOf(task('a', MIB / 2), task('b', MIB / 2), task('c', 1))).toEqual(['a', 'b']);
  expect(idsOf(task('a', MIB / 2), task('b', MIB / 2 + 1), task('c', 1))).toEqual(['a']);
  expect(idsOf(task('a', 3 * MIB), task('b', 1))).toEqual(['a']);
});

test('a large shared task crosses as it is, all else as a copy; a large copy is given away', () => {
  const large = task('a', 100 * KIB, { shared: true });
  expect(packChunk([large, task('b', MIB)]).chunk.block).toBe(large.bytes);
  expect(packChunk([large, task('b', MIB)]).transfer).toEqual([]);
  for (const tasks of [[task('a', 100 * KIB)], [large, task('b', 1)], [task('a', 4, { shared: true })]]) {
    const { chunk, transfer } = packChunk(tasks);
    expect(chunk.block.buffer).toBeInstanceOf(ArrayBuffer);
    expect(tasks.map(({ bytes }) => viewOf(bytes).buffer)).not.toContain(chunk.block.buffer);
    expect(transfer).toEqual(chunk.block.length > 16 * KIB ? [chunk.block.buffer] : []);
  }
});

test('the thread reads memory that no other thread can change', () => {
  const large = task('a', 100 * KIB, { shared: true });
  const own = ownBlock(packChunk([large]).chunk);
  expect([own.length, own[0], own.buffer instanceof SharedArrayBuffer]).toEqual([100 * KIB, 97, false]);
  const { chunk } = packChunk([task('b', 4)]);
  expect(ownBlock(chunk).buffer).toBe(chunk.block.buffer);
});
