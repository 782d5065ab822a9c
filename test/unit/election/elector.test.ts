/** The elector against the store's interface, under virtual time: what it does around the protocol. */
import { describe, expect, test } from 'vitest';
import type { News } from '../../../src/election/effects.ts';
import { Elector, type ElectorCallbacks } from '../../../src/election/elector.ts';
import { beatLead } from '../../../src/options/leaseTimes.ts';
import {
  type CallName,
  type Fate,
  leaseOf,
  type MemoryConnection,
  MemoryStore,
  swift,
} from '../../support/memoryStore.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
import { grace, intervals, ttl, validity } from './bench.ts';

/** A round trip of `swift`. */
const ROUND_TRIP = 2;

class World {
  readonly clock = new VirtualClock({ now: 5000 });
  readonly store = new MemoryStore(this.clock).settleForGood();

  member(holder: string, callbacks: Partial<ElectorCallbacks> = {}, lead?: () => number): TestMember {
    return new TestMember(this, holder, callbacks, lead);
  }
}

class TestMember {
  readonly news: News[] = [];
  readonly calls: CallName[] = [];
  readonly lateness: number[] = [];
  readonly delays: number[] = [];
  readonly roundTrips: number[] = [];
  readonly connection: MemoryConnection;
  readonly elector: Elector;
  fate: (call: CallName) => Fate = () => swift;

  constructor(world: World, holder: string, callbacks: Partial<ElectorCallbacks>, lead?: () => number) {
    const { clock, store } = world;
    const fate = (call: CallName): Fate => {
      this.calls.push(call);
      return this.fate(call);
    };
    // The store keeps its promise late, so the elector's own limit is what ends a request.
    this.connection = store.connect({ fate, timeLimit: 60_000 });
    this.elector = new Elector({
      name: 'test',
      config: { holder, intervals, grace },
      store: this.connection,
      clock,
      requestTimeout: 900,
      lead,
      callbacks: {
        progress: () => ({ identifier: null, count: 0, recent: [] }),
        notify: (news) => {
          this.news.push(news);
          if (news.type === 'drain') this.elector.drained(news);
        },
        asked: () => {},
        isHolderGone: () => false,
        deference: () => 0,
        ...callbacks,
      },
      beats: {
        beatSent: (late, delay) => {
          this.lateness.push(late);
          this.delays.push(delay);
        },
        beatAcknowledged: (roundTrip) => this.roundTrips.push(roundTrip),
      },
    });
  }

  /** The last failure of the store that was news. */
  failure(): Error | undefined {
    return this.news.findLast((news) => news.type === 'storeFailed')?.error;
  }

  types(): string[] {
    return this.news.map(({ type }) => type);
  }
}

const lost: Fate = { arrives: null, gap: 0, returns: null, fails: null };

async function masterAlone(world: World): Promise<TestMember> {
  const member = world.member('a');
  member.elector.run();
  await world.clock.advance(10);
  expect(member.elector.phase).toBe('master');
  return member;
}

describe('a hand-over', () => {
  test('is followed within one POLL, and the member that handed over rests', async () => {
    const world = new World();
    const first = await masterAlone(world);
    const standby = world.member('b');
    standby.elector.run();
    await world.clock.advance(intervals.MASTER);
    first.elector.handOver(1);
    expect(first.types().slice(-4)).toEqual(['drain', 'noLease', 'phase', 'handedOver']);
    expect(first.elector.isResting).toBe(true);
    await world.clock.advance(intervals.POLL + 4 * ROUND_TRIP);
    expect(standby.elector.term).toBe(2);
    await world.clock.advance(intervals.POLL + 2 * ROUND_TRIP);
    // The other one has won, and this one must follow it, should it die.
    expect(first.elector.isResting).toBe(false);
    standby.elector.stop();
    await world.clock.advance(intervals.POLL + 4 * ROUND_TRIP);
    expect(first.elector.term).toBe(3);
  });

  test('comes back at half of the rest if no other member wanted the lease', async () => {
    const world = new World();
    const first = await masterAlone(world);
    first.elector.handOver(1);
    await world.clock.advance(ttl - 1);
    expect(first.elector.phase).not.toBe('master');
    await world.clock.advance(1 + 4 * ROUND_TRIP);
    expect(first.elector.term).toBe(2);
  });

  test('goes to the member that does not defer', async () => {
    const world = new World();
    const first = await masterAlone(world);
    const asked: (string | null)[] = [];
    const later = world.member('b', {
      deference: ({ lease }) => {
        asked.push(lease?.holder ?? null);
        return 2 * intervals.POLL;
      },
    });
    later.elector.run();
    await world.clock.advance(100);
    const named = world.member('c');
    named.elector.run();
    await world.clock.advance(intervals.MASTER);
    first.elector.handOver(1);
    await world.clock.advance(ROUND_TRIP);
    later.elector.hinted();
    await world.clock.advance(intervals.POLL + 4 * ROUND_TRIP);
    expect(named.elector.term).toBe(2);
    expect(new Set(asked)).toEqual(new Set(['a', null, 'c']));
  });

  test('that is cancelled, and a rest that is over, leave everything as it was', async () => {
    const world = new World();
    const first = world.member('a', { notify: () => {} });
    first.elector.run();
    await world.clock.advance(10);
    first.elector.handOver(1);
    expect(first.elector.isHandingOver).toBe(true);
    first.elector.handOverCancelled(1);
    expect(first.elector.isHandingOver).toBe(false);
    first.elector.rest(null);
    expect(first.elector.isResting).toBe(true);
    first.elector.rested();
    await world.clock.advance(3 * intervals.MASTER);
    expect(first.elector.term).toBe(1);
  });
});

describe('the failover bound', () => {
  test('a holder that vanishes is followed SLAVE + TICKING + POLL and a few round trips after its last beat', async () => {
    const world = new World();
    const first = await masterAlone(world);
    const standby = world.member('b');
    standby.elector.run();
    await world.clock.advance(3 * intervals.MASTER);
    first.fate = () => lost;
    // Its last beat landed before now, so this is later than the bound.
    await world.clock.advance(ttl + intervals.POLL + 4 * ROUND_TRIP);
    expect(standby.elector.term).toBe(2);
    expect(world.store.lease).toMatchObject({ holder: 'b', term: 2 });
    expect(first.elector.phase).toBe('error');
    expect(standby.types()).toContain('elected');
  });

  test('a member that stops is followed within one POLL', async () => {
    const world = new World();
    const first = await masterAlone(world);
    const standby = world.member('b');
    standby.elector.run();
    await world.clock.advance(intervals.MASTER);
    first.elector.stop();
    await world.clock.advance(intervals.POLL + 5 * ROUND_TRIP);
    expect(first.elector.phase).toBe('stopped');
    expect(standby.elector.term).toBe(2);
  });

  test('as long as the holder beats, no standby doubts it', async () => {
    const world = new World();
    await masterAlone(world);
    const standby = world.member('b');
    standby.elector.run();
    await world.clock.advance(100_000);
    expect(standby.elector.phase).toBe('slave');
    expect(standby.news.filter((news) => news.type === 'phase').map(({ to }) => to)).toEqual(['init', 'slave']);
    expect(world.store.tip).toBe(1);
  });
});

describe('requests', () => {
  test('without an answer one fails after the time limit, and what comes later is dropped', async () => {
    const world = new World();
    world.store.lease = leaseOf('other');
    world.store.terms.set(1, 'other/1');
    const member = world.member('a');
    member.fate = () => ({ arrives: 1, gap: 0, returns: 1500, fails: null });
    member.elector.run();
    await world.clock.advance(899);
    expect(member.elector.phase).toBe('init');
    await world.clock.advance(1);
    expect(member.elector.phase).toBe('error');
    expect(member.failure()).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    await world.clock.advance(1000);
    expect(member.calls).toEqual(['highestTerm']);
    expect(member.elector.phase).toBe('error');
  });

  test('an answer that is none fails, and so does a rejection with anything', async () => {
    const world = new World();
    const member = world.member('a');
    member.connection.observe = async () => [];
    member.elector.run();
    await world.clock.advance(10);
    expect(member.failure()).toMatchObject({ code: 'ERR_STORE' });
    member.connection.observe = () => Promise.reject('just text');
    member.elector.storeIsBack();
    await world.clock.advance(10);
    expect(member.failure()).toMatchObject({ message: 'just text' });
  });

  test('a beat carries the progress of the moment, early when there is some, and is measured', async () => {
    const world = new World();
    let count = 0;
    const member = world.member('a', { progress: () => ({ identifier: count, count, recent: [] }) });
    member.elector.run();
    await world.clock.advance(intervals.SYNC);
    for (count = 1; count <= 100; count++) member.elector.progressed();
    count = 100;
    await world.clock.advance(10);
    expect(world.store.lease).toMatchObject({ beat: 1, count: 100, identifier: 100 });
    expect(member.lateness).toEqual([-beatLead(intervals)]);
    expect(member.roundTrips).toEqual([ROUND_TRIP]);
  });

  test('a look names the subsystem and the tip, and a failure says what was asked', async () => {
    const world = new World();
    const member = world.member('a');
    const asked: unknown[] = [];
    const { observe } = member.connection;
    member.connection.observe = (names) => {
      asked.push(names);
      return observe.call(member.connection, names);
    };
    const standby = world.member('b');
    member.elector.run();
    await world.clock.advance(100);
    expect(asked).toEqual([[{ name: 'test', tip: 0, wait: ttl }]]);
    standby.fate = () => lost;
    standby.elector.run();
    await world.clock.advance(900);
    expect(standby.failure()?.message).toBe('the store did not answer readTip in 900 ms');
    standby.fate = () => swift;
    standby.connection.observe = async () => [];
    standby.elector.storeIsBack();
    await world.clock.advance(10);
    expect(standby.failure()?.message).toBe('the store answered a look with nothing');
  });

  test('a beat that was refused, or answered too late, is not measured', async () => {
    const world = new World();
    const member = await masterAlone(world);
    member.fate = () => ({ ...swift, returns: 1500 });
    await world.clock.advance(intervals.MASTER + 1600);
    expect([member.lateness.length > 0, member.roundTrips]).toEqual([true, []]);
    member.fate = () => swift;
    world.store.lease = leaseOf('other', { term: 9 });
    await world.clock.advance(intervals.MASTER);
    expect([member.elector.phase, member.roundTrips]).toEqual(['slave', []]);
  });

  test('a beat is sent a little early, and how late it is counts from when it was due', async () => {
    const world = new World();
    const member = world.member('a');
    const { lateness, delays } = member;
    member.elector.run();
    await world.clock.advance(intervals.MASTER + 10);
    const lead = beatLead(intervals);
    expect([lateness, delays]).toEqual([[-lead], [0]]);
    const { now } = world.clock;
    world.clock.now = () => now.call(world.clock) + 30;
    await world.clock.advance(intervals.MASTER);
    expect(delays[1]).toBeCloseTo((lateness[1] ?? 0) + lead);
  });

  test('a beat aims as early as it was told when the answer to the one before came', async () => {
    const world = new World();
    let lead = 30;
    const member = world.member('a', {}, () => lead);
    const { lateness, delays } = member;
    member.elector.run();
    await world.clock.advance(intervals.MASTER / 2);
    // The timer is set, so this is for the beat after the next one.
    lead = 50;
    await world.clock.advance(2 * intervals.MASTER);
    expect([lateness, delays]).toEqual([
      [-30, -50],
      [0, 0],
    ]);
  });
});

describe('rule 8 around the protocol', () => {
  test('a suspension is noticed soon after, though nothing else is due', async () => {
    const world = new World();
    const member = await masterAlone(world);
    await world.clock.advance(500);
    world.clock.sleep(60_000);
    await world.clock.advance(250);
    expect(member.types()).toContain('deposed');
    expect(world.clock.now()).toBeLessThan(5000 + intervals.MASTER);
  });

  test('its length comes off before the event that shows it is handled', async () => {
    const world = new World();
    const member = await masterAlone(world);
    await world.clock.advance(100);
    const before = member.news.findLast((news) => news.type === 'lease')?.validUntil ?? 0;
    world.clock.sleep(1000);
    member.elector.storeIsBack();
    expect(member.news.at(-1)).toEqual({ type: 'lease', term: 1, validUntil: before - 1000 });
    world.clock.sleep(validity);
    member.elector.stop();
    expect(member.types().slice(-6)).toEqual(['noLease', 'phase', 'deposed', 'drain', 'phase', 'stopped']);
  });
});

describe('rule 10 around the protocol', () => {
  test('who resigns leaves the lease to run out: a standby follows it after its full wait, and then it is a standby', async () => {
    const world = new World();
    const first = await masterAlone(world);
    const standby = world.member('b');
    standby.elector.run();
    await world.clock.advance(3 * intervals.MASTER);
    first.elector.resign('the work hangs', 'ERR_TASK_TIMEOUT');
    expect(first.news.slice(-3)).toMatchObject([
      { type: 'deposed', reason: 'the work hangs', code: 'ERR_TASK_TIMEOUT' },
      { type: 'noLease' },
      { type: 'phase', to: 'slave' },
    ]);
    await world.clock.advance(ttl - intervals.POLL);
    expect(world.store.lease).toMatchObject({ holder: 'a', term: 1 });
    await world.clock.advance(2 * intervals.POLL + 5 * ROUND_TRIP);
    expect(standby.elector.term).toBe(2);
    first.elector.fit();
    await world.clock.advance(50_000);
    expect(standby.elector.term).toBe(2);
    expect(first.elector.phase).toBe('slave');
  });

  test('alone, it works again as soon as it is fit, and not before', async () => {
    const world = new World();
    const member = await masterAlone(world);
    const { length } = member.calls;
    member.elector.resign('the work hangs', 'ERR_TASK_TIMEOUT');
    await world.clock.advance(60_000);
    expect(new Set(member.calls.slice(length))).toEqual(new Set(['highestTerm', 'observe']));
    expect(world.store.lease).toMatchObject({ holder: 'a', term: 1 });
    member.elector.fit();
    await world.clock.advance(5 * ROUND_TRIP);
    expect(member.elector.term).toBe(2);
    expect(member.news.at(-1)).toMatchObject({ type: 'elected', continued: true });
  });

  test('a beat that lands after it resigned only prolongs the lease', async () => {
    const world = new World();
    const member = await masterAlone(world);
    member.fate = (call) => (call === 'beat' ? { arrives: 300, gap: 0, returns: 1, fails: null } : swift);
    await world.clock.advance(intervals.MASTER);
    expect(member.calls).toContain('beat');
    member.elector.resign('the work hangs', 'ERR_TASK_TIMEOUT');
    await world.clock.advance(1000);
    expect(world.store.lease).toMatchObject({ holder: 'a', beat: 1 });
    expect(member.types().slice(-3)).toEqual(['deposed', 'noLease', 'phase']);
    expect(member.elector.phase).toBe('slave');
    member.elector.fit();
    await world.clock.advance(intervals.POLL + 5 * ROUND_TRIP);
    expect(member.elector.term).toBe(2);
  });
});

describe('events and timers', () => {
  test('what the host asks for amid the news happens after it', async () => {
    const world = new World();
    const member = world.member('a', {
      notify: (news) => {
        member.news.push(news);
        if (news.type === 'phase' && news.to === 'master') member.elector.stop();
        if (news.type === 'drain') member.elector.drained(news);
      },
    });
    member.elector.run();
    await world.clock.advance(100);
    const types = member.types();
    expect(types.slice(types.indexOf('lease'))).toEqual(['lease', 'elected', 'drain', 'noLease', 'phase', 'stopped']);
    expect(world.store.lease).toMatchObject({ holder: null, beat: 1 });
  });

  test('progress is told only to a master, and once for each beat', async () => {
    const world = new World();
    const member = world.member('a');
    expect(member.elector.term).toBeUndefined();
    member.elector.progressed();
    const master = await masterAlone(world);
    let looks = 0;
    const { sinceBoot } = world.clock;
    world.clock.sinceBoot = () => {
      looks += 1;
      return sinceBoot.call(world.clock);
    };
    for (let count = 0; count < 1000; count++) master.elector.progressed();
    expect(looks).toBeLessThan(10);
  });

  test('work that would not stop ends the member without a release', async () => {
    const world = new World();
    const member: TestMember = world.member('a', {
      notify: (news) => {
        member.news.push(news);
        if (news.type === 'drain') member.elector.abandon();
      },
    });
    member.elector.run();
    await world.clock.advance(100);
    member.elector.stop();
    await world.clock.advance(100);
    expect([member.elector.phase, member.calls.includes('release')]).toEqual(['stopped', false]);
    expect(world.store.lease).toMatchObject({ holder: 'a' });
  });

  test('after the end nothing is left that would keep the thread awake', async () => {
    const world = new World();
    const member = await masterAlone(world);
    member.elector.stop();
    await world.clock.advance(10);
    expect(member.elector.phase).toBe('stopped');
    expect(world.clock.pending).toBe(0);
  });

  test('a standby and a master sleep between what is due', async () => {
    const world = new World();
    const member = await masterAlone(world);
    const standby = world.member('b');
    standby.elector.run();
    await world.clock.advance(1000);
    let timers = 0;
    const { at } = world.clock;
    world.clock.at = (time, callback) => {
      timers += 1;
      return at.call(world.clock, time, callback);
    };
    const calls = member.calls.length + standby.calls.length;
    await world.clock.advance(10_000);
    // 5 beats and 20 looks; a request has a handful of timers, and a master wakes to look at its clocks.
    expect(member.calls.length + standby.calls.length - calls).toBeLessThan(27);
    expect(timers).toBeLessThan(27 * 6 + 41);
  });

  test('it runs once', async () => {
    const world = new World();
    const member = await masterAlone(world);
    expect(() => member.elector.run()).toThrow();
    expect(member.elector.phase).toBe('master');
    await world.clock.advance(20_000);
    expect(member.elector.term).toBe(1);
  });
});

describe('a hint', () => {
  /** A standby beside a master, whose looks take `took` ms each from now on. */
  async function watcher(took: number): Promise<{ world: World; member: TestMember }> {
    const world = new World();
    await masterAlone(world);
    const member = world.member('b');
    member.elector.run();
    await world.clock.advance(10);
    expect(member.elector.phase).toBe('slave');
    member.fate = () => ({ ...swift, returns: took });
    return { world, member };
  }
  const looks = ({ calls }: TestMember): number => calls.filter((call) => call === 'observe').length;
  /** A member whose look is under way, and how many looks it has made by then. */
  const amidLook = async () => {
    const { world, member } = await watcher(50);
    await world.clock.advance(intervals.POLL / 2);
    member.elector.hinted();
    const before = looks(member);
    await world.clock.advance(10);
    return { world, member, before };
  };

  test('while a look is under way has it followed by another one, and only by one', async () => {
    const { world, member, before } = await amidLook();
    // The look may have read the lease already.
    for (let hints = 0; hints < 5; hints++) member.elector.hinted();
    expect(looks(member)).toBe(before);
    await world.clock.advance(60);
    expect(looks(member)).toBe(before + 1);
    await world.clock.advance(intervals.POLL / 2);
    expect(looks(member)).toBe(before + 1);
  });

  test('that is the death of the master, too', async () => {
    const { world, member, before } = await amidLook();
    member.elector.holderGone();
    await world.clock.advance(60);
    expect(looks(member)).toBe(before + 1);
  });

  test('before a look has no other one follow', async () => {
    const { world, member } = await watcher(50);
    await world.clock.advance(intervals.POLL / 2);
    const before = looks(member);
    member.elector.hinted();
    await world.clock.advance(intervals.POLL / 2);
    expect(looks(member)).toBe(before + 1);
  });

  test('during a claim is dropped: one that is lost waits for POLL', async () => {
    const { world, member } = await watcher(2);
    const { lease } = world.store;
    if (lease === null) throw new Error('There is no lease.');
    world.store.lease = { ...lease, holder: null };
    member.fate = (call) => (call === 'insertTerm' ? { ...lost, fails: 20 } : swift);
    member.elector.hinted();
    while (!member.calls.includes('insertTerm')) await world.clock.advance(1);
    const before = looks(member);
    member.elector.hinted();
    await world.clock.advance(100);
    expect(looks(member)).toBe(before);
  });
});
