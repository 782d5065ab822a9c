/** Hints that the lease may have changed: they make a standby look sooner, and nothing else. */
import { describe, expect, test } from 'vitest';
import { leaseOf } from '../../support/memoryStore.ts';
import { Bench, intervals, master, seeing, standby, ttl } from './bench.ts';

const apart = intervals.POLL / 20;
const hinted = (bench: Bench): Bench => bench.send({ type: 'hint' });

describe('a hint', () => {
  test('makes a standby look at once, and claim what was released', () => {
    const bench = hinted(standby().pass(apart));
    expect(bench.types()).toEqual(['observe']);
    bench.observed(leaseOf(null));
    expect(bench.types()).toContain('writeLease');
  });

  test('makes it look one time, while the look is under way', () => {
    const bench = hinted(hinted(standby().pass(apart)));
    expect(bench.took('observe')).toHaveLength(1);
  });

  test('right after a look is followed a little later', () => {
    const bench = hinted(standby().pass(1));
    expect(bench.types()).toEqual([]);
    bench.pass(apart - 2);
    expect(bench.types()).toEqual([]);
    bench.pass(1);
    expect(bench.types()).toEqual(['observe']);
  });

  test('that follows on another without end makes no more than twenty looks in every POLL', () => {
    const bench = standby();
    let looks = 0;
    for (const end = bench.now + 10 * intervals.POLL; bench.now < end; ) {
      hinted(bench.pass(1));
      const asked = bench.took('observe').length;
      if (asked > 0) bench.observed(leaseOf('other'));
      looks += asked;
    }
    expect(looks).toBeGreaterThan(100);
    expect(looks).toBeLessThanOrEqual(200);
  });

  test('leaves the next look where it is, if that comes sooner', () => {
    const bench = hinted(standby().pass(intervals.POLL - 1));
    expect(bench.types()).toEqual(['observe']);
    bench.observed(leaseOf('other')).pass(intervals.POLL - 1);
    expect(bench.types()).toEqual([]);
    bench.pass(1);
    expect(bench.types()).toEqual(['observe']);
  });

  test('shortens no wait: a lease that stays as it is is claimed after the same time', () => {
    const bench = standby();
    const from = bench.now;
    for (const end = from + ttl - 1; bench.now < end; ) {
      hinted(bench.pass(1));
      if (bench.state.pending !== null) bench.observed(leaseOf('other'));
      expect(bench.state.claim).toBeNull();
    }
    expect(bench.took('writeLease')).toEqual([]);
    seeing(bench, leaseOf('other'), 2 * apart);
    expect(bench.took('writeLease')).toHaveLength(1);
  });

  const deaf: [string, () => Bench][] = [
    ['a master', master],
    [
      'a member that waits for INIT',
      () => new Bench({ holder: 'me', intervals: { ...intervals, INIT: 1000 }, grace: 0 }).send({ type: 'run' }),
    ],
    [
      'a member whose store fails',
      () => standby().pass(intervals.POLL).failed('observe').pass(intervals.POLL).failed('observe'),
    ],
    ['a member that claims', () => standby().pass(intervals.POLL).observed(leaseOf(null))],
    ['a member that stops', () => standby().send({ type: 'stop' })],
  ];
  test.each(deaf)('is nothing to %s', (_, make) => {
    const bench = make();
    bench.take();
    const { wakeAt } = bench.state;
    hinted(bench.pass(30));
    expect(bench.types()).toEqual([]);
    expect(bench.state.wakeAt).toBe(wakeAt);
  });
});
