import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lastOnGrid, nextOnGrid } from '../../../src/time/grid.ts';

const time = fc.double({ min: 0, max: 1e9, noNaN: true });
const period = fc.double({ min: 10, max: 1e6, noNaN: true });

test('the last time of a grid is not after the time, and less than a period before it', () => {
  fc.assert(
    fc.property(time, period, time, (at, every, phase) => {
      const last = lastOnGrid(at, every, phase);
      expect(last).toBeLessThanOrEqual(at + every * 1e-5);
      expect(last).toBeGreaterThan(at - every * (1 + 1e-5));
    }),
  );
});

test('a time that was found on a grid is on it, whatever is lost in sums of fractions', () => {
  fc.assert(
    fc.property(time, period, time, (at, every, phase) => {
      const last = lastOnGrid(at, every, phase);
      expect(lastOnGrid(last, every, phase)).toBeCloseTo(last, 3);
      expect(lastOnGrid(last + every, every, phase)).toBeCloseTo(last + every, 3);
      expect(nextOnGrid(last, every, phase)).toBeCloseTo(last + every, 3);
    }),
  );
});
