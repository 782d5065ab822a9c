/** Each slot gets one task, through kills, stalls, lost answers, late writes, two masters, and clocks that are set. */
import { expect, test } from 'vitest';
import { runs } from '../../../support/propertyRuns.ts';
import { type Rules, ScheduleWorld } from './scheduleWorld.ts';

const HOURS = 2;
const seedsOf = (everyDay: number) => Array.from({ length: runs(everyDay).numRuns }, (_, index) => index + 1);
const all: Rules = { pattern: '*/5 * * * *', missed: 'all', overlap: 'queue', jitter: 0 };

test.each([
  ['with clocks that are nearly right', all, 0, 12],
  ['with clocks that are set by minutes', all, 900_000, 8],
  ['with jitter', { ...all, jitter: 60_000 }, 0, 6],
  ['one every few seconds', { ...all, pattern: '*/30 * * * * *' }, 60_000, 3],
] as const)('each slot has one task, %s', async (_, rules, jumps, count) => {
  for (const seed of seedsOf(count)) {
    const world = new ScheduleWorld({ seed, rules, jumps, deaths: 0.1 });
    await world.run(HOURS);
    expect({ seed, faults: world.faults }).toEqual({ seed, faults: [] });
    for (const id of ['a', 'b']) {
      expect({ seed, without: await world.without(id) }).toEqual({ seed, without: [] });
      // It has caught up.
      expect(await world.cursor(id)).toBeGreaterThan(world.clock.wall() - 400_000);
    }
    expect(world.queue.length).toBeGreaterThan(HOURS * 20);
  }
});

test('each slot has one task, when leases are dropped and terms begin again', async () => {
  for (const seed of seedsOf(6)) {
    const world = new ScheduleWorld({ seed, rules: all, jumps: 0, deaths: 0.1, losses: true });
    await world.run(HOURS);
    expect({ seed, faults: world.faults }).toEqual({ seed, faults: [] });
    for (const id of ['a', 'b']) {
      expect({ seed, without: await world.without(id) }).toEqual({ seed, without: [] });
      expect(await world.cursor(id)).toBeGreaterThan(world.clock.wall() - 400_000);
    }
  }
});

test('slots of a pause pass without a task, and each other one has one', async () => {
  for (const seed of seedsOf(8)) {
    const world = new ScheduleWorld({ seed, rules: all, jumps: 0, deaths: 0.1, pauses: 0.005 });
    await world.run(HOURS);
    expect({ seed, faults: world.faults }).toEqual({ seed, faults: [] });
    for (const id of ['a', 'b']) {
      expect({ seed, without: await world.without(id) }).toEqual({ seed, without: [] });
      expect(await world.cursor(id)).toBeGreaterThan(world.clock.wall() - 400_000);
    }
    expect(world.pauses.length).toBeGreaterThan(0);
  }
});

test.each(['once', 'skip'] as const)('no slot has two tasks, and none comes early, with missed: %s', async (missed) => {
  for (const seed of seedsOf(5)) {
    const world = new ScheduleWorld({ seed, rules: { ...all, missed, overlap: 'skip' }, jumps: 900_000, deaths: 0.1 });
    await world.run(HOURS);
    expect({ seed, faults: world.faults }).toEqual({ seed, faults: [] });
    expect(world.queue.length).toBeGreaterThan(HOURS * 6);
  }
});
