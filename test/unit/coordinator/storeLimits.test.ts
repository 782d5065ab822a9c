/** The limits that follow from the intervals, and the intervals that a round trip needs. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTooSlow, leastIntervals, storeLimits } from '../../../src/coordinator/storeLimits.ts';
import { validity } from '../../../src/election/protocol.ts';
import { defaultGrace, resolveIntervals } from '../../../src/options/intervals.ts';
import { runs } from '../../support/propertyRuns.ts';

test('a command has what is left of the lease for two of them, and opening has 30 s', () => {
  expect(storeLimits(resolveIntervals())).toEqual({ commandTimeout: 912, connectTimeout: 30_000, freshFor: 3000 });
  const far = resolveIntervals({ MASTER: 60_000, SLAVE: 100_000, TICKING: 100_000 });
  expect(storeLimits(far)).toEqual({ commandTimeout: 64_750, connectTimeout: 64_750, freshFor: 40_000 });
});

/** What docs/guide/databases.md says. */
test.each([
  [100, 2500, 2000],
  [500, 2500, 2000],
  [600, 2500, 2000],
  [700, 2700, 2200],
  [1000, 3200, 2600],
  [2000, 5000, 4000],
])('a round trip of %d ms needs SLAVE %d and TICKING %d', (roundTrip, SLAVE, TICKING) => {
  expect(leastIntervals(resolveIntervals(), roundTrip)).toEqual({ SLAVE, TICKING });
});

const times = fc.record({
  MASTER: fc.integer({ min: 50, max: 5000 }),
  slack: fc.integer({ min: 200, max: 5000 }),
  TICKING: fc.integer({ min: 1000, max: 5000 }),
  roundTrip: fc.integer({ min: 1, max: 5000 }),
});

test('the least intervals do, are accepted, keep two commands within the lease, and are hardly more than needed', () => {
  fc.assert(
    fc.property(times, ({ MASTER, slack, TICKING, roundTrip }) => {
      const given = { MASTER, SLAVE: MASTER + slack, TICKING };
      let intervals: ReturnType<typeof resolveIntervals>;
      try {
        intervals = resolveIntervals(given);
      } catch {
        return;
      }
      const least = leastIntervals(intervals, roundTrip);
      const wider = resolveIntervals({ ...given, ...least });
      const limits = storeLimits(wider);
      expect(isTooSlow(roundTrip, limits)).toBe(false);
      expect(2 * limits.commandTimeout + MASTER + defaultGrace(wider)).toBeLessThanOrEqual(validity(wider));
      if (!isTooSlow(roundTrip, storeLimits(intervals))) return;
      const less = { ...wider, SLAVE: least.SLAVE - 200, TICKING: least.TICKING - 200 };
      expect(isTooSlow(roundTrip, storeLimits(less))).toBe(true);
    }),
    runs(300),
  );
});
