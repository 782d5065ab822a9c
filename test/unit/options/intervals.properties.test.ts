/** Intervals: whatever is accepted leaves a healthy master its lease, and every time that follows from it has its bounds. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { storeLimits } from '../../../src/coordinator/storeLimits.ts';
import { beatLead, timeToLive, validity } from '../../../src/election/protocol.ts';
import { defaultGrace, graceFits, resolveIntervals } from '../../../src/options/intervals.ts';
import { resolveManagedOptions } from '../../../src/options/managed.ts';
import type { Intervals } from '../../../src/options/options.ts';
import { runs } from '../../support/propertyRuns.ts';
import { acceptedOrCoded } from '../hostile/accepted.ts';

const TIMER_MAX_MS = 2 ** 31 - 1;
const time = fc.oneof(
  ...[fc.nat({ max: 10 }), fc.nat({ max: 10_000 }), fc.nat({ max: TIMER_MAX_MS })],
  fc.double({ min: 0, max: 10_000, noNaN: true }),
);
const given = fc.record(
  { INIT: time, MASTER: time, SLAVE: time, TICKING: time, ERROR: time, POLL: time, SYNC: time },
  { requiredKeys: [] },
);
/** Such as people choose: in order, and of one size. */
const sensible = fc
  .tuple(
    fc.integer({ min: 1, max: 100_000 }),
    fc.double({ min: 0.3, max: 3, noNaN: true }),
    fc.double({ min: 0.3, max: 3, noNaN: true }),
  )
  .map(([MASTER, slave, ticking]) => ({ MASTER, SLAVE: MASTER * (1 + slave), TICKING: MASTER * ticking }));

function check(intervals: Intervals): void {
  const { INIT, MASTER, SLAVE, TICKING, ERROR, POLL, SYNC } = intervals;
  for (const one of [MASTER, SLAVE, TICKING, ERROR, POLL]) expect(one).toBeGreaterThanOrEqual(1);
  for (const one of [INIT, SYNC]) expect(one).toBeGreaterThanOrEqual(0);
  expect(Math.max(...Object.values(intervals))).toBeLessThanOrEqual(TIMER_MAX_MS);
  expect(MASTER).toBeLessThan(SLAVE);
  expect(POLL).toBeLessThan(SLAVE);
  expect(POLL).toBeLessThanOrEqual(TICKING);
  expect(SYNC).toBeLessThanOrEqual(MASTER);

  const ttl = timeToLive(intervals);
  expect(validity(intervals)).toBeLessThan(ttl);
  expect(validity(intervals)).toBeGreaterThan(MASTER + POLL);
  expect(beatLead(intervals)).toBeGreaterThan(0);
  expect(beatLead(intervals)).toBeLessThan(MASTER);
  const grace = defaultGrace(intervals);
  expect(grace).toBeGreaterThan(0);
  expect(grace).toBeLessThanOrEqual(500);
  expect(graceFits(grace, intervals), 'one beat may fail').toBe(true);
  for (const limit of Object.values(storeLimits(intervals))) {
    expect(limit).toBeGreaterThan(0);
    expect(limit).toBeLessThanOrEqual(TIMER_MAX_MS);
  }
}

describe('intervals that are accepted', () => {
  test('keep to their bounds, and to each other', () => {
    const property = fc.property(fc.oneof(given, sensible), (intervals) => {
      const resolved = acceptedOrCoded(['ERR_INVALID_OPTION'], () => resolveIntervals(intervals));
      if (resolved !== undefined) check(resolved);
    });
    fc.assert(property, runs(1500));
  });

  test('are accepted again as they came out', () => {
    const property = fc.property(fc.oneof(given, sensible), (intervals) => {
      const resolved = acceptedOrCoded(['ERR_INVALID_OPTION'], () => resolveIntervals(intervals));
      if (resolved !== undefined) expect(resolveIntervals(resolved)).toEqual(resolved);
    });
    fc.assert(property, runs(500));
  });

  test('take a grace that lets a master survive one beat, and no other', () => {
    const property = fc.property(sensible, time, (intervals, grace) => {
      const resolved = acceptedOrCoded(['ERR_INVALID_OPTION'], () => resolveIntervals(intervals));
      if (resolved === undefined) return;
      const managed = acceptedOrCoded(['ERR_INVALID_OPTION'], () => resolveManagedOptions({ grace }, resolved));
      expect(managed !== undefined).toBe(grace > 0 && graceFits(grace, resolved));
    });
    fc.assert(property, runs(500));
  });
});
