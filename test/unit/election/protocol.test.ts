/**
 * The rules of docs/explain/protocol.md against the pure core: a clock that is handed in, and no timers. All eleven are in this one
 * file, in their order, so page and tests can be read side by side.
 */
import assert from 'node:assert/strict';
import { describe, expect, test } from 'vitest';
import type { Lease } from '../../../src/store/store.ts';
import { leaseOf } from '../../support/memoryStore.ts';
import { Bench, grace, intervals, lead, master, seeing, standby, ttl, validity } from './bench.ts';

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

describe('rule 3: the beat', () => {
  test('goes out every MASTER, on the grid, under a number of its own', () => {
    const bench = master();
    const claimedAt = bench.now;
    const sent: number[] = [];
    for (let count = 1, slow = 0; count <= 5; count++) {
      bench.pass(intervals.MASTER - slow);
      sent.push(bench.now - claimedAt);
      expect(bench.took('beat')).toMatchObject([{ term: 1, beat: count }]);
      // Answers that take ever longer must not shift the next beat.
      slow = 70 * count;
      bench.pass(slow).beaten();
    }
    expect(sent).toEqual([2000, 4000, 6000, 8000, 10_000]);
  });

  test('goes out a little before it is due, so that a thread that wakes late is on time', () => {
    const bench = master();
    const claimedAt = bench.now;
    bench.pass(intervals.MASTER - lead - 1);
    expect(bench.took('beat')).toHaveLength(0);
    bench.pass(1);
    expect(bench.took('beat')).toMatchObject([{ due: claimedAt + intervals.MASTER }]);
    bench.beaten().pass(intervals.MASTER);
    expect(bench.took('beat')).toMatchObject([{ due: claimedAt + 2 * intervals.MASTER }]);
  });

  test('that had to wait for the answer to the one before is due from then on', () => {
    const bench = master().pass(intervals.MASTER - lead);
    bench.take();
    bench.send({ type: 'progress' }).pass(intervals.POLL - 1);
    expect(bench.took('beat')).toHaveLength(0);
    bench.beaten();
    expect(bench.took('beat')).toMatchObject([{ due: bench.now + lead }]);
  });

  test('a beat that was held up does not shift the next', () => {
    const bench = master();
    bench.now += intervals.MASTER + 300;
    bench.send({ type: 'tick' });
    expect(bench.took('beat')).toHaveLength(1);
    bench.beaten().pass(intervals.MASTER - 301 - lead);
    expect(bench.took('beat')).toHaveLength(0);
    bench.pass(1);
    expect(bench.took('beat')).toHaveLength(1);
  });

  test('that was held up for longer than MASTER is followed by one a MASTER later, not by those that were missed', () => {
    const bench = master({ holder: 'me', intervals: { ...intervals, SLAVE: 60_000 }, grace });
    bench.now += 3 * intervals.MASTER + 300;
    bench
      .send({ type: 'tick' })
      .beaten()
      .pass(intervals.MASTER - lead - 1);
    expect(bench.took('beat')).toHaveLength(1);
    bench.pass(1);
    expect(bench.took('beat')).toHaveLength(1);
  });

  test('another one while the first is under way waits for POLL', () => {
    const bench = master().send({ type: 'progress' }).pass(intervals.SYNC);
    expect(bench.took('beat')).toHaveLength(1);
    bench.send({ type: 'progress' }).pass(intervals.POLL - 1);
    expect(bench.took('beat')).toHaveLength(0);
    bench.pass(1);
    expect(bench.took('beat')).toHaveLength(1);
  });

  test('comes early when a server comes back', () => {
    const bench = master().pass(intervals.SYNC).send({ type: 'available' }).pass(1);
    expect(bench.took('beat')).toHaveLength(1);
  });

  test('that matches nothing has lost: no lease first, then slave', () => {
    const bench = master().pass(intervals.MASTER);
    bench.take();
    bench.beaten(false);
    expect(bench.phase).toBe('slave');
    expect(bench.types()).toEqual(['noLease', 'phase', 'deposed', 'readTip']);
    bench.tip(1).observed(bench.claimed);
    expect(bench.types()).not.toContain('writeLease');
  });

  test('each attempt has a new number, and few are under way at once', () => {
    const bench = master({ holder: 'me', intervals: { ...intervals, SLAVE: 60_000 }, grace });
    for (let count = 0; count < 8; count++) bench.send({ type: 'progress' }).pass(intervals.POLL);
    expect(bench.took('beat').map(({ beat }) => beat)).toEqual([1, 2, 3, 4]);
    bench.failed('beat').pass(intervals.POLL);
    expect(bench.took('beat').map(({ beat }) => beat)).toEqual([5]);
  });

  test('comes early when there is progress, at most once per SYNC', () => {
    const bench = master();
    const times: number[] = [];
    for (let ms = 0; ms < 1000; ms += 10) {
      bench.send({ type: 'progress' });
      if (bench.took('beat').length > 0) {
        times.push(ms);
        bench.beaten();
      }
      bench.pass(10);
      if (bench.took('beat').length > 0) {
        times.push(ms + 10);
        bench.beaten();
      }
    }
    expect(times).toEqual([250, 500, 750, 1000]);
  });

  test('is not sent for each time a server comes back, but at most once per SYNC', () => {
    const bench = master();
    for (let ms = 0; ms < 1000; ms++) {
      bench.send({ type: 'available' }).pass(1);
      if (bench.state.mastership?.inFlight.size === 1) bench.failed('beat');
    }
    expect(bench.took('beat').length).toBeLessThanOrEqual(4);
  });
});

describe('rule 4: the validity', () => {
  test('runs from before the claim was sent', () => {
    const bench = new Bench().look(null, 0);
    const sentAt = bench.now;
    bench.pass(200).written().pass(200).inserted().pass(200).tip(1);
    expect(bench.took('lease')).toEqual([{ type: 'lease', term: 1, validUntil: sentAt + validity }]);
  });

  test('runs from before the beat was sent, and an answer to an earlier one does not shorten it', () => {
    const bench = master().pass(intervals.MASTER);
    const first = bench.now;
    bench.pass(intervals.POLL).send({ type: 'progress' });
    bench.take();
    bench.pass(100).beaten();
    expect(bench.took('lease')[0]?.validUntil).toBe(first + intervals.POLL + validity);
    bench.beaten(true, 1);
    expect(bench.took('lease')[0]?.validUntil).toBe(first + intervals.POLL + validity);
  });

  test('ends by itself, in error, and a late answer does not revive it', () => {
    const bench = master().pass(intervals.MASTER);
    bench.pass(validity - intervals.MASTER - 1);
    expect(bench.phase).toBe('master');
    bench.take();
    bench.pass(1);
    expect(bench.phase).toBe('error');
    expect(bench.types()).toEqual(['noLease', 'phase', 'deposed', 'readTip']);
    bench.beaten();
    expect(bench.phase).toBe('error');
    expect(bench.types()).toEqual([]);
  });

  test('is over even if the late answer is the first event after it', () => {
    const bench = master().pass(intervals.MASTER);
    bench.now += validity - intervals.MASTER;
    bench.take();
    bench.beaten();
    expect(bench.phase).toBe('error');
    expect(bench.types()).not.toContain('lease');
  });

  test('is followed by a claim under a new term, at once, that says it continues', () => {
    const bench = master().pass(validity);
    bench.tip(1).observed({ ...bench.claimed, beat: 1, count: 4 });
    bench.take();
    bench.winClaim();
    expect(bench.took('elected')).toMatchObject([{ term: 2, progress: { count: 4 }, continued: true }]);
  });

  test('does not continue where another held the lease in between', () => {
    const bench = master().pass(intervals.MASTER).beaten(false);
    const others = leaseOf('other', { term: 2, count: 9 });
    bench.tip(2).observed(others);
    seeing(bench, others, ttl);
    bench.take();
    bench.winClaim();
    expect(bench.took('elected')).toMatchObject([{ term: 3, progress: { count: 9 }, continued: false }]);
  });

  test('makes a claim that was won too late no mastership, but the next claim comes at once', () => {
    const bench = new Bench().look(null, 0);
    bench
      .pass(validity - grace)
      .written()
      .inserted();
    bench.take();
    bench.tip(1);
    expect(bench.types()).toEqual(['observe']);
    bench.observed(bench.claimed);
    expect(bench.took('writeLease')[0]?.next.term).toBe(2);
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

describe('rule 6: a failed beat', () => {
  test('is tried again every POLL, and costs nothing else while the validity lasts', () => {
    const bench = master().pass(intervals.MASTER - lead);
    bench.take();
    for (let tries = 0; tries < 4; tries++) {
      bench.failed('beat');
      expect(bench.types()).toEqual(['beatFailed']);
      bench.pass(intervals.POLL - 1);
      expect(bench.took('beat')).toEqual([]);
      bench.pass(1);
      expect(bench.took('beat')).toHaveLength(1);
    }
    expect(bench.phase).toBe('master');
    bench.pass(validity - intervals.MASTER + lead - 4 * intervals.POLL);
    expect(bench.phase).toBe('error');
  });

  test('one failed look is a hiccup, two make a standby give the store up, and every ERROR it looks again', () => {
    const bench = standby();
    bench.pass(intervals.POLL).failed('observe');
    expect(bench.phase).toBe('slave');
    bench.pass(intervals.POLL).failed('observe');
    expect(bench.phase).toBe('error');
    bench.take();
    bench.pass(intervals.ERROR - 1);
    expect(bench.types()).toEqual([]);
    bench.pass(1);
    expect(bench.types()).toEqual(['observe']);
    bench.failed('observe');
    expect(bench.types()).toEqual(['storeFailed']);
    bench.send({ type: 'available' });
    expect(bench.types()).toEqual(['observe']);
  });

  test('in error it looks at once when the store is said to be back, and in no other state', () => {
    const bench = standby().pass(intervals.POLL).failed('observe').pass(intervals.POLL).failed('observe');
    expect(bench.phase).toBe('error');
    bench.take();
    expect(bench.send({ type: 'available' }).types()).toEqual(['observe']);
    expect(bench.send({ type: 'available' }).types()).toEqual([]);
    expect(standby().send({ type: 'available' }).types()).toEqual([]);
  });

  test('in error nothing is claimed before a look was answered, and then what stood all the while counts', () => {
    const lease = leaseOf('other');
    const bench = standby(lease);
    bench.pass(intervals.POLL).failed('observe').pass(intervals.POLL).failed('observe');
    bench.take();
    bench.pass(intervals.ERROR);
    expect(bench.types()).toEqual(['observe']);
    bench.observed(lease);
    expect(bench.types()).toEqual(['writeLease']);
    bench.winClaim();
    expect(bench.phase).toBe('master');
  });
});

describe('rule 7: the fence', () => {
  test('falls `grace` before the validity ends, and beats go on', () => {
    const bench = master().pass(intervals.MASTER);
    bench.failed('beat').pass(validity - grace - intervals.MASTER - 1);
    expect(bench.types()).not.toContain('fence');
    bench.pass(1);
    expect(bench.types()).toEqual(['fence']);
    bench.failed('beat');
    expect(bench.types()).toEqual(['beatFailed', 'beat']);
  });

  test('is taken away by a beat that is acknowledged in time', () => {
    const bench = master().pass(validity - 1);
    bench.take();
    bench.beaten();
    expect(bench.types()).toEqual(['lease', 'resume']);
  });

  test('falls again when the validity that such a beat gave is about to end', () => {
    const bench = master()
      .pass(validity - 1)
      .beaten();
    bench.take();
    bench.pass(validity);
    expect(bench.took('fence')).toHaveLength(1);
  });

  test('is not taken away while the member stops: work is not to go on', () => {
    const bench = master()
      .pass(validity - 1)
      .send({ type: 'stop' });
    bench.take();
    bench.beaten();
    expect(bench.types()).toEqual(['lease']);
  });

  test('stays when the acknowledged beat is so old that the end is as near as before', () => {
    const bench = master().send({ type: 'progress' }).pass(intervals.SYNC);
    const first = bench.asked('beat').beat;
    bench.pass(validity - intervals.SYNC - 100);
    expect(bench.took('fence')).toHaveLength(1);
    bench.beaten(true, bench.asked('beat').beat - first);
    expect(bench.types()).toEqual(['lease']);
  });
});

describe('rule 8: a suspension', () => {
  test('comes off the validity, at once', () => {
    const bench = master();
    bench.send({ type: 'clockJump', ahead: 1000 });
    expect(bench.types()).toEqual(['lease']);
    bench.pass(validity - 1000 - 1);
    expect(bench.phase).toBe('master');
    bench.pass(1);
    expect(bench.phase).toBe('error');
  });

  test('that outlasts the validity ends it before anything else happens', () => {
    const bench = master().pass(intervals.MASTER);
    bench.take();
    bench.send({ type: 'clockJump', ahead: validity });
    expect(bench.phase).toBe('error');
    expect(bench.types().at(-1)).toBe('readTip');
  });

  test('comes off what a beat under way would give', () => {
    const bench = master().pass(intervals.MASTER - lead);
    const sentAt = bench.now;
    bench.send({ type: 'clockJump', ahead: 1000 });
    bench.take();
    bench.beaten();
    expect(bench.took('lease')[0]?.validUntil).toBe(sentAt - 1000 + validity);
  });

  test('comes off what a claim under way would give', () => {
    const bench = new Bench().look(null, 0);
    const sentAt = bench.now;
    bench.written().send({ type: 'clockJump', ahead: 1000 }).inserted().tip(1);
    expect(bench.took('lease')[0]?.validUntil).toBe(sentAt - 1000 + validity);
    const other = new Bench().look(null, 0).written().send({ type: 'clockJump', ahead: validity }).inserted().tip(1);
    expect(other.phase).toBe('init');
  });

  test('does not shorten the wait of a standby', () => {
    const lease = leaseOf('other');
    const bench = standby(lease).send({ type: 'clockJump', ahead: 60_000 });
    seeing(bench, lease, ttl - 1);
    expect(bench.types()).not.toContain('writeLease');
  });
});

describe('rule 9: the end', () => {
  test('work drains while beats go on; then the lease is dropped before it is released', () => {
    const bench = master().send({ type: 'stop' });
    expect(bench.types()).toEqual(['drain']);
    bench.pass(intervals.MASTER);
    expect(bench.types()).toEqual(['beat']);
    bench.beaten();
    bench.take();
    bench.send({ type: 'drained' });
    expect(bench.take()).toMatchObject([{ type: 'noLease' }, { type: 'release', term: 1, beat: 2 }]);
    bench.released();
    expect(bench.types()).toEqual(['phase', 'stopped']);
    expect(bench.state.wakeAt).toBeNull();
  });

  test('the release waits for the beats under way: one that lands after it would take it back', () => {
    const bench = master().pass(intervals.MASTER).send({ type: 'stop' }).send({ type: 'drained' });
    expect(bench.types()).not.toContain('release');
    bench.beaten();
    expect(bench.types()).toContain('release');
  });

  test('who is told to stop twice drains once, and who has stopped does not', () => {
    const bench = master().send({ type: 'stop' }).send({ type: 'stop' });
    expect(bench.types()).toEqual(['drain']);
    bench.send({ type: 'drained' }).released();
    bench.take();
    expect(bench.send({ type: 'stop' }).types()).toEqual([]);
    expect(new Bench().send({ type: 'stop' }).types()).toEqual([]);
  });

  test('while it is being released the lease is held no more: neither a suspension nor a late beat brings it back', () => {
    const bench = master().pass(intervals.MASTER).send({ type: 'stop' }).send({ type: 'drained' }).beaten();
    expect(bench.types()).toContain('noLease');
    bench.send({ type: 'clockJump', ahead: 100 }).failed('release');
    expect(bench.types()).toEqual(['beatFailed']);
    bench.pass(intervals.POLL - 1);
    expect(bench.types()).toEqual([]);
    bench.send({ type: 'tick' }).pass(1);
    expect(bench.types()).toEqual(['noLease', 'release']);
  });

  test('a release that fails is tried again every POLL under a new number, and the end of the validity ends it', () => {
    const bench = master().send({ type: 'stop' }).send({ type: 'drained' });
    const beats = bench.took('release').map(({ beat }) => beat);
    bench.failed('release').pass(intervals.POLL);
    beats.push(...bench.took('release').map(({ beat }) => beat));
    expect(beats).toEqual([1, 2]);
    bench.failed('release').pass(intervals.POLL);
    expect(bench.phase).toBe('master');
    bench.pass(validity);
    expect(bench.phase).toBe('stopped');
    expect(bench.types().at(-1)).toBe('stopped');
    expect(bench.released().types()).toEqual([]);
  });

  test('a release that matches nothing is an end, too: the first one landed, or another has the lease', () => {
    const bench = master().send({ type: 'stop' }).send({ type: 'drained' }).released(false);
    expect(bench.phase).toBe('stopped');
  });

  test('a claim under way is brought to its end, starts no work, and is released', () => {
    const bench = seeing(standby(), leaseOf('other'), ttl);
    bench.send({ type: 'stop' }).send({ type: 'drained' });
    expect(bench.phase).toBe('ticking');
    bench.winClaim();
    expect(bench.types()).not.toContain('elected');
    bench.released();
    expect(bench.phase).toBe('stopped');
  });

  test('work that would not stop is left to the lease: no release', () => {
    const bench = master().send({ type: 'stop' }).send({ type: 'abandon' });
    expect(bench.phase).toBe('stopped');
    expect(bench.types()).not.toContain('release');
  });

  const late: [string, Bench, (bench: Bench) => Bench][] = [
    ['a look fails', standby().pass(intervals.POLL), (bench) => bench.failed('observe')],
    ['a look sees a new lease', standby().pass(intervals.POLL), (bench) => bench.observed(leaseOf(null, { beat: 3 }))],
    ['the tip is told', new Bench().send({ type: 'run' }).send({ type: 'tick' }), (bench) => bench.tip(0)],
    ['a claim is answered', seeing(standby(), leaseOf('other'), ttl), (bench) => bench.written()],
    ['a claim fails', seeing(standby(), leaseOf('other'), ttl), (bench) => bench.failed('writeLease')],
    ['a beat matches nothing', master().pass(intervals.MASTER), (bench) => bench.beaten(false)],
  ];
  test.each(late)('nothing happens any more when, after it, %s', (_, bench, answer) => {
    bench.send({ type: 'stop' }).send({ type: 'abandon' });
    expect(bench.phase).toBe('stopped');
    bench.take();
    for (const ended of [answer(bench), bench.send({ type: 'available' }), bench.send({ type: 'tick' })]) {
      expect(ended.types()).toEqual([]);
      expect(ended.phase).toBe('stopped');
    }
  });

  test('a member that stops while it drains claims nothing, not even a released lease', () => {
    const bench = standby().pass(intervals.POLL).send({ type: 'stop' });
    bench.observed(leaseOf(null, { beat: 9 }));
    expect(bench.types()).not.toContain('writeLease');
  });
});

describe('rule 10: work that hangs', () => {
  test('gives the mastership up: work is told while the lease can be read, and nothing is released', () => {
    const bench = master().pass(intervals.MASTER).beaten();
    bench.take();
    bench.resign('too slow');
    expect(bench.phase).toBe('slave');
    expect(bench.take()).toMatchObject([
      { type: 'deposed', reason: 'too slow', code: 'ERR_TASK_TIMEOUT' },
      { type: 'noLease' },
      { type: 'phase', from: 'master', to: 'slave' },
      { type: 'readTip' },
    ]);
    bench.tip(1);
    seeing(bench, bench.claimed, 20 * ttl);
    expect(new Set(bench.types())).toEqual(new Set(['phase', 'observe']));
  });

  test('that does not run gives the lease away too, once, and no answer to that is waited for', () => {
    const bench = master().pass(intervals.MASTER).beaten();
    bench.take();
    bench.resign('does not load', true);
    expect(bench.take()).toMatchObject([
      { type: 'deposed', reason: 'does not load' },
      { type: 'noLease' },
      { type: 'phase', from: 'master', to: 'slave' },
      { type: 'release', term: 1, beat: 2 },
      { type: 'readTip' },
    ]);
    const before = bench.state;
    expect(bench.released().failed('release').state).toEqual(before);
    bench.tip(1).observed(leaseOf(null, { term: 1 }));
    seeing(bench, leaseOf(null, { term: 1 }), 3 * ttl);
    expect(new Set(bench.types())).toEqual(new Set(['phase', 'seen', 'observe']));
    bench.fit();
    expect(bench.types()).toEqual(['writeLease']);
  });

  test('gives no lease away that is not held, nor one that it drains', () => {
    const stopping = master().send({ type: 'stop' });
    stopping.take();
    for (const bench of [standby(), stopping, new Bench().look(null, 0)]) {
      bench.take();
      bench.resign('does not load', true);
      expect(bench.types()).not.toContain('release');
    }
  });

  test.each([true, false])('the answer to a beat under way, matched: %s, changes nothing', (matched) => {
    const bench = master().pass(intervals.MASTER).resign();
    const before = bench.state;
    bench.take();
    bench.beaten(matched);
    expect(bench.types()).toEqual([]);
    expect(bench.state).toEqual(before);
    // Nor does one that failed, and a lease that was prolonged by it is a new version.
    bench.failed('beat').tip(1).observed(bench.claimed);
    bench.pass(intervals.POLL).observed({ ...bench.claimed, beat: 1 });
    expect(bench.types()).toEqual(['observe', 'observe']);
  });

  test('until it is fit it claims nothing: not its own lease, not a released one, not where there is none', () => {
    const own = master();
    for (const lease of [own.claimed, leaseOf(null), null]) {
      const bench = lease === null ? new Bench().resign().look(null, 0) : master().resign().tip(1).observed(lease);
      expect(bench.phase).toBe('slave');
      seeing(bench, lease, 3 * ttl);
      expect(bench.phase).toBe('ticking');
      bench.take();
      bench.fit();
      expect(bench.types()).toEqual(['writeLease']);
    }
  });

  test('fit, it claims by the ordinary rules: at once what still names it, and says that it continues', () => {
    const bench = master().resign().tip(1);
    bench.observed(bench.claimed).pass(200);
    bench.take();
    bench.fit();
    expect(bench.took('writeLease')).toMatchObject([{ expected: { term: 1, holder: 'me' }, next: { term: 2 } }]);
    bench.winClaim();
    expect(bench.took('elected')).toMatchObject([{ term: 2, continued: true }]);
  });

  test('fit, it waits for another who holds the lease by then', () => {
    const others = leaseOf('other', { term: 2 });
    const bench = master().resign().tip(2).observed(others);
    expect(bench.took('seen')).toHaveLength(1);
    bench.fit();
    seeing(bench, others, ttl - 1);
    expect(bench.types()).not.toContain('writeLease');
    bench.pass(1);
    expect(bench.winClaim().took('elected')).toMatchObject([{ term: 3, continued: false }]);
  });

  test('fit before the first look, it claims with that', () => {
    const bench = master().resign().fit();
    bench.tip(1).observed(bench.claimed);
    expect(bench.types()).toContain('writeLease');
  });

  const steps: [string, (bench: Bench) => Bench, (bench: Bench) => Bench][] = [
    ['lease', (bench) => bench, (bench) => bench.written()],
    ['record', (bench) => bench.written(), (bench) => bench.inserted()],
    ['verify', (bench) => bench.written().inserted(), (bench) => bench.tip(2)],
    ['prove', (bench) => bench.failed('writeLease'), (bench) => bench.written()],
  ];
  test.each(steps)(
    'a claim under way is dropped at its step %s, and the full wait runs again once fit',
    (_, to, late) => {
      const bench = to(seeing(standby(), leaseOf('other'), ttl)).resign();
      expect(bench.phase).toBe('slave');
      bench.take();
      expect(late(bench).types()).toEqual([]);
      bench.fit().pass(intervals.POLL).tip(2).observed(bench.claimed);
      seeing(bench, bench.claimed, ttl - 1);
      expect(bench.types()).not.toContain('writeLease');
      bench.pass(1);
      expect(bench.took('writeLease')[0]?.next.term).toBe(3);
    },
  );

  test('in error it looks on, and the first answer makes it slave', () => {
    const bench = master().pass(validity).resign();
    bench.tip(1).observed(bench.claimed);
    expect(bench.phase).toBe('slave');
    expect(bench.types()).not.toContain('writeLease');
  });

  test('a validity that is over when it resigns was lost, not given up', () => {
    const bench = master();
    bench.now += validity;
    bench.resign();
    expect(bench.phase).toBe('error');
    expect(bench.took('deposed')).toMatchObject([{ code: 'ERR_LEASE_LOST' }]);
    expect(bench.state.unfit).toBe(true);
  });

  test('a second time, and fit again and again, change nothing', () => {
    const bench = master().resign();
    bench.take();
    bench.resign().resign();
    expect(bench.types()).toEqual([]);
    bench.fit().fit();
    expect(bench.types()).toEqual([]);
    expect(bench.state.unfit).toBe(false);
  });

  test('who resigned can stop at any moment, and releases nothing', () => {
    const ends: ((bench: Bench) => Bench)[] = [
      (bench) => bench.send({ type: 'stop' }).send({ type: 'drained' }),
      (bench) => bench.send({ type: 'stop' }).send({ type: 'abandon' }),
      (bench) => bench.tip(1).observed(bench.claimed).send({ type: 'stop' }).fit().send({ type: 'drained' }),
    ];
    for (const end of ends) {
      const bench = end(master().pass(intervals.MASTER).resign());
      expect(bench.phase).toBe('stopped');
      expect(bench.types()).not.toContain('release');
      bench.take();
      expect(bench.beaten().fit().resign().types()).toEqual([]);
    }
  });

  test('who is stopping drains on, beats, and releases when the work has ended after all', () => {
    const bench = master().send({ type: 'stop' });
    bench.take();
    bench.resign().pass(intervals.MASTER);
    expect(bench.types()).toEqual(['beat']);
    bench.beaten().send({ type: 'drained' });
    expect(bench.types()).toContain('release');
    expect(bench.released().phase).toBe('stopped');
  });

  test('who stops amid a claim, and resigns, drops it and ends', () => {
    const bench = seeing(standby(), leaseOf('other'), ttl).send({ type: 'stop' }).send({ type: 'drained' });
    expect(bench.phase).toBe('ticking');
    bench.resign();
    expect(bench.phase).toBe('stopped');
    bench.take();
    expect(bench.written().types()).toEqual([]);
  });
});

test('a grace that leaves no time for work is refused', () => {
  const bench = new Bench({ holder: 'me', intervals, grace: validity });
  assert.throws(() => bench.send({ type: 'run' }), /grace/);
});

test('the first look waits for INIT', () => {
  const bench = new Bench({ holder: 'me', intervals: { ...intervals, INIT: 700 }, grace }).send({ type: 'run' });
  bench.pass(699);
  expect(bench.types()).toEqual(['phase']);
  bench.pass(1);
  expect(bench.types()).toEqual(['readTip']);
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
