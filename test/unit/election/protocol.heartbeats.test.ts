/** Beats and looks of one coordinator fall on common times, and none is later for it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leaseOf } from '../../support/memoryStore.ts';
import { Bench, grace, intervals, lead, master } from './bench.ts';

const { MASTER, POLL } = intervals;
const PHASE = 123.4;
const onGrid = { holder: 'me', intervals, grace, phase: PHASE };

/** When beats were due, while each is acknowledged at once. */
function beatsOf(bench: Bench, count: number): number[] {
  const due: number[] = [];
  while (due.length < count) {
    bench.pass(1);
    for (const beat of bench.took('beat')) {
      due.push(beat.due);
      bench.send({ type: 'beaten', request: beat.request, matched: true });
    }
  }
  return due;
}

const off = (time: number, period: number): number => {
  const rest = (((time - PHASE) % period) + period) % period;
  return Math.min(rest, period - rest);
};

describe('a master', () => {
  test('without a grid beats every MASTER from its claim on', () => {
    const bench = master();
    const [first = 0, second = 0] = beatsOf(bench, 2);
    expect(second - first).toBe(MASTER);
  });

  test('on a grid beats at times that all share, the first one no later than MASTER after its claim', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 3 * MASTER, noNaN: true }), (later) => {
        const bench = master({ ...onGrid, phase: PHASE + later });
        const from = bench.now;
        const due = beatsOf(bench, 4);
        // The first one may come too soon for the grid.
        for (const time of due.slice(1)) expect(off(time - later, MASTER)).toBeLessThan(0.01);
        for (const [index, time] of due.entries()) {
          expect(time - (due[index - 1] ?? from)).toBeLessThanOrEqual(MASTER + 0.01);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('is in time and on the grid with whatever lead, and a lead that sinks adds no more than it has sunk', () => {
    const leads = fc.array(fc.double({ min: 0, max: MASTER / 20, noNaN: true }), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(leads, (given) => {
        const bench = master(onGrid);
        let last = { sentAt: bench.now, lead: 0 };
        for (const [index, now] of given.entries()) {
          while (bench.took('beat').length === 0) bench.pass((bench.state.wakeAt ?? bench.now) - bench.now);
          const { due, request } = bench.asked('beat');
          expect(bench.now).toBeLessThanOrEqual(due + 0.01);
          if (index > 1) expect(bench.now - last.sentAt).toBeLessThanOrEqual(MASTER + last.lead + 0.01);
          if (index > 1) expect(off(due, MASTER)).toBeLessThan(0.01);
          bench.lead = now;
          last = { sentAt: bench.now, lead: due - bench.now };
          bench.send({ type: 'beaten', request, matched: true });
        }
      }),
      { numRuns: 100 },
    );
  });

  test('comes back to the grid after an early beat, which says so', () => {
    const bench = master(onGrid);
    beatsOf(bench, 2);
    bench.pass(700);
    bench.send({ type: 'progress' });
    const early: boolean[] = [];
    const due: number[] = [];
    while (due.length < 3) {
      bench.pass(1);
      for (const beat of bench.took('beat')) {
        due.push(beat.due);
        early.push(beat.early);
        bench.send({ type: 'beaten', request: beat.request, matched: true });
      }
    }
    expect(early).toEqual([true, false, false]);
    expect(off(due[0] ?? 0, MASTER)).toBeGreaterThan(lead);
    for (const time of due.slice(1)) expect(off(time, MASTER)).toBeLessThan(0.01);
  });
});

describe('a standby', () => {
  test('on a grid looks at times that all share, and no later than POLL after its last look', () => {
    const bench = new Bench(onGrid).look(leaseOf('other'), 1);
    bench.take();
    const looks: number[] = [];
    let last = bench.now;
    while (looks.length < 5) {
      bench.pass(1);
      for (const _ of bench.took('observe')) {
        looks.push(bench.now);
        expect(bench.now - last).toBeLessThanOrEqual(POLL + 1);
        bench.pass(20).observed(leaseOf('other', { beat: looks.length }));
        last = bench.now;
      }
    }
    for (const time of looks) expect(off(time, POLL)).toBeLessThanOrEqual(1);
  });
});
