/** What a thousand members ask goes out together, by real electors, to a store that is far, stalls, or is still opening. */
import { describe, expect, test } from 'vitest';
import { togetherStore } from '../../../../src/coordinator/together/togetherStore.ts';
import type { News } from '../../../../src/election/effects.ts';
import { Elector } from '../../../../src/election/elector.ts';
import { StoreError } from '../../../../src/errors.ts';
import { openOnUse } from '../../../../src/store/openOnUse.ts';
import type { Lease, Look, Tip } from '../../../../src/store/store.ts';
import type { FullStore } from '../../../../src/store/taskStore.ts';
import { leaseOf } from '../../../support/memoryStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';
import { grace, intervals, ttl } from '../../election/bench.ts';

/** How long a command may take: see storeLimits.ts. */
const LIMIT = 912;
const progress = { identifier: null, count: 0, recent: [] };

interface Far {
  readonly roundTrip: number;
  /** What is asked in between is answered at its end. */
  readonly stall?: { readonly from: number; readonly to: number };
  /** How long opening takes, in ms. */
  readonly opening?: number;
}

/** A store of which one command after another may be asked at once. */
class FarStore {
  readonly leases = new Map<string, Lease>();
  readonly tips = new Map<string, Tip>();
  commands = 0;
  readonly store: FullStore;

  constructor(
    readonly clock: VirtualClock,
    readonly far: Far,
  ) {
    const observed = ({ name, tip }: Look) => ({
      ...{ lease: this.leases.get(name) ?? null, newer: (this.tips.get(name)?.term ?? 0) > tip },
      ...{ settled: true, epoch: 'first', orders: null, drained: false, preferred: null },
    });
    const tipOf = (name: string): Tip => this.tips.get(name) ?? { term: 0, ttl: 0, epoch: 'first' };
    const all =
      <A, B>(answer: (asked: A) => B) =>
      (asked: readonly A[]): Promise<B[]> =>
        this.command(() => asked.map(answer));
    const many = {
      observeAll: all(observed),
      highestTerms: all(tipOf),
      claimAll: all((claim: Parameters<FullStore['many']['claimAll']>[0][number]) => this.claim(claim)),
      insertTerms: all((record: Parameters<FullStore['insertTerm']>[0]) => {
        const { name, term, claim = '', ttl } = record;
        this.tips.set(name, { term, ttl, claim, epoch: 'first' });
        return { inserted: true } as const;
      }),
      beatAll: all(({ tenure, beat }: Parameters<FullStore['many']['beatAll']>[0][number]) => {
        const lease = this.leases.get(tenure.name);
        if (lease?.holder !== tenure.holder) return false;
        this.leases.set(tenure.name, { ...lease, beat });
        return true;
      }),
      releaseAll: all(() => true),
      putMembers: all(() => null),
      removeMembers: all(() => null),
    };
    const only = async <T>(answers: Promise<readonly T[]>): Promise<T> => {
      const [answer] = await answers;
      if (answer === undefined) throw new Error('no answer');
      return answer;
    };
    const part = {
      many,
      open: () => this.after(far.opening ?? 0),
      observe: many.observeAll,
      highestTerm: (name: string) => only(many.highestTerms([name])),
      compareAndSetLease: (name: string, expected: Lease | null, next: Lease) =>
        only(many.claimAll([{ name, expected, next }])),
      insertTerm: (record: Parameters<FullStore['insertTerm']>[0]) => only(many.insertTerms([record])),
      beat: (...[tenure, beat]: Parameters<FullStore['beat']>) => only(many.beatAll([{ tenure, beat, progress }])),
      release: () => this.command(() => true),
      removeMember: () => this.command(() => {}),
    };
    // The rest is asked by none of these members.
    this.store = part as unknown as FullStore;
  }

  private claim({ name, expected, next }: { name: string; expected: Lease | null; next: Lease }): boolean {
    const lease = this.leases.get(name) ?? null;
    const isSame =
      lease?.claim === expected?.claim && lease?.beat === expected?.beat && lease?.holder === expected?.holder;
    if (isSame) this.leases.set(name, next);
    return isSame;
  }

  after(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.at(this.clock.now() + ms, resolve));
  }

  private async command<T>(answer: () => T): Promise<T> {
    this.commands += 1;
    const { roundTrip, stall = { from: 0, to: 0 } } = this.far;
    const now = this.clock.now();
    const ms = roundTrip + (now >= stall.from && now < stall.to ? stall.to - now : 0);
    await this.after(Math.min(ms, LIMIT));
    if (ms > LIMIT) throw new StoreError('ERR_STORE_UNAVAILABLE', 'no answer');
    return answer();
  }
}

class Crowd {
  readonly clock = new VirtualClock();
  readonly farStore: FarStore;
  readonly store: FullStore;
  readonly electedAt: number[] = [];
  news: News['type'][] = [];

  constructor(
    private readonly count: number,
    far: Far,
  ) {
    this.farStore = new FarStore(this.clock, far);
    const soon = (callback: () => void): void => void this.clock.at(this.clock.now(), callback);
    const opened = { ...this.farStore.store, tasks: {}, schedules: {} } as FullStore;
    this.store = togetherStore(openOnUse(opened), { clock: this.clock, limit: LIMIT, soon });
  }

  /** Joins a hundred every 200 ms, as the start gate has it. */
  join(each = 200): void {
    for (let index = 0; index < this.count; index++) {
      const elector = this.elector(index);
      this.clock.at(Math.floor(index / 100) * each + 1, () => elector.run());
    }
  }

  private elector(index: number): Elector {
    const elector: Elector = new Elector({
      ...{ name: `lease ${index}`, config: { holder: `me ${index}`, intervals, grace, phase: 0 } },
      ...{ store: this.store, clock: this.clock, requestTimeout: 30_000 },
      callbacks: {
        progress: () => progress,
        notify: (news) => {
          this.news.push(news.type);
          if (news.type === 'elected') this.electedAt.push(this.clock.now());
        },
        ...{ asked: () => {}, isHolderGone: () => false, deference: () => 0 },
      },
      beats: { beatSent: () => {}, beatAcknowledged: () => {} },
    });
    return elector;
  }

  /** All leases are those of another process, which beats until then. */
  async othersUntil(time: number): Promise<void> {
    const { leases, tips } = this.farStore;
    for (let index = 0; index < this.count; index++) {
      const name = `lease ${index}`;
      leases.set(name, leaseOf('other'));
      tips.set(name, { term: 1, ttl, claim: leaseOf('other').claim, epoch: 'first' });
    }
    while (this.clock.now() < time) {
      await this.clock.advance(intervals.MASTER);
      for (const [name, lease] of leases) leases.set(name, { ...lease, beat: lease.beat + 1 });
    }
  }
}

describe('a thousand members and ten', () => {
  test.each([
    ['100 ms away', 100, 750],
    ['100 ms away, and beats are lost', 100, 1100],
  ])('lose no lease when the store stalls, %s', async (_, roundTrip, stalls) => {
    const from = 8000 + intervals.MASTER - 100;
    const crowd = new Crowd(1010, { roundTrip, stall: { from, to: from + stalls } });
    crowd.join();
    await crowd.clock.advanceTo(8000);
    expect(crowd.electedAt).toHaveLength(1010);
    crowd.news = [];
    await crowd.clock.advanceTo(8000 + 3 * intervals.MASTER);
    expect(crowd.news.filter((type) => type !== 'beatFailed')).toEqual(
      crowd.news.flatMap((type) => (type === 'lease' ? [type] : [])),
    );
  });

  test('are asked for by few commands while the store answers', async () => {
    const crowd = new Crowd(1010, { roundTrip: 5 });
    crowd.join();
    await crowd.clock.advanceTo(8000);
    const before = crowd.farStore.commands;
    await crowd.clock.advance(3 * intervals.MASTER);
    expect(crowd.farStore.commands - before).toBeLessThanOrEqual(3 * 2);
  });
});

describe('a takeover of a thousand leases, 100 ms away', () => {
  test('that have expired is over within what one takes, and a little', async () => {
    const crowd = new Crowd(1000, { roundTrip: 100 });
    crowd.join();
    await crowd.othersUntil(6000);
    await crowd.clock.advanceTo(6000 + ttl + 4 * 100 + intervals.POLL + 3 * 100);
    expect(crowd.electedAt).toHaveLength(1000);
  });

  test('that were released is over within POLL and a few round trips', async () => {
    const crowd = new Crowd(1000, { roundTrip: 100 });
    crowd.join();
    await crowd.othersUntil(6000);
    for (const [name, lease] of crowd.farStore.leases) crowd.farStore.leases.set(name, { ...lease, holder: null });
    await crowd.clock.advanceTo(6000 + intervals.POLL + 8 * 100);
    expect(crowd.electedAt).toHaveLength(1000);
  });
});

test.each([
  [1000, 50],
  [1000, 100],
  [5000, 10],
])(
  '%d releases and farewells that are the first of their process are done within 500 ms, %d ms away',
  async (count, roundTrip) => {
    const { store, clock } = new Crowd(count, { roundTrip });
    let done = 0;
    for (let index = 0; index < count; index++) {
      const tenure = { name: `lease ${index}`, term: 1, holder: `me ${index}` };
      for (const call of [store.release(tenure, 1, progress), store.removeMember(`me ${index}`)]) {
        void call.then(() => {
          done += 1;
        });
      }
    }
    await clock.advance(500);
    expect(done).toBe(2 * count);
  },
);

test('a store that takes its time to open is no store that is slow', async () => {
  const crowd = new Crowd(1000, { roundTrip: 5, opening: 6000 });
  crowd.join(500);
  await crowd.clock.advanceTo(6500);
  expect(crowd.news.filter((type) => type === 'storeFailed')).toEqual([]);
  expect(crowd.electedAt).toHaveLength(1000);
});
