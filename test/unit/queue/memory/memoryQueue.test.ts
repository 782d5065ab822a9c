import { beforeEach, describe, expect, test } from 'vitest';
import { MemoryQueue } from '../../../../src/queue/memory/memoryQueue.ts';
import type { QueuedTask } from '../../../../src/queue/runner.ts';
import type { TaskId } from '../../../../src/task/task.ts';

let queue: MemoryQueue;

beforeEach(() => {
  queue = new MemoryQueue();
  for (const id of ['a', 'b', 'c']) queue.push(id, new Uint8Array(2), id.charCodeAt(0));
});

const ready = (most = 10): TaskId[] => queue.ready(most).map(({ id }) => id);

function head(): QueuedTask {
  const [first] = queue.ready(1);
  if (first === undefined) throw new Error('nothing is ready');
  return first;
}

test('gives its tasks in order, and keeps them until they are done', () => {
  expect([ready(2), ready()]).toEqual([
    ['a', 'b'],
    ['a', 'b', 'c'],
  ]);
  queue.remove(2);
  expect([ready(), queue.headSince, queue.tasks.bytes]).toEqual([['c'], 'c'.charCodeAt(0), 2]);
  queue.remove(1);
  expect([ready(), queue.headSince]).toEqual([[], null]);
});

test('a task that is there already is not queued twice', () => {
  expect([queue.push('a', new Uint8Array(0), 0), ready()]).toEqual([false, ['a', 'b', 'c']]);
});

describe('a head that is held', () => {
  beforeEach(() => {
    head().failed = 3;
    queue.hold();
  });

  test('holds up all', () => {
    queue.push('d', new Uint8Array(0), 0);
    expect([ready(), queue.blocked]).toEqual([[], 'a']);
  });

  test('until it is released, with or without its failures', () => {
    queue.release(false);
    expect([ready(), queue.blocked, head().failed]).toEqual([['a', 'b', 'c'], null, 3]);
    queue.hold();
    queue.release(true);
    expect([ready(), head().failed]).toEqual([['a', 'b', 'c'], 0]);
  });

  test('until it is dropped', () => {
    queue.release(false);
    const task = head();
    queue.hold();
    expect([queue.drop(task), ready(), queue.blocked]).toEqual([true, ['b', 'c'], null]);
    expect([queue.drop(task), ready()]).toEqual([false, ['b', 'c']]);
  });

  test('until another member has done it', () => {
    queue.tasks.delete('a');
    expect([ready(), queue.blocked]).toEqual([['b', 'c'], null]);
  });
});

test('a hold with nothing there holds nothing', () => {
  queue.remove(3);
  queue.hold();
  queue.push('d', new Uint8Array(0), 0);
  queue.release(true);
  expect([ready(), queue.blocked]).toEqual([['d'], null]);
});
