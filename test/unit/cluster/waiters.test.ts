import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Waiters } from '../../../src/cluster/waiters.ts';

let waiters: Waiters;
let called: string[];

beforeEach(() => {
  vi.useFakeTimers();
  waiters = new Waiters();
  called = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function wait(...names: string[]): void {
  for (const name of names) void waiters.next().then(() => called.push(name));
}

test('as many are called as there is room for, first come, first served', async () => {
  wait('a', 'b', 'c');
  waiters.some(2);
  await vi.advanceTimersByTimeAsync(0);
  expect(called).toEqual(['a', 'b']);
});

test('without a sign of room one is called every now and then', async () => {
  wait('a', 'b', 'c');
  const seen: number[] = [];
  for (let time = 0; time < 3; time++) {
    await vi.advanceTimersToNextTimerAsync();
    seen.push(called.length);
  }
  expect([seen, called, vi.getTimerCount()]).toEqual([[1, 2, 3], ['a', 'b', 'c'], 0]);
});

test('all are called when there will be no room any more, and no timer is left', async () => {
  wait('a', 'b', 'c');
  waiters.all();
  await vi.advanceTimersByTimeAsync(0);
  expect([called, vi.getTimerCount()]).toEqual([['a', 'b', 'c'], 0]);
  wait('d');
  waiters.some(1);
  await vi.advanceTimersByTimeAsync(0);
  expect([called.at(-1), vi.getTimerCount()]).toEqual(['d', 0]);
});

test('room for nobody, or when nobody waits, is no trouble', async () => {
  waiters.some(3);
  waiters.all();
  wait('a');
  waiters.some(0);
  await vi.advanceTimersByTimeAsync(0);
  expect([called, vi.getTimerCount()]).toEqual([[], 1]);
});

test('who waits again comes after the others', async () => {
  wait('a', 'b');
  waiters.some(1);
  await vi.advanceTimersByTimeAsync(0);
  wait('a again');
  waiters.some(2);
  await vi.advanceTimersByTimeAsync(0);
  expect(called).toEqual(['a', 'b', 'a again']);
});
