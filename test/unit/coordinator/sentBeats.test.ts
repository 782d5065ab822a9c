/** A beat is as late as the call that carries it. */
import { beforeEach, expect, test } from 'vitest';
import { SentBeats } from '../../../src/coordinator/sentBeats.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

let clock: VirtualClock;
let beats: SentBeats;
let told: [string, number, number][];

function member(holder: string) {
  const listener = {
    beatSent: (late: number, delay: number) => void told.push([holder, late, delay]),
    beatAcknowledged: (ms: number) => void told.push([`${holder} acknowledged`, ms, ms]),
  };
  return beats.add(holder, listener);
}

beforeEach(() => {
  clock = new VirtualClock();
  beats = new SentBeats(clock);
  told = [];
});

test('the first that decides waits for the last, and both are as late as the call', async () => {
  const [first, last] = [member('a'), member('b')];
  first.beatSent(-4, 0);
  await clock.advance(10);
  last.beatSent(6, 10);
  await clock.advance(2);
  expect(told).toEqual([]);
  beats.sent('a');
  beats.sent('b');
  expect(told).toEqual([
    ['a', 8, 12],
    ['b', 8, 12],
  ]);
  last.beatAcknowledged(3);
  expect(told.at(-1)).toEqual(['b acknowledged', 3, 3]);
});

test('a beat that never went out counts no more, and what was sent counts once', async () => {
  const one = member('a');
  one.beatSent(-4, 0);
  await clock.advance(2000);
  one.beatSent(-4, 0);
  beats.sent('a');
  beats.sent('a');
  expect(told).toEqual([['a', -4, 0]]);
});

test('of a member that has gone, or was never there, nothing is told', () => {
  member('a').beatSent(0, 0);
  beats.remove('a');
  beats.sent('a');
  beats.sent('b');
  expect(told).toEqual([]);
});
