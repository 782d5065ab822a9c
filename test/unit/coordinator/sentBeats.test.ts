/** A beat is as late as the call that carries it. */
import { beforeEach, expect, test } from 'vitest';
import { SentBeats } from '../../../src/coordinator/sentBeats.ts';
import { resolveIntervals } from '../../../src/options/intervals.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

const intervals = resolveIntervals();
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
  beats = new SentBeats(clock, intervals);
  told = [];
});

test('the first that decides waits for the last, and both are as late as the call', async () => {
  const [first, last] = [member('a'), member('b')];
  first.beatSent(-4, 0);
  const one = beats.decided('a', 1);
  await clock.advance(10);
  last.beatSent(6, 10);
  const other = beats.decided('b', 1);
  await clock.advance(2);
  expect(told).toEqual([]);
  one?.sent();
  other?.sent();
  expect(told).toEqual([
    ['a', 8, 12],
    ['b', 8, 12],
  ]);
  last.beatAcknowledged(3);
  expect(told.at(-1)).toEqual(['b acknowledged', 3, 3]);
});

test('of several beats that wait for their turn each has its own time', async () => {
  const one = member('a');
  one.beatSent(-4, 0);
  const first = beats.decided('a', 1);
  await clock.advance(700);
  one.beatSent(-4, 0);
  const second = beats.decided('a', 1);
  expect(beats.decided('a', 1)).toBeUndefined();
  await clock.advance(100);
  first?.sent();
  second?.sent();
  expect(told).toEqual([
    ['a', 796, 800],
    ['a', 96, 100],
  ]);
});

test('one whose turn never came goes on in the next one, from the first time on', async () => {
  const one = member('a');
  for (const refusedAfter of [900, 950]) {
    one.beatSent(-4, 0);
    const refused = beats.decided('a', 1);
    await clock.advance(refusedAfter);
    refused?.refused();
  }
  for (const late of [0, 2]) {
    one.beatSent(late, late);
    beats.decided('a', 1)?.sent();
  }
  expect(told).toEqual([
    ['a', 1846, 1850],
    ['a', 2, 2],
  ]);
});

test('a later mastership is not late for the beats of an earlier one', async () => {
  const one = member('a');
  one.beatSent(0, 0);
  beats.decided('a', 1)?.refused();
  await clock.advance(60_000);
  one.beatSent(3, 3);
  beats.decided('a', 2)?.sent();
  expect(told).toEqual([['a', 3, 3]]);
});

test('of a member that has gone, or was never there, nothing is told', () => {
  member('a').beatSent(0, 0);
  const sending = beats.decided('a', 1);
  beats.remove('a');
  sending?.sent();
  expect(beats.decided('a', 1)).toBeUndefined();
  expect(beats.decided('b', 1)).toBeUndefined();
  expect(told).toEqual([]);
});

test('the next beats aim so much earlier as these went out after the moment that they aimed at', async () => {
  const one = member('a');
  expect(beats.lead).toBe(4);
  one.beatSent(-4, 0);
  const first = beats.decided('a', 1);
  await clock.advance(30);
  first?.sent();
  expect(beats.lead).toBe(30);
  one.beatSent(-30, 0);
  const second = beats.decided('a', 1);
  await clock.advance(10);
  second?.sent();
  expect(told.at(-1)).toEqual(['a', -20, 10]);
});

test('that its turn never came says nothing of how long the next one takes', async () => {
  const one = member('a');
  one.beatSent(-4, 0);
  const first = beats.decided('a', 1);
  await clock.advance(60);
  first?.refused();
  one.beatSent(-4, 0);
  const second = beats.decided('a', 1);
  await clock.advance(10);
  second?.sent();
  expect(told).toEqual([['a', 66, 70]]);
  expect(beats.lead).toBeGreaterThan(4);
  expect(beats.lead).toBeLessThanOrEqual(10);
});
