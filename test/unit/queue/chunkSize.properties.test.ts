/** The size of a run, whatever runs took before: within its bounds, it grows by steps and comes down at once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkSize } from '../../../src/queue/chunkSize.ts';
import { runs } from '../../support/propertyRuns.ts';

const GROWTH = 4;
const past = fc.array(
  fc.record({
    /** The share of the tasks that the run could carry. */
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    ms: fc.oneof(
      fc.constant(0),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1e9, noNaN: true }),
    ),
  }),
  { maxLength: 40 },
);

test('is from 1 to the most, grows at most by four, and a slow run counts at once', () => {
  const property = fc.property(
    fc.double({ min: 0.1, max: 100, noNaN: true }),
    fc.integer({ min: 1, max: 256 }),
    past,
    (budget, most, each) => {
      const size = new ChunkSize(budget, most);
      let slowest = 0;
      for (const { share, ms } of each) {
        const before = size.tasks;
        const count = Math.round(share * before);
        size.ran(count, ms);
        expect(Number.isInteger(size.tasks)).toBe(true);
        expect(size.tasks).toBeGreaterThanOrEqual(1);
        expect(size.tasks).toBeLessThanOrEqual(most);
        expect(size.tasks).toBeLessThanOrEqual(GROWTH * before);
        if (count === 0 || ms === 0) {
          expect(size.tasks, 'nothing was measured').toBe(before);
          continue;
        }
        const one = ms / count;
        if (one >= slowest && size.tasks > 1) expect(size.tasks * one).toBeLessThanOrEqual(budget * (1 + 1e-9));
        slowest = Math.max(slowest, one);
      }
    },
  );
  fc.assert(property, runs(1000));
});

test('tasks that always take the same fill the budget in the end', () => {
  const property = fc.property(fc.double({ min: 0.01, max: 50, noNaN: true }), (one) => {
    const size = new ChunkSize(10, 256);
    for (let run = 0; run < 10; run += 1) size.ran(size.tasks, size.tasks * one);
    const fitting = Math.max(1, Math.min(256, Math.floor(10 / one)));
    expect(Math.abs(size.tasks - fitting)).toBeLessThanOrEqual(1);
  });
  fc.assert(property, runs(500));
});
