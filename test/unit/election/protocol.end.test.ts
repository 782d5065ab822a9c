/**
 * Rules 9 and 10 of docs/explain/protocol.md, how a member ends or gives a mastership up, against the pure core: a clock
 * that is handed in, and no timers.
 */
import { describe, expect, test } from 'vitest';
import { leaseOf } from '../../support/memoryStore.ts';
import { Bench, intervals, master, seeing, standby, ttl, validity } from './bench.ts';

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
