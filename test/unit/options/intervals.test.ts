import { describe, expect, it } from 'vitest';
import { resolveIntervals } from '../../../src/options/intervals.ts';
import { defaultGrace, graceFits, validity } from '../../../src/options/leaseTimes.ts';
import type { Intervals } from '../../../src/options/options.ts';

describe('resolveIntervals', () => {
  it('gives the defaults of the original', () => {
    const defaults = { INIT: 0, MASTER: 2000, SLAVE: 2500, TICKING: 2000, ERROR: 5000, POLL: 500, SYNC: 250 };
    expect(resolveIntervals()).toEqual(defaults);
    expect(resolveIntervals({})).toEqual(defaults);
    expect(resolveIntervals({ MASTER: undefined, poll: undefined })).toEqual(defaults);
  });

  it('derives POLL and SYNC from the intervals that were set', () => {
    expect(resolveIntervals({ MASTER: 100, SLAVE: 150, TICKING: 100 })).toMatchObject({ POLL: 30, SYNC: 12.5 });
    expect(resolveIntervals({ MASTER: 400, SLAVE: 2500, TICKING: 100 }).POLL).toBe(100);
    expect(resolveIntervals({ MASTER: 1, SLAVE: 3, TICKING: 20 }).POLL).toBe(1);
  });

  it('takes names in either case, and both when they agree', () => {
    expect(resolveIntervals({ master: 1500, INIT: 7, init: 7 })).toMatchObject({
      MASTER: 1500,
      INIT: 7,
    });
  });

  it('refuses one interval with two values, and shows both', () => {
    expect(() => resolveIntervals({ MASTER: 1000, master: 1200 })).toThrow(
      'intervals.MASTER (1000) and intervals.master (1200) are the same interval with two values',
    );
  });

  it('refuses what is no time', () => {
    for (const value of ['2000', Number.NaN, Infinity, -1, 0, 0.5, 2 ** 31, null, 5n, {}, [2000], () => 1]) {
      expect(() => resolveIntervals({ ERROR: value }), String(value)).toThrow(
        /^intervals\.ERROR must be a number from/,
      );
    }
    expect(() => resolveIntervals({ init: -1 })).toThrow(
      'intervals.init must be a number from 0 to 2147483647, not -1',
    );
    expect(resolveIntervals({ INIT: 0, SYNC: 0, ERROR: 2 ** 31 - 1 })).toMatchObject({ SYNC: 0, ERROR: 2 ** 31 - 1 });
  });

  it('names the nearest interval for an unknown one', () => {
    expect(() => resolveIntervals({ Master: 1 })).toThrow(
      'intervals.Master is not a known option; did you mean MASTER?',
    );
    expect(() => resolveIntervals({ TICKNG: 1 })).toThrow('did you mean TICKING?');
    expect(() => resolveIntervals({ heartbeat: 1 })).toThrow(/intervals\.heartbeat is not a known option$/);
  });

  it.each([
    [{ MASTER: 2500 }, 'intervals.MASTER (2500) must be less than intervals.SLAVE (2500 by default)'],
    [{ slave: 1000 }, 'intervals.MASTER (2000 by default) must be less than intervals.SLAVE (1000)'],
    [{ POLL: 2500, TICKING: 5000 }, 'intervals.POLL (2500) must be less than intervals.SLAVE (2500 by default)'],
    [{ POLL: 2001 }, 'intervals.POLL (2001) must be at most intervals.TICKING (2000 by default)'],
    [{ SYNC: 2001 }, 'intervals.SYNC (2001) must be at most intervals.MASTER (2000 by default)'],
    [
      { MASTER: 2450, TICKING: 500 },
      'intervals.MASTER (2450) + intervals.POLL (500 by default) + the grace (300) must be less than 95 % of intervals.SLAVE (2500 by default) + intervals.TICKING (500)',
    ],
  ])('refuses the contradiction in %j, and shows both values', (given, message) => {
    expect(() => resolveIntervals(given)).toThrow(message);
  });
});

describe('graceFits', () => {
  it('leaves the master of the defaults and of the benchmarks time for a failed beat', () => {
    for (const given of [{}, { MASTER: 100, SLAVE: 150, TICKING: 100 }]) {
      const intervals = resolveIntervals(given);
      expect(graceFits(defaultGrace(intervals), intervals)).toBe(true);
    }
  });

  it('draws the line where the validity of the protocol ends', () => {
    const intervals: Intervals = { ...resolveIntervals(), MASTER: 1000, POLL: 100 };
    const longest = validity(intervals) - 1100;
    expect(graceFits(longest - 0.001, intervals)).toBe(true);
    expect(graceFits(longest, intervals)).toBe(false);
  });
});
