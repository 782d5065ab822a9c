/** What the store is told of the names that are hosted. */
import { expect, test } from 'vitest';
import { HintWishes, wishesOf } from '../../../src/coordinator/hintWishes.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

test('it is told in the same moment, and of what a thousand clusters change after that only once', async () => {
  const clock = new VirtualClock();
  const told: number[] = [];
  const wishes = new HintWishes(clock, () => told.push(clock.now()));
  wishes.changed();
  expect(told).toEqual([]);
  await clock.advance(0);
  expect(told).toEqual([0]);
  for (let n = 0; n < 1000; n += 1) {
    wishes.changed();
    await clock.advance(0.05);
  }
  await clock.advance(1000);
  expect(told).toEqual([0, 100]);
  wishes.changed();
  await clock.advance(0);
  expect(told).toEqual([0, 100, clock.now()]);
  wishes.changed();
  wishes.close();
  await clock.advance(1000);
  expect([told.length, clock.pending]).toEqual([3, 0]);
});

test('each name is there once, in order, and under tasks only where they are stored', () => {
  const hosted = [
    { name: 'b', storesTasks: true },
    { name: 'a', storesTasks: false },
    { name: 'b', storesTasks: true },
  ];
  expect(wishesOf(hosted)).toEqual({ lease: ['a', 'b'], tasks: ['b'] });
});
