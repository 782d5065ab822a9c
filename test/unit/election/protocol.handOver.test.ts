/**
 * Hand-over, rest and deference, which operators ask for (docs/explain/protocol.md, "Requests of operators"), against the
 * pure core: a clock that is handed in, and no timers.
 */
import { describe, expect, test } from 'vitest';
import { leaseOf } from '../../support/memoryStore.ts';
import { Bench, grace, intervals, lead, master, seeing, standby, ttl, validity } from './bench.ts';

/** The number of the latest drain of a hand-over. */
function drained(bench: Bench): Bench {
  return bench.send({ type: 'drained', drain: bench.state.drains });
}

/** A master of term 1 that was told to hand over, and has drained; with nothing left to take. */
function handedOver(): Bench {
  const bench = drained(master().send({ type: 'handOver', term: 1 }));
  bench.take();
  return bench;
}

describe('a hand-over', () => {
  test('drains while beats go on; then the lease is dropped, the member is slave, and the release goes out', () => {
    const bench = master().send({ type: 'handOver', term: 1 });
    expect(bench.take()).toEqual([{ type: 'drain', for: 'handOver', term: 1, drain: 1 }]);
    bench.pass(intervals.MASTER);
    expect(bench.types()).toEqual(['beat']);
    bench.beaten();
    bench.take();
    drained(bench);
    expect(bench.take()).toMatchObject([
      { type: 'noLease' },
      { type: 'phase', from: 'master', to: 'slave' },
      { type: 'handedOver', term: 1 },
      { type: 'release', term: 1, beat: 2 },
    ]);
  });

  test('is not begun for another term, beside another one, by a standby, or by a member that stops', () => {
    expect(master().send({ type: 'handOver', term: 2 }).types()).toEqual([]);
    expect(standby().send({ type: 'handOver', term: 1 }).types()).toEqual([]);
    const bench = master().send({ type: 'handOver', term: 1 }).send({ type: 'handOver', term: 1 });
    expect(bench.types()).toEqual(['drain']);
    const stopping = master().send({ type: 'stop' });
    stopping.take();
    expect(stopping.send({ type: 'handOver', term: 1 }).types()).toEqual([]);
  });

  test('waits for the beats under way: one that lands after the release would take it back', () => {
    const bench = master().pass(intervals.MASTER).send({ type: 'handOver', term: 1 });
    bench.take();
    expect(drained(bench).types()).toEqual([]);
    expect(bench.beaten().types()).toEqual(['lease', 'noLease', 'phase', 'handedOver', 'release']);
  });

  test('sends no beat between the drain and the release', () => {
    const bench = master().pass(intervals.MASTER).send({ type: 'handOver', term: 1 });
    drained(bench);
    bench.take();
    expect(bench.pass(intervals.MASTER).types()).toEqual(['fence']);
  });

  test('that is cancelled lets work go on, under the same mastership', () => {
    const bench = master().send({ type: 'handOver', term: 1 });
    bench.take();
    bench.send({ type: 'handOverCancelled', term: 1 });
    expect(bench.take()).toEqual([{ type: 'resume', after: 'handOver' }]);
    expect(bench.phase).toBe('master');
    expect(bench.pass(intervals.MASTER).types()).toEqual(['beat']);
  });

  test('is cancelled neither for another term, nor once it has drained, nor when there is none', () => {
    expect(master().send({ type: 'handOverCancelled', term: 1 }).types()).toEqual([]);
    const bench = master().pass(intervals.MASTER).send({ type: 'handOver', term: 1 });
    bench.take();
    expect(bench.send({ type: 'handOverCancelled', term: 2 }).types()).toEqual([]);
    drained(bench);
    expect(bench.send({ type: 'handOverCancelled', term: 1 }).types()).toEqual([]);
    expect(bench.beaten().types()).toContain('release');
  });

  test('ignores the answer to the drain of an earlier one, whose work may have begun again', () => {
    const bench = master().send({ type: 'handOver', term: 1 }).send({ type: 'handOverCancelled', term: 1 });
    bench.send({ type: 'handOver', term: 1 });
    bench.take();
    expect(bench.send({ type: 'drained', drain: 1 }).types()).toEqual([]);
    expect(bench.send({ type: 'drained', drain: 2 }).types()).toContain('release');
  });

  test('has no work resumed by a lease that was saved, until it is cancelled', () => {
    const bench = master().send({ type: 'handOver', term: 1 });
    bench.pass(validity - grace);
    bench.take();
    expect(bench.beaten().types()).toEqual(['lease']);
    expect(bench.send({ type: 'handOverCancelled', term: 1 }).take()).toEqual([{ type: 'resume', after: 'handOver' }]);
  });

  test('that is cancelled behind a fence lets work go on only when the lease is saved', () => {
    const bench = master().send({ type: 'handOver', term: 1 });
    bench.pass(validity - grace);
    bench.take();
    expect(bench.send({ type: 'handOverCancelled', term: 1 }).types()).toEqual([]);
    expect(bench.beaten().types()).toEqual(['lease', 'resume']);
  });

  test('ends with a mastership that is lost, and its drain answers nothing any more', () => {
    const bench = master().pass(intervals.MASTER).send({ type: 'handOver', term: 1 }).beaten(false);
    expect(bench.phase).toBe('slave');
    bench.take();
    expect(drained(bench).types()).toEqual([]);
    expect(bench.state.rests).toBeNull();
  });

  test('has the mastership given up by work that hangs, and nothing released', () => {
    const bench = master().send({ type: 'handOver', term: 1 });
    bench.resign();
    expect(bench.phase).toBe('slave');
    expect(drained(bench).types()).not.toContain('release');
  });

  test('is not held up by a member that resigns once its work has drained', () => {
    const bench = master().pass(intervals.MASTER).send({ type: 'handOver', term: 1 });
    drained(bench).resign();
    expect(bench.phase).toBe('master');
    bench.take();
    expect(bench.beaten().types()).toContain('release');
  });

  test('takes what a sleep missed from the validity as ever', () => {
    const bench = master().send({ type: 'handOver', term: 1 });
    bench.send({ type: 'clockJump', ahead: validity });
    expect(bench.phase).toBe('error');
    bench.take();
    expect(drained(bench).types()).toEqual([]);
  });

  test('marks the lease of a process that dies by an error', () => {
    const bench = master().send({ type: 'handOver', term: 1 }).send({ type: 'dying' });
    drained(bench);
    expect(bench.asked('release')).toMatchObject({ died: 'me/1' });
  });
});

describe('the release of a hand-over', () => {
  test('is tried again every POLL under a new number, for as long as the lease would have lasted', () => {
    const bench = handedOver();
    const beats = [bench.asked('release').beat];
    for (let tries = 0; bench.state.parting !== null && tries < 100; tries++) {
      if (bench.state.parting.request !== null) beats.push(bench.failed('release').asked('release').beat);
      bench.pass(intervals.POLL);
    }
    expect(beats.at(-1)).toBe(Math.ceil(validity / intervals.POLL));
    expect(bench.state.parting).toBeNull();
    expect(bench.phase).not.toBe('master');
  });

  test('makes no master again, whatever becomes of it', () => {
    for (const end of [
      (bench: Bench) => bench.released(),
      (bench: Bench) => bench.released(false),
      (bench: Bench) => bench.failed('release'),
    ]) {
      const bench = end(handedOver());
      expect(bench.phase).toBe('slave');
      expect(bench.pass(ttl).types()).not.toContain('beat');
    }
  });

  test('is waited for by a stop, and its lease is over at last', () => {
    const bench = handedOver().send({ type: 'stop' }).send({ type: 'drained' });
    expect(bench.phase).toBe('slave');
    expect(bench.failed('release').phase).toBe('slave');
    expect(bench.pass(intervals.POLL).released().phase).toBe('stopped');
    const lost = handedOver().send({ type: 'stop' }).send({ type: 'drained' }).pass(validity);
    expect(lost.phase).toBe('stopped');
  });
});

describe('a stop during a hand-over', () => {
  test('drains in its place, and answers of the hand-over count no more', () => {
    const bench = master().send({ type: 'handOver', term: 1 }).send({ type: 'stop' });
    expect(bench.take().slice(1)).toEqual([{ type: 'drain', for: 'stop' }]);
    expect(drained(bench).types()).toEqual([]);
    expect(bench.send({ type: 'handOverCancelled', term: 1 }).types()).toEqual([]);
    bench.send({ type: 'drained' });
    expect(bench.types()).toContain('release');
    expect(bench.released().phase).toBe('stopped');
  });

  test('leaves the lease to run out if the work would not end', () => {
    const bench = master().send({ type: 'handOver', term: 1 }).send({ type: 'stop' }).send({ type: 'abandon' });
    expect(bench.phase).toBe('stopped');
    expect(bench.types()).not.toContain('release');
  });

  test('lets one that has drained release first', () => {
    const bench = master().pass(intervals.MASTER).send({ type: 'handOver', term: 1 });
    drained(bench).send({ type: 'stop' });
    bench.take();
    expect(bench.beaten().types()).toContain('release');
    expect(bench.send({ type: 'drained' }).phase).toBe('slave');
    expect(bench.released().phase).toBe('stopped');
  });
});

describe('a rest', () => {
  const released = leaseOf(null, { beat: 9, claim: 'me/1' });

  test('follows a hand-over for twice the time to live, while another member is master', () => {
    const bench = handedOver().released();
    const restsUntil = bench.now + 2 * ttl;
    bench
      .pass(intervals.POLL)
      .tip(2)
      .observed(leaseOf('other', { term: 2 }));
    seeing(bench, leaseOf('other', { term: 2 }), restsUntil - bench.now - 1);
    expect(bench.types()).not.toContain('writeLease');
    seeing(bench, leaseOf('other', { term: 2 }), intervals.POLL);
    expect(bench.types()).toContain('writeLease');
  });

  test('ends at half of it if no other member wanted the lease', () => {
    const bench = handedOver().released();
    const half = bench.now + ttl;
    bench.pass(intervals.POLL).tip(1).observed(released);
    seeing(bench, released, half - bench.now - 1);
    expect(bench.types()).not.toContain('writeLease');
    expect(bench.pass(1).types()).toContain('writeLease');
    expect(bench.winClaim().phase).toBe('master');
    expect(bench.took('elected')).toMatchObject([{ term: 2, continued: true }]);
  });

  test('does not end early for a lease that another member released', () => {
    const bench = handedOver().released();
    const other = leaseOf(null, { term: 2, beat: 3, claim: 'other/1' });
    const restsUntil = bench.now + 2 * ttl;
    bench.pass(intervals.POLL).tip(2).observed(other);
    seeing(bench, other, restsUntil - bench.now - 1);
    expect(bench.types()).not.toContain('writeLease');
    expect(bench.pass(1).types()).toContain('writeLease');
  });

  test('that is ordered has no end but the word, and then the lease is claimed by a look that comes at once', () => {
    const bench = standby().send({ type: 'rest', until: null });
    seeing(bench, leaseOf('other'), 5 * ttl);
    expect(bench.types()).not.toContain('writeLease');
    expect(bench.phase).toBe('ticking');
    bench.pass(1);
    bench.take();
    expect(bench.send({ type: 'rested' }).types()).toEqual(['observe']);
    expect(bench.observed(leaseOf('other')).types()).toEqual(['writeLease']);
  });

  test('that is over lets no claim go by what was seen before a look that is under way', () => {
    const bench = standby().send({ type: 'rest', until: null });
    seeing(bench, leaseOf('other'), 2 * ttl);
    bench.pass(intervals.POLL);
    bench.take();
    expect(bench.send({ type: 'rested' }).types()).toEqual([]);
    bench.observed(leaseOf('other', { beat: 7 }));
    expect(bench.types()).not.toContain('writeLease');
  });

  test('that is ordered goes on when a hand-over would let it end, and takes the place of one that would', () => {
    const ordered = master().send({ type: 'rest', until: null }).send({ type: 'handOver', term: 1 });
    drained(ordered);
    expect(ordered.state.rests).toEqual({ until: null, early: null });
    const later = handedOver().send({ type: 'rest', until: null });
    expect(later.state.rests).toEqual({ until: null, early: null });
    expect(later.send({ type: 'rest', until: later.now + 1 }).state.rests).toEqual({ until: null, early: null });
  });

  test('with a time ends by itself, and never sooner than it was told first', () => {
    const bench = standby().send({ type: 'rest', until: 0 });
    expect(bench.state.rests).toBeNull();
    const resting = standby().send({ type: 'rest', until: 20_000 }).send({ type: 'rest', until: 15_000 });
    expect(resting.state.rests?.until).toBe(20_000);
    seeing(resting, leaseOf('other'), 20_000 - resting.now - 1);
    expect(resting.types()).not.toContain('writeLease');
    expect(resting.pass(1).types()).toContain('writeLease');
    expect(resting.state.rests).toBeNull();
  });

  test('takes no mastership away, and holds back the next claim', () => {
    const bench = master().send({ type: 'rest', until: null });
    expect(bench.pass(intervals.MASTER).types()).toEqual(['beat']);
    bench
      .beaten(false)
      .tip(1)
      .observed(leaseOf(null, { beat: 4 }));
    seeing(bench, leaseOf(null, { beat: 4 }), 3 * ttl);
    expect(bench.types()).not.toContain('writeLease');
  });

  test('that begins amid a claim lets it end, makes no master, and releases', () => {
    const bench = seeing(standby(), leaseOf('other'), ttl).send({ type: 'rest', until: null });
    bench.take();
    bench.winClaim();
    const types = bench.types();
    expect(types).toContain('release');
    for (const type of ['lease', 'elected']) expect(types).not.toContain(type);
    expect(bench.phase).toBe('slave');
    expect(bench.asked('release')).toMatchObject({ term: 2, beat: 1 });
    bench.failed('release').pass(intervals.POLL);
    expect(bench.asked('release')).toMatchObject({ term: 2, beat: 2 });
  });

  test('that ends amid a claim lets it be won', () => {
    const bench = seeing(standby(), leaseOf('other'), ttl).send({ type: 'rest', until: null });
    bench.written().send({ type: 'rested' }).inserted().tip(2);
    expect(bench.phase).toBe('master');
  });
});

describe('deference', () => {
  const released = leaseOf(null, { beat: 9 });
  const deferring = (bench: Bench, deference: number, ms: number, lease = released): Bench => {
    for (const end = bench.now + ms; bench.now < end; ) {
      bench.pass(Math.min(intervals.POLL / 5, end - bench.now));
      const { pending, claim } = bench.state;
      if (pending === null || claim !== null) continue;
      const observation = { lease, newer: false, settled: true, epoch: 'first' };
      bench.send({ type: 'observed', request: pending, observation, deference });
    }
    return bench;
  };
  const firstLook = (lease: typeof released, deference: number): Bench => {
    const bench = new Bench().send({ type: 'run' }).send({ type: 'tick' }).tip(1);
    const observation = { lease, newer: false, settled: true, epoch: 'first' };
    return bench.send({ type: 'observed', request: bench.asked('observe').request, observation, deference });
  };

  test('has a released lease claimed so much later, from the first look that shows it on', () => {
    const bench = firstLook(released, 1000);
    expect(bench.phase).toBe('slave');
    deferring(bench, 1000, 999);
    expect(bench.types()).not.toContain('writeLease');
    expect(bench.pass(1).types()).toContain('writeLease');
  });

  test('lets the others have the first word in a store with no lease', () => {
    const bench = new Bench().send({ type: 'run' }).send({ type: 'tick' }).tip(0);
    const observation = { lease: null, newer: false, settled: true, epoch: 'first' };
    bench.send({ type: 'observed', request: bench.asked('observe').request, observation, deference: 700 });
    expect(bench.pass(699).types()).not.toContain('writeLease');
    expect(bench.pass(1).types()).toContain('writeLease');
  });

  test('has a claim after a wait so much later', () => {
    const bench = firstLook(leaseOf('other'), 1000);
    deferring(bench, 1000, ttl + 999, leaseOf('other'));
    expect(bench.types()).not.toContain('writeLease');
    expect(bench.pass(1).types()).toContain('writeLease');
  });

  test('ends with the look that asks for none', () => {
    const bench = firstLook(released, 1000);
    bench.pass(intervals.POLL).observed(released);
    expect(bench.types()).toContain('writeLease');
  });

  test('never lasts longer than the time to live, whatever is asked for', () => {
    const bench = firstLook(released, 100 * ttl);
    deferring(bench, 100 * ttl, ttl);
    expect(bench.types()).toContain('writeLease');
  });

  test('is not asked of a member whose own lease it is', () => {
    const bench = master()
      .pass(intervals.MASTER - lead)
      .failed('beat');
    bench.pass(validity);
    bench.tip(1);
    const observation = { lease: bench.claimed, newer: false, settled: true, epoch: 'first' };
    bench.take();
    bench.send({ type: 'observed', request: bench.asked('observe').request, observation, deference: 1000 });
    expect(bench.types()).toContain('writeLease');
  });
});
