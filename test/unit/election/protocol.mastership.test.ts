/**
 * Rules 3, 4, 6, 7 and 8 of docs/explain/protocol.md, how a mastership lasts and is lost, against the pure core: a clock
 * that is handed in, and no timers.
 */
import { describe, expect, test } from 'vitest';
import { OvertakenError } from '../../../src/store/notSent.ts';
import { leaseOf } from '../../support/memoryStore.ts';
import { Bench, grace, intervals, lead, master, seeing, standby, ttl, validity } from './bench.ts';

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

  test('goes out a little before it is due, so a thread that wakes late is on time', () => {
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

describe('rule 6: a failed beat', () => {
  test('that a newer one has overtaken is no error', () => {
    const bench = master()
      .pass(intervals.MASTER - lead)
      .send({ type: 'progress' });
    bench.pass(intervals.SYNC);
    const [late] = bench.took('beat');
    const error = new OvertakenError('something newer has gone out before it');
    bench.send({ type: 'failed', request: late?.request ?? -1, error });
    expect(bench.types()).not.toContain('beatFailed');
    bench.failed('beat');
    expect(bench.types()).toContain('beatFailed');
  });

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

  test('in error nothing is claimed before a look was answered, and then what was there all the while counts', () => {
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
