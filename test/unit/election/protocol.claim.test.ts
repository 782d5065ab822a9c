/**
 * Rules 1, 2, 5 and 11 of docs/explain/protocol.md, how a member looks and claims, against the pure core: a clock that is
 * handed in, and no timers.
 */
import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import type { Lease } from '../../../src/store/store.ts';
import { leaseOf } from '../../support/memoryStore.ts';
import { Bench, grace, intervals, master, seeing, standby, ttl, validity } from './bench.ts';

describe('rule 1: a standby counts from when it received the answer that first showed the version', () => {
  test('not from when it asked', () => {
    const bench = new Bench().send({ type: 'run' }).send({ type: 'tick' }).tip(1);
    bench.pass(300).observed(leaseOf('other'));
    const received = bench.now;
    seeing(bench, leaseOf('other'), ttl - 1);
    expect(bench.types()).not.toContain('writeLease');
    bench.pass(1);
    expect(bench.now - received).toBe(ttl);
    expect(bench.types()).toContain('writeLease');
  });

  const seen = leaseOf('other', { term: 1, beat: 4 });
  const versions: [string, Lease | null][] = [
    ['a beat', { ...seen, beat: 5 }],
    ['an earlier beat that lands late', { ...seen, beat: 3 }],
    ['another claim', { ...seen, claim: 'other/again' }],
    ['a release under another term', { ...seen, holder: null }],
    ['no lease any more', null],
  ];
  test.each(versions)('%s is a new version: the wait starts again, and who was ticking is slave', (_, lease) => {
    const bench = standby(seen, 2);
    seeing(bench, seen, intervals.SLAVE);
    expect(bench.phase).toBe('ticking');
    bench.take();
    bench.pass(intervals.POLL).observed(lease);
    expect(bench.phase).toBe('slave');
    seeing(bench, lease, ttl - 1);
    expect(bench.types()).not.toContain('writeLease');
    bench.pass(1);
    expect(bench.types()).toContain('writeLease');
  });

  test('doubt comes by a look at the very end of SLAVE, which a beat that is just due still passes', () => {
    const bench = standby(seen, 2);
    seeing(bench, seen, intervals.SLAVE - 1);
    expect(bench.state.pending).toBeNull();
    bench.pass(1);
    expect([bench.phase, bench.state.pending === null]).toEqual(['slave', false]);
    bench.observed({ ...seen, beat: seen.beat + 1 });
    expect(bench.phase).toBe('slave');
  });

  test('a new record is a new version, even while the lease stays', () => {
    const lease = leaseOf('other');
    const bench = seeing(standby(lease, 1), lease, ttl - 2 * intervals.POLL);
    bench.pass(intervals.POLL);
    expect(bench.phase).toBe('ticking');
    bench.observed(lease, true).tip(2);
    expect(bench.phase).toBe('slave');
    bench.take();
    seeing(bench, lease, ttl - 1);
    expect(bench.types()).not.toContain('writeLease');
    bench.pass(1);
    expect(bench.took('writeLease')[0]?.next.term).toBe(3);
  });

  test('progress without a new beat is no new version', () => {
    const bench = standby();
    seeing(bench, leaseOf('other', { identifier: 7, count: 3 }), ttl);
    expect(bench.types()).toContain('writeLease');
  });

  test('a failed look neither restarts the wait nor ends it', () => {
    const lease = leaseOf('other');
    const bench = standby(lease);
    bench.pass(intervals.POLL).failed('observe');
    bench.pass(intervals.POLL).observed(lease);
    seeing(bench, lease, ttl - 2 * intervals.POLL - 1);
    expect(bench.types()).not.toContain('writeLease');
    bench.pass(1);
    expect(bench.types()).toContain('writeLease');
  });

  test('the tip is read again when the lease shows a later term', () => {
    const bench = standby();
    bench.pass(intervals.POLL).observed(leaseOf('third', { term: 5 }));
    expect(bench.types()).toEqual(['observe', 'readTip']);
    bench.tip(5);
    expect(bench.took('seen')[0]?.lease?.term).toBe(5);
  });

  test('what others wrote is news, what the member wrote itself is not', () => {
    const bench = master().pass(validity);
    const own = { ...bench.claimed, beat: 1, identifier: 'older' };
    bench.take();
    bench.tip(1).observed(own);
    expect(bench.types()).not.toContain('seen');
    bench
      .written(false)
      .pass(intervals.POLL)
      .tip(2)
      .observed(leaseOf('other', { term: 2 }));
    expect(bench.took('seen')).toHaveLength(1);
  });
});

describe('rule 2: the claim', () => {
  test('waits for the longer of its own and the seen time to live', () => {
    const slow = leaseOf('other', { ttl: 8000 });
    const bench = seeing(standby(slow), slow, 7999);
    expect(bench.types()).not.toContain('writeLease');
    bench.pass(1);
    expect(bench.types()).toContain('writeLease');
    const quick = leaseOf('other', { ttl: 100 });
    const other = seeing(standby(quick), quick, ttl - 1);
    expect(other.types()).not.toContain('writeLease');
  });

  test('waits as long as the holder on record counts on, whatever lease has overwritten its own', () => {
    const quick = leaseOf('other', { ttl: 100 });
    const bench = new Bench().send({ type: 'run' }).send({ type: 'tick' }).tip(1, 8000).observed(quick);
    seeing(bench, quick, 7999);
    expect(bench.types()).not.toContain('writeLease');
    bench.pass(1);
    expect(bench.types()).toContain('writeLease');
  });

  test('comes at once where there is neither lease nor record', () => {
    const bench = new Bench().look(null, 0);
    expect(bench.took('writeLease')).toMatchObject([{ expected: null, next: { term: 1, beat: 0, holder: 'me' } }]);
  });

  test('comes at once on a released lease of the tip', () => {
    const bench = standby();
    const released = leaseOf(null, { beat: 9 });
    bench.pass(intervals.POLL).observed(released);
    expect(bench.took('writeLease')).toMatchObject([{ expected: released, next: { term: 2, holder: 'me' } }]);
  });

  test('comes at once when the lease still names this member by the claim it held', () => {
    const bench = master().pass(validity);
    bench.take();
    bench.tip(1).observed(bench.claimed);
    expect(bench.took('writeLease')[0]?.next.term).toBe(2);
  });

  const waits: [string, Lease | null][] = [
    ['a stale release, below the tip', leaseOf(null, { term: 1 })],
    ['no lease where there are records', null],
  ];
  test.each(waits)('does not come at once on %s', (_, lease) => {
    const bench = new Bench().look(lease, 2);
    expect(bench.phase).toBe('slave');
    expect(bench.types()).not.toContain('writeLease');
  });

  test('does not come at once on a release above the tip, whose record is not there', () => {
    const bench = new Bench().look(leaseOf(null, { term: 3 }), 2).tip(2);
    expect(bench.phase).toBe('slave');
    expect(bench.types()).not.toContain('writeLease');
  });

  test('does not come at once on its own lease once another record is above it', () => {
    const bench = master().pass(validity);
    bench.take();
    bench.tip(2).observed(bench.claimed);
    expect(bench.phase).toBe('slave');
    expect(bench.types()).not.toContain('writeLease');
  });

  test('does not come at once on a lease that names this member by a claim it never held', () => {
    const bench = master().pass(validity);
    bench.take();
    bench.tip(1).observed({ ...bench.claimed, claim: 'me/of old' });
    expect(bench.types()).not.toContain('writeLease');
  });

  test('takes the term above the tip, whatever the lease says, a fresh id, and the progress that was seen', () => {
    const lease = leaseOf('other', { term: 3, identifier: 'x', count: 12, recent: ['w', 'x'] });
    const bench = seeing(standby(lease, 5), lease, ttl);
    expect(bench.claimed).toEqual({ ...lease, term: 6, beat: 0, holder: 'me', claim: 'me/1', ttl });
    bench.written().inserted().tip(7).pass(intervals.POLL);
    bench.tip(7).observed(lease);
    seeing(bench, lease, ttl);
    expect(bench.claimed).toMatchObject({ term: 8, claim: 'me/2' });
  });

  test('is won by the lease, then the record, then no higher record, in this order', () => {
    const bench = seeing(standby(), leaseOf('other'), ttl);
    bench.take();
    expect(bench.written().types()).toEqual(['insertTerm']);
    expect(bench.inserted().types()).toEqual(['readTip']);
    expect(bench.tip(2).types()).toEqual(['phase', 'lease', 'elected']);
  });

  const losses: [string, (bench: Bench) => Bench][] = [
    ['another wrote the lease first', (bench) => bench.written(false)],
    ['another has the record', (bench) => bench.written().inserted('other/2')],
    ['a higher record is there', (bench) => bench.written().inserted().tip(3)],
    ['the record is of another claim', (bench) => bench.written().inserted().tip(2, 0, 'first', 'other/2')],
  ];
  test.each(losses)('is lost when %s: everything is read again and the full wait runs again', (_, lose) => {
    const bench = lose(seeing(standby(), leaseOf('other'), ttl));
    expect(bench.phase).toBe('slave');
    expect(bench.state.seen).toBeNull();
    bench.pass(intervals.POLL);
    bench.take();
    bench.tip(3).observed(bench.claimed);
    seeing(bench, bench.claimed, ttl - 1);
    expect(bench.types()).not.toContain('writeLease');
    bench.pass(1);
    expect(bench.took('writeLease')[0]?.next.term).toBe(4);
  });

  test('is not repeated as fast as the store answers, where a lease invites every claim and refuses it', () => {
    const released = leaseOf(null);
    const bench = new Bench().look(released, 1);
    for (let tries = 0; tries < 3; tries++) {
      bench.take();
      bench.written(false).pass(intervals.POLL - 1);
      expect(bench.types()).not.toContain('readTip');
      bench.pass(1).tip(1).observed(released);
      expect(bench.types()).toContain('writeLease');
    }
  });

  test('a look that was under way when it began is answered in vain', () => {
    const lease = leaseOf('other');
    const bench = seeing(standby(lease), lease, ttl - intervals.POLL);
    bench.pass(intervals.POLL);
    const { request } = bench.asked('observe');
    bench.take();
    bench.send({
      type: 'observed',
      request,
      observation: { lease: { ...lease, beat: 9 }, newer: true, settled: true, epoch: 'first' },
    });
    expect(bench.types()).toEqual([]);
    expect(bench.winClaim().phase).toBe('master');
  });
});

describe('rule 5: an unknown outcome', () => {
  test('of the lease: the claim is written over itself, and goes on only if that is acknowledged', () => {
    const bench = seeing(standby(), leaseOf('other'), ttl);
    const sentAt = bench.now;
    const { claimed } = bench;
    bench.take();
    bench.pass(900).failed('writeLease');
    expect(bench.took('writeLease')).toMatchObject([{ expected: claimed, next: { ...claimed, beat: 1 } }]);
    bench.written();
    expect(bench.types()).toEqual(['insertTerm']);
    bench.inserted().tip(2);
    expect(bench.took('lease')[0]?.validUntil).toBe(sentAt + validity);
    bench.pass(intervals.MASTER);
    expect(bench.took('beat')).toMatchObject([{ beat: 2 }]);
  });

  test('of the lease: without it the claim is lost, though it may land later', () => {
    const bench = seeing(standby(), leaseOf('other'), ttl);
    bench.failed('writeLease').written(false);
    expect(bench.phase).toBe('slave');
    bench.pass(intervals.POLL);
    bench.take();
    bench.tip(1).observed(bench.claimed).tip(1);
    expect(bench.types()).not.toContain('writeLease');
  });

  test.each([['ticking'], ['released']])(
    'is none where the store was not asked (%s): what was waited counts on',
    (how) => {
      const lease = how === 'released' ? leaseOf(null) : leaseOf('other');
      const bench = how === 'released' ? standby() : seeing(standby(), lease, ttl);
      if (how === 'released') bench.pass(intervals.POLL).observed(lease);
      const before = bench.claimed;
      bench.take();
      bench.pass(900).notSent('writeLease');
      expect(bench.types()).toEqual(['observe']);
      bench.observed(lease);
      const [again] = bench.took('writeLease');
      expect(again).toMatchObject({ expected: lease, next: { term: before.term, beat: 0 } });
      expect(again?.next.claim).not.toBe(before.claim);
      bench.winClaim();
      expect(bench.took('lease')[0]?.validUntil).toBe(bench.now + validity);
    },
  );

  test('that was not asked for is no claim of a lease that has changed meanwhile', () => {
    const lease = leaseOf('other');
    const bench = seeing(standby(), lease, ttl);
    bench.notSent('writeLease').take();
    bench.observed({ ...lease, beat: lease.beat + 1 });
    expect([bench.phase, bench.types().includes('writeLease')]).toEqual(['slave', false]);
  });

  test('of a first claim: the store was not asked, so it is looked at again', () => {
    const bench = new Bench().look(null, 0).notSent('writeLease');
    expect(bench.phase).toBe('slave');
    bench.observed(null).winClaim();
    expect(bench.phase).toBe('master');
  });

  test('of the record that was not sent: the lease is written, so it is proved', () => {
    const bench = seeing(standby(), leaseOf('other'), ttl).written();
    bench.take();
    bench.notSent('insertTerm');
    expect(bench.took('writeLease')).toMatchObject([{ next: { beat: 1 } }]);
  });

  test('of the record: a second insert that meets its own claim passes', () => {
    const bench = seeing(standby(), leaseOf('other'), ttl);
    bench.written().failed('insertTerm').written();
    bench.inserted(bench.claimed.claim).tip(2);
    expect(bench.phase).toBe('master');
  });

  test.each(['writeLease', 'insertTerm', 'readTip'] as const)(
    'of %s, twice: in error, and the full wait runs even on the lease and record it left behind',
    (last) => {
      const bench = seeing(standby(), leaseOf('other'), ttl);
      if (last === 'writeLease') bench.failed('writeLease').failed('writeLease');
      if (last === 'insertTerm') bench.written().failed('insertTerm').written().failed('insertTerm');
      if (last === 'readTip') bench.written().failed('insertTerm').written().inserted().failed('readTip');
      expect(bench.phase).toBe('error');
      bench.pass(intervals.ERROR);
      bench.take();
      bench.tip(2).observed(bench.claimed);
      expect(bench.phase).toBe('slave');
      seeing(bench, bench.claimed, ttl - 1);
      expect(bench.types()).not.toContain('writeLease');
      bench.pass(1);
      expect(bench.took('writeLease')[0]?.next.term).toBe(3);
    },
  );
});

describe('rule 11: a store without history', () => {
  const unsettled = { settled: false };
  const second = { settled: false, epoch: 'second' };

  const atOnce: [string, Lease | null, number][] = [
    ['neither lease nor record', null, 0],
    ['a released lease of the tip', leaseOf(null), 1],
  ];
  test.each(atOnce)('where it is not settled, the full wait runs on %s', (_, lease, tip) => {
    const bench = new Bench().look(lease, tip, unsettled);
    expect(bench.phase).toBe('slave');
    seeing(bench, lease, ttl - 1, unsettled);
    expect(bench.types()).not.toContain('writeLease');
    bench.pass(1);
    expect(bench.took('writeLease')).toMatchObject([{ expected: lease, next: { term: tip + 1 } }]);
  });

  test.each(atOnce)('as soon as it is settled, a member claims at once on %s', (_, lease, tip) => {
    const bench = seeing(new Bench().look(lease, tip, unsettled), lease, ttl / 2, unsettled);
    bench.pass(intervals.POLL).observed(lease);
    expect(bench.types()).toContain('writeLease');
  });

  test('its own last claim is not followed at once, either', () => {
    const bench = master().pass(validity);
    bench.take();
    bench.tip(1).observed(bench.claimed, false, unsettled);
    expect(bench.phase).toBe('slave');
    expect(bench.types()).not.toContain('writeLease');
  });

  test('a member that waited in full marks the store as settled for so long, and no other member does', () => {
    const bench = seeing(new Bench().look(null, 0, unsettled), null, ttl, unsettled);
    bench.take();
    expect(bench.winClaim().took('settle')).toEqual([{ type: 'settle', epoch: 'first', wait: ttl }]);
    expect(new Bench().look(null, 0).winClaim().types()).not.toContain('settle');
  });

  test('a claim that is won too late to be used marks it, too', () => {
    const bench = seeing(new Bench().look(null, 0, unsettled), null, ttl, unsettled)
      .written()
      .inserted();
    bench.pass(validity).tip(1);
    expect(bench.phase).not.toBe('master');
    expect(bench.types()).toContain('settle');
  });

  test('a look asks whether it is settled for the longest time to live that was seen', () => {
    const bench = new Bench().look(leaseOf('other', { ttl: 9000 }), 1).pass(intervals.POLL);
    expect(bench.took('observe').map(({ wait }) => wait)).toEqual([ttl, 9000]);
  });

  test('what it says of a shorter wait counts for nothing, until it is asked about the longer one', () => {
    const released = leaseOf(null, { ttl: 9000 });
    const bench = new Bench().look(released, 1);
    expect(bench.types()).not.toContain('writeLease');
    bench.pass(intervals.POLL).observed(released);
    expect(bench.types()).toContain('writeLease');
  });

  test('in another epoch the tip is read again, and the wait starts from there, though the version looks the same', () => {
    const bench = seeing(new Bench().look(null, 0, unsettled), null, ttl - 2 * intervals.POLL, unsettled);
    expect(bench.phase).toBe('ticking');
    bench.take();
    bench.pass(intervals.POLL).observed(null, false, second);
    expect(bench.types()).toEqual(['observe', 'readTip']);
    bench.tip(0, 0, 'second');
    expect(bench.phase).toBe('slave');
    seeing(bench, null, ttl - 1, second);
    expect(bench.types()).not.toContain('writeLease');
    bench.pass(1);
    expect(bench.types()).toContain('writeLease');
  });

  test('a tip of yet another epoch is no part of the look: it is made again', () => {
    const bench = standby().pass(intervals.POLL);
    bench.observed(null, false, second).tip(0, 0, 'third');
    expect(bench.asked('observe')).toMatchObject({ tip: 0 });
    bench.observed(null, false, { settled: false, epoch: 'third' });
    expect(bench.state.seen).toMatchObject({ tip: { term: 0, epoch: 'third' }, settled: false });
  });

  test('terms start again with the store', () => {
    const bench = standby(leaseOf('other', { term: 57 }), 57).pass(intervals.POLL);
    bench.observed(null, false, second).tip(0, 0, 'second');
    seeing(bench, null, ttl, second);
    expect(bench.claimed.term).toBe(1);
  });

  test('a claim is lost if the store is another by the time of its last look', () => {
    const bench = seeing(new Bench().look(null, 0, unsettled), null, ttl, unsettled);
    bench.take();
    bench.winClaim('second');
    expect(bench.phase).toBe('slave');
    expect(bench.types()).toEqual(['insertTerm', 'readTip', 'phase']);
  });

  test('a master whose lease is gone says so', () => {
    const bench = master().pass(intervals.MASTER);
    bench.take();
    expect(bench.beaten(false).took('deposed')).toMatchObject([{ reason: expect.stringContaining('is gone') }]);
  });
});

test('the first look waits for INIT', () => {
  const bench = new Bench({ holder: 'me', intervals: { ...intervals, INIT: 700 }, grace }).send({ type: 'run' });
  bench.pass(699);
  expect(bench.types()).toEqual(['phase']);
  bench.pass(1);
  expect(bench.types()).toEqual(['readTip']);
});

test('a grace that leaves no time for work is refused', () => {
  const bench = new Bench({ holder: 'me', intervals, grace: validity });
  assert.throws(() => bench.send({ type: 'run' }), /grace/);
});
