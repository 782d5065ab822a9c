/** No test here says when a timer must come at the latest: that is the machine's business. */
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/time/systemClock.ts';

const called = (time: number): Promise<number> =>
  new Promise((resolve) => systemClock.at(time, () => resolve(systemClock.now())));

test('a call never comes before its time', async () => {
  const start = systemClock.now();
  // Below, at and above what is slept off; and with the fractions that setTimeout does not know.
  const times = [0, 0.01, 0.3, 1.1, 1.2, 1.3, 1.9, 2.4, 5.55, 12.3].map((ms) => start + ms);
  const calls = await Promise.all(times.map(called));
  times.forEach((time, index) => {
    expect(calls[index]).toBeGreaterThanOrEqual(time);
  });
});

// A thread that is held up for longer than they are apart has several due at once, and any of them may come first.
test('calls come in the order of their times', { retry: 9 }, async () => {
  const start = systemClock.now();
  const order: number[] = [];
  const delays = [9, 3, 15, 6];
  await Promise.all(delays.map((ms) => called(start + ms).then(() => order.push(ms))));
  expect(order).toEqual(delays.toSorted((a, b) => a - b));
});

test('a time that is past is called soon, but not before `at` has returned', async () => {
  let returned = false;
  const early = new Promise<boolean>((resolve) => systemClock.at(systemClock.now() - 1000, () => resolve(!returned)));
  returned = true;
  expect(await early).toBe(false);
});

test.each([-1, 0.5, 5])('cancelled, a call in %d ms never comes, and cancelling again is harmless', async (ms) => {
  let calls = 0;
  const cancel = systemClock.at(systemClock.now() + ms, () => {
    calls += 1;
  });
  cancel();
  cancel();
  await called(systemClock.now() + ms + 3);
  expect(calls).toBe(0);
});

test('a call comes once, and cancelling it afterwards is harmless', async () => {
  let calls = 0;
  const cancel = systemClock.at(systemClock.now() + 1, () => {
    calls += 1;
  });
  await called(systemClock.now() + 5);
  cancel();
  expect(calls).toBe(1);
});

test('a time further away than setTimeout can count is not now', async () => {
  let calls = 0;
  const cancel = systemClock.at(systemClock.now() + 2 ** 33, () => {
    calls += 1;
  });
  await called(systemClock.now() + 5);
  cancel();
  expect(calls).toBe(0);
});

test('all three clocks run on', async () => {
  const before = [systemClock.now(), systemClock.sinceBoot(), systemClock.wall()];
  await wait(30);
  const after = [systemClock.now(), systemClock.sinceBoot(), systemClock.wall()];
  expect(after[0]).toBeGreaterThan(before[0] ?? 0);
  // The boot clock of some systems counts whole seconds, and a wall clock may be set at any moment.
  expect(after[1]).toBeGreaterThanOrEqual(before[1] ?? 0);
  expect(after[2]).not.toBe(before[2]);
});
