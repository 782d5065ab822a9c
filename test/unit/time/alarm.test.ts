import { expect, test } from 'vitest';
import { Alarm } from '../../../src/time/alarm.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

test('calls once, at the earliest of the times that it was asked for', async () => {
  const clock = new VirtualClock();
  const calls: number[] = [];
  const alarm = new Alarm(clock, () => calls.push(clock.now()));
  for (const time of [20, 10, 30]) alarm.by(time);
  await clock.advance(100);
  expect(calls).toEqual([10]);
  alarm.by(150);
  await clock.advance(100);
  expect(calls).toEqual([10, 150]);
});

test('calls no more once it is cleared, until it is asked again', async () => {
  const clock = new VirtualClock();
  const calls: number[] = [];
  const alarm = new Alarm(clock, () => calls.push(clock.now()));
  alarm.by(10);
  alarm.clear();
  expect(clock.pending).toBe(0);
  alarm.by(20);
  await clock.advance(100);
  expect(calls).toEqual([20]);
});

test('may be asked again from within its call', async () => {
  const clock = new VirtualClock();
  const calls: number[] = [];
  const alarm = new Alarm(clock, () => {
    calls.push(clock.now());
    if (calls.length < 3) alarm.by(clock.now() + 10);
  });
  alarm.by(10);
  await clock.advance(100);
  expect(calls).toEqual([10, 20, 30]);
});
