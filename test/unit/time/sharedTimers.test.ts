/** Many timers on one: each is called once, in order, never early, and whatever the others do. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../../src/time/clock.ts';
import { sharingTimers } from '../../../src/time/sharedTimers.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

let clock: VirtualClock;
let shared: Clock;
/** Timers of the clock beneath that were set, and that are set now. */
let set: number;
let pending: number;

beforeEach(() => {
  clock = new VirtualClock({ now: 100 });
  set = 0;
  pending = 0;
  const counting: Clock = {
    now: () => clock.now(),
    wall: () => clock.wall(),
    sinceBoot: () => clock.sinceBoot(),
    at: (time, callback) => {
      set += 1;
      pending += 1;
      let isOver = false;
      const end = (): void => {
        if (!isOver) pending -= 1;
        isOver = true;
      };
      const cancel = clock.at(time, () => {
        end();
        callback();
      });
      return () => {
        end();
        cancel();
      };
    },
  };
  shared = sharingTimers(counting);
});

test('a thousand of one time are one timer, and are called in the order in which they were asked for', async () => {
  const called: number[] = [];
  for (let index = 0; index < 1000; index++) shared.at(150, () => called.push(index));
  expect(set).toBe(1);
  await clock.advance(50);
  expect(called).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  expect(pending).toBe(0);
});

test('whatever is asked for and taken back, each call comes at its time, once', async () => {
  const plan = fc.array(fc.record({ after: fc.nat(50), cancelAfter: fc.option(fc.nat(50)) }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(plan, async (all) => {
      const from = clock.now();
      const called = all.map((): number[] => []);
      for (const [index, { after, cancelAfter }] of all.entries()) {
        const cancel = shared.at(from + after, () => called[index]?.push(clock.now() - from));
        if (cancelAfter !== null) clock.at(from + cancelAfter - 0.5, cancel);
      }
      await clock.advance(60);
      const expected = all.map(({ after, cancelAfter }) =>
        cancelAfter === null || cancelAfter - 0.5 > after ? [after] : [],
      );
      expect(called).toEqual(expected);
      expect(pending).toBe(0);
    }),
  );
});

describe('while they are called', () => {
  test('one that asks again for a time that has come waits for the next turn, after all others', async () => {
    const called: string[] = [];
    shared.at(110, () => {
      called.push('first');
      shared.at(110, () => called.push('again'));
    });
    shared.at(110, () => called.push('second'));
    await clock.advance(10);
    expect(called).toEqual(['first', 'second', 'again']);
  });

  test('one takes another back that is due, too', async () => {
    const called: string[] = [];
    let cancel = (): void => {};
    shared.at(110, () => cancel());
    cancel = shared.at(110, () => called.push('never'));
    await clock.advance(10);
    expect(called).toEqual([]);
  });

  test('one that throws takes no other along', async () => {
    const called: string[] = [];
    shared.at(110, () => {
      throw new Error('on purpose');
    });
    shared.at(110, () => called.push('second'));
    shared.at(120, () => called.push('third'));
    await expect(clock.advance(10)).rejects.toThrow('on purpose');
    await clock.advance(20);
    expect(called).toEqual(['second', 'third']);
  });
});

test('an earlier one has the timer set anew, and when all are taken back there is none', async () => {
  const called: number[] = [];
  const late = shared.at(200, () => called.push(200));
  const early = shared.at(150, () => called.push(150));
  expect([set, pending]).toEqual([2, 1]);
  early();
  late();
  expect(pending).toBe(0);
  await clock.advance(200);
  expect(called).toEqual([]);
});
