import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test, vi } from 'vitest';
import { SharedLease } from '../../../src/wire/sharedLease.ts';
import { globalTime } from '../../support/globalTime.ts';

const now = (): number => Number(process.hrtime.bigint()) / 1e6;

test('before the first lease there is neither time nor term', () => {
  const view = new SharedLease();
  expect(view.remaining()).toBe(0);
  expect(view.term).toBe(0);
  expect(view.aborted).toBe(false);
});

test('a lease that is held has what is left of it, and less and less', () => {
  const view = new SharedLease();
  view.hold(3, now() + 60_000);
  const first = view.remaining();
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThanOrEqual(60_000);
  expect(view.remaining()).toBeLessThan(first);
  expect(view.term).toBe(3);
});

test('one that is over, or was never to begin, has nothing left, never less', () => {
  const view = new SharedLease();
  for (const end of [now() - 1, now() - 1e6, -5000.5]) {
    view.hold(3, end);
    expect(view.remaining()).toBe(0);
  }
});

test('it ends by the wall clock too, which ran on while the machine slept', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
  try {
    const view = new SharedLease(undefined, globalTime);
    view.hold(3, now() + 60_000);
    vi.setSystemTime(1_000_000 + 50_000);
    expect(view.remaining()).toBeLessThan(10_100);
    expect(view.remaining()).toBeGreaterThan(0);
    vi.setSystemTime(1_000_000 + 60_100);
    expect(view.remaining()).toBe(0);
    // Set back, it gives nothing: the monotonic clock still counts.
    vi.setSystemTime(0);
    expect(view.remaining()).toBeLessThanOrEqual(60_000);
  } finally {
    vi.useRealTimers();
  }
});

test('dropped, it has nothing left, and its term can still be read', () => {
  const view = new SharedLease();
  view.hold(3, now() + 60_000);
  view.drop();
  expect(view.remaining()).toBe(0);
  expect(view.term).toBe(3);
});

test('the deadline is never later than what was said, not by a nanosecond', () => {
  const view = new SharedLease();
  for (const end of [0.0000019, 123_456.789_012_9, 9e9 + 0.000_5]) {
    view.hold(1, end);
    const [deadline = 0n] = new BigInt64Array(view.buffer);
    expect(Number(deadline)).toBeLessThanOrEqual(end * 1e6);
  }
});

test('views of one buffer, in any thread, are one lease', async () => {
  const view = new SharedLease();
  view.hold(7, now() + 60_000);
  const other = new SharedLease(view.buffer);
  expect(other.term).toBe(7);
  other.aborted = true;
  expect(view.aborted).toBe(true);
  view.aborted = false;
  expect(other.aborted).toBe(false);

  const reader = `
    const { workerData, parentPort } = require('node:worker_threads');
    const [deadline, term] = new BigInt64Array(workerData);
    parentPort.postMessage([deadline - process.hrtime.bigint(), term]);`;
  const worker = new Worker(reader, { eval: true, workerData: view.buffer });
  const [[left, term]] = await once(worker, 'message');
  await worker.terminate();
  // The same clock in every thread: there, too, the deadline lies ahead, and not by more than was given.
  expect(left > 0n && left < 60_000_000_000n).toBe(true);
  expect(term).toBe(7n);
});

test('the pulse of the main thread has an age from its first beat on, until it ends', async () => {
  const view = new SharedLease();
  expect(view.pulseAge()).toBe(0);
  view.beatPulse();
  const first = view.pulseAge();
  while (view.pulseAge() === first);
  expect(view.pulseAge()).toBeGreaterThan(first);

  const beater = `
    const { workerData } = require('node:worker_threads');
    Atomics.store(new BigInt64Array(workerData), 4, process.hrtime.bigint() - 70_000_000_000n);`;
  const worker = new Worker(beater, { eval: true, workerData: view.buffer });
  await once(worker, 'exit');
  // The same clock in every thread.
  expect(view.pulseAge()).toBeGreaterThan(70_000);
  view.beatPulse();
  expect(view.pulseAge()).toBeLessThan(70_000);
  view.endPulse();
  expect(view.pulseAge()).toBe(0);
  expect([view.remaining(), view.term, view.aborted]).toEqual([0, 0, false]);
});

test('a pulse that another thread wrote just now is not from the future', () => {
  const view = new SharedLease();
  new BigInt64Array(view.buffer)[4] = process.hrtime.bigint() + 1_000_000_000n;
  expect(view.pulseAge()).toBe(0);
});

test('clocks that are faked after it was loaded change nothing', () => {
  const view = new SharedLease();
  view.hold(3, now() + 60_000);
  vi.useFakeTimers({ toFake: ['Date', 'hrtime'], now: Date.now() + 3_600_000 });
  try {
    expect(view.remaining()).toBeGreaterThan(0);
    expect(view.remaining()).toBeLessThanOrEqual(60_000);
  } finally {
    vi.useRealTimers();
  }
});
