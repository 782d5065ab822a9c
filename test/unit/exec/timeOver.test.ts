import { beforeEach, expect, test } from 'vitest';
import { TimeOver } from '../../../src/exec/timeOver.ts';

let now: number;
let left: number;
let due: { time: number; call: () => void } | undefined;
const clock = {
  now: () => now,
  at: (time: number, call: () => void) => {
    due = { time, call };
    return () => {
      due = undefined;
    };
  },
};
const watch = (): TimeOver => new TimeOver({ clock, remaining: () => left, signalBefore: 500 });

beforeEach(() => {
  now = 1000;
  left = 2000;
});

test('sees no end of a lease that is extended in time', () => {
  const time = watch();
  for (let looks = 0; looks < 100; looks += 1) {
    now = due?.time ?? 0;
    due?.call();
  }
  expect(now).toBeGreaterThan(10_000);
  expect(time.happened()).toBe(false);
  time.stop();
  expect(due).toBeUndefined();
});

test.each(['by the look that was due', 'before that'])(
  'sees %s that it was stopped for longer than was left',
  (how) => {
    const time = watch();
    // A beat saves the lease before this thread looks.
    now += 1500;
    if (how === 'by the look that was due') due?.call();
    expect(time.happened()).toBe(true);
  },
);

test('sees that the lease is about to end', () => {
  const time = watch();
  left = 500;
  expect(time.happened()).toBe(true);
});
