import { describe, expect, test } from 'vitest';
import { DONE_BYTES_MAX, DONE_IDS_MAX, DoneWindow } from '../../../../src/queue/memory/doneWindow.ts';

describe('DoneWindow', () => {
  test('starts empty, and carries count, newest id and the last ids', () => {
    const window = new DoneWindow();
    expect(window.progress()).toEqual({ identifier: null, count: 0, recent: [] });
    window.add('a');
    window.add(2);
    expect(window.progress()).toEqual({ identifier: 2, count: 2, recent: ['a', 2] });
  });

  test('goes on from the progress of the holder before', () => {
    const window = new DoneWindow();
    window.add('dropped by start'.repeat(1000));
    window.start({ identifier: 'b', count: 70, recent: ['a', 'b'] });
    expect(window.progress()).toEqual({ identifier: 'b', count: 70, recent: ['a', 'b'] });
    window.add('c'.repeat(1000));
    expect(window.progress()).toEqual({
      identifier: 'c'.repeat(1000),
      count: 71,
      recent: ['a', 'b', 'c'.repeat(1000)],
    });
  });

  test('keeps the last ids only, while the count goes on', () => {
    const window = new DoneWindow();
    for (let id = 1; id <= 1000; id++) window.add(id);
    const { count, recent } = window.progress();
    expect(count).toBe(1000);
    expect(recent).toEqual(Array.from({ length: DONE_IDS_MAX }, (_, index) => 1001 - DONE_IDS_MAX + index));
  });

  test('keeps within its bytes, counted as they are encoded', () => {
    const window = new DoneWindow();
    const id = (index: number): string => `${index}`.padStart(3, '0') + 'ü'.repeat(500);
    for (let index = 0; index < 50; index++) window.add(id(index));
    const { recent } = window.progress();
    const bytes = (ids: readonly unknown[]): number =>
      ids.reduce<number>((sum, each) => sum + Buffer.byteLength(`${each}`), 0);
    expect(bytes(recent)).toBeLessThanOrEqual(DONE_BYTES_MAX);
    expect(bytes([...recent, id(0)])).toBeGreaterThan(DONE_BYTES_MAX);
    expect(recent.at(-1)).toBe(id(49));
  });

  test('holds as many bytes as it may, to the last', () => {
    const window = new DoneWindow();
    // Ten more are counted for each, beside its own.
    const half = 'x'.repeat(DONE_BYTES_MAX / 2 - 10);
    window.add(half);
    window.add(`${half.slice(1)}y`);
    expect(window.progress().recent).toHaveLength(2);
    window.start({ identifier: null, count: 0, recent: [] });
    window.add(half);
    window.add(`${half}y`);
    expect(window.progress().recent).toEqual([`${half}y`]);
  });

  test('an id larger than the whole window empties it, because a window with a gap would mislead', () => {
    const window = new DoneWindow();
    window.add('a');
    const large = 'x'.repeat(DONE_BYTES_MAX + 1);
    window.add(large);
    expect(window.progress()).toEqual({ identifier: large, count: 2, recent: [] });
    window.add('b');
    expect(window.progress()).toEqual({ identifier: 'b', count: 3, recent: ['b'] });
  });

  test('a snapshot never changes, and is made again only after a change', () => {
    const window = new DoneWindow();
    window.add(1);
    const before = window.progress();
    expect(window.progress()).toBe(before);
    window.add(2);
    expect(before).toEqual({ identifier: 1, count: 1, recent: [1] });
    expect(window.progress()).not.toBe(before);
    expect(Object.isFrozen(before) && Object.isFrozen(before.recent)).toBe(true);
  });

  test('takes only as much of a longer window as it may carry itself', () => {
    const window = new DoneWindow();
    const recent = Array.from({ length: 300 }, (_, index) => index);
    window.start({ identifier: 299, count: 300, recent });
    expect(window.progress().recent).toEqual(recent.slice(-DONE_IDS_MAX));
  });
});
