/** A member of electionWorld.ts. */
import assert from 'node:assert/strict';
import type { News, StoreRequest } from '../../src/election/effects.ts';
import { Elector } from '../../src/election/elector.ts';
import type { Phase } from '../../src/election/transitions.ts';
import { timeToLive } from '../../src/options/leaseTimes.ts';
import type { Intervals } from '../../src/options/options.ts';
import type { Lease } from '../../src/store/store.ts';
import { type CallName, type Fate, type MemoryConnection, type MemoryStore, sameVersion } from './memoryStore.ts';
import { type Held, SkewedClock, type Timeline } from './skewedClock.ts';
import { SKEW, UNNOTICED } from './worldBounds.ts';

/** What a member needs of its world. */
export interface Surroundings {
  readonly random: () => number;
  readonly timeline: Timeline;
  readonly store: MemoryStore;
  fate(member: WorldMember, call: CallName): Fate;
  elected(term: number, continued: boolean, member: WorldMember): void;
  deposed(resigned: boolean): void;
  later(ms: number, run: () => void): void;
  note(text: string): void;
}

/** One elector with its clock and its connection, what it says of itself, and what is done to it. */
export class WorldMember {
  readonly clock: SkewedClock;
  readonly connection: MemoryConnection;
  readonly elector: Elector;
  readonly grace: number;
  phase: Phase = 'stopped';
  validUntil: number | null = null;
  /** The same by the boot clock, which tells it truly also when the member has slept and does not know yet. */
  private endsByBoot = 0;
  /** Whether the last lease was given up before it had ended. */
  private droppedEarly = false;
  working = false;
  private fenced = false;
  /** How often it has resigned; only the last one's end makes it fit. */
  private resignations = 0;
  private unfit = false;
  /** It resigns at this moment, and nothing of its work runs. */
  private yielding = false;
  /** Work that hangs may run until then, by the boot clock: from a resignation to the end of the lease that it left. */
  private lingersUntil: number | null = null;
  private stopping = false;
  /** Neither killed nor stopped. */
  alive = true;
  private killed = false;
  private asleep = false;
  /** After a suspension, until then or the next event, it cannot know. True time. */
  private unawareUntil = 0;
  cutOffUntil = 0;
  /** It was held up, and has not had an event since. */
  private behind = false;
  private held: Held[] | null = null;
  private readonly requestTimeout: number;
  /** When the elector gives up the newest look, by its own clock. */
  private lookUntil = 0;
  /** What the newest look that was answered has shown; undefined when the tip has to be read before that is seen. */
  private shown: { readonly lease: Lease | null | undefined; readonly look: number } = { lease: undefined, look: 0 };

  constructor(
    private readonly world: Surroundings,
    readonly id: string,
    readonly intervals: Intervals,
    rate: number,
  ) {
    const { random, store, timeline } = world;
    const hold = (run: Held): void => this.hold(run);
    this.clock = new SkewedClock(timeline, hold, rate, random() * 1e7);
    this.grace = random() < 0.3 ? 0 : Math.min(500, timeToLive(intervals) / 10);
    const requestTimeout = 500 + random() * 6000;
    // By its own clock, but later than the store's: what the store says late still reaches the elector.
    this.requestTimeout = requestTimeout * (1 + 2 * SKEW) + 100;
    this.connection = store.connect({
      fate: (call) => world.fate(this, call),
      timeLimit: requestTimeout,
      deliver: hold,
      shown: (lease, whole, look) => {
        // Held up together with its answer, the elector's own time limit may come first: then it never takes the answer.
        const isTaken = whole && this.clock.now() < this.lookUntil;
        if (look > this.shown.look) this.shown = { lease: isTaken ? lease : undefined, look };
      },
    });
    this.elector = new Elector({
      name: 'world',
      config: { holder: id, intervals, grace: this.grace },
      store: this.connection,
      clock: this.clock,
      requestTimeout: this.requestTimeout,
      callbacks: {
        progress: () => ({ identifier: null, count: 0, recent: [] }),
        notify: (news) => this.news(news),
        asked: (request) => this.asked(request),
      },
      beats: { beatSent: () => {}, beatAcknowledged: () => {} },
    });
  }

  /**
   * Runs it now, or when the member is no longer held up. Everything that reaches a member comes through here; `run`
   * returns false when it did not reach it after all.
   */
  hold(run: Held): void {
    if (this.killed) return;
    if (this.held !== null) {
      this.held.push(run);
    } else {
      if (run() === false) return;
      this.unawareUntil = 0;
    }
  }

  holdUp(ms: number, asleep: boolean): void {
    if (this.held !== null) return;
    const { timeline, random } = this.world;
    this.held = [];
    this.asleep = asleep;
    if (asleep) this.clock.sleep();
    if (this.unawareUntil > timeline.now()) this.unawareUntil += ms;
    timeline.at(timeline.now() + ms, () => {
      const held = this.held ?? [];
      this.held = null;
      this.behind = true;
      this.asleep = false;
      if (asleep) {
        this.clock.wake();
        this.unawareUntil = timeline.now() + UNNOTICED / (1 - SKEW);
      }
      // Timers and answers are ready at once; which the loop takes first is nobody's to say.
      if (random() < 0.5) held.reverse();
      for (const run of held) timeline.at(timeline.now(), () => this.hold(run));
      // The first of them may be an answer that nobody waits for any more, and tell the elector nothing.
      timeline.at(timeline.now(), () => {
        this.behind = false;
      });
    });
  }

  kill(): void {
    this.killed = true;
    this.lingersUntil = null;
    this.ended();
  }

  /** Its work hangs, or does not load if `nothingRuns`, for `ms` from now on: whatever ends it, a fence or itself, that is no later than its lease. */
  resign(ms: number, nothingRuns: boolean): void {
    if (!this.alive) return;
    this.resignations += 1;
    const resignation = this.resignations;
    const lingered = this.lingersUntil;
    this.yielding = nothingRuns;
    this.elector.resign('the work hangs', 'ERR_TASK_TIMEOUT', nothingRuns);
    this.yielding = false;
    // What an earlier one left behind goes on.
    if (nothingRuns) this.lingersUntil = lingered;
    // Not before: a jump of the clock that shows just now is handled first, and may begin a claim, which is then dropped.
    this.unfit = true;
    this.world.later(ms, () =>
      this.hold(() => {
        if (!this.alive || resignation !== this.resignations) return false;
        this.lingersUntil = null;
        this.unfit = false;
        return this.elector.fit();
      }),
    );
  }

  private asked(request: StoreRequest): void {
    const { type } = request;
    if (type === 'observe') this.lookUntil = this.clock.now() + this.requestTimeout;
    // Else it has waited for a version that was gone long since. To write a claim again over itself is no new one.
    const { lease } = this.shown;
    if (type === 'writeLease' && request.expected?.claim !== request.next.claim && lease !== undefined) {
      assert.ok(sameVersion(request.expected, lease), `${this.id} claims what it did not see last`);
    }
    if (!this.unfit || this.stopping) return;
    const yields = type === 'release' && this.yielding;
    assert.ok(yields || type === 'readTip' || type === 'observe', `${this.id} asks ${type} though it resigned`);
  }

  private ended(): void {
    this.alive = false;
    this.working = false;
    this.validUntil = null;
  }

  /** Whether `isMaster` is true for it, here and now. */
  get believes(): boolean {
    if (this.validUntil === null || this.asleep || this.world.timeline.now() < this.unawareUntil) return false;
    return this.clock.now() < this.validUntil;
  }

  /** Whether work that hung when it resigned may still run, inside the lease that it left. */
  get lingers(): boolean {
    return this.lingersUntil !== null && !this.asleep && this.clock.sinceBoot() < this.lingersUntil;
  }

  check(): void {
    if (!this.working || this.held !== null || this.behind) return;
    assert.ok(this.validUntil !== null && this.clock.now() < this.validUntil - this.grace, `${this.id} works unfenced`);
  }

  private news(news: News): void {
    const { world } = this;
    world.note(`${this.id} ${JSON.stringify(news)}`);
    assert.ok(this.alive, 'news after the end');
    switch (news.type) {
      case 'phase':
        assert.equal(news.from, this.phase);
        this.phase = news.to;
        // What ends a mastership so is the end of the lease, and not the first failure.
        if (news.from === 'master' && news.to === 'error')
          assert.ok(this.stopping || !this.droppedEarly, 'conceded early');
        return;
      case 'lease':
        this.validUntil = news.validUntil;
        this.endsByBoot = this.clock.sinceBoot() + news.validUntil - this.clock.now();
        return;
      case 'noLease':
        this.droppedEarly = this.validUntil !== null && this.clock.now() < this.validUntil;
        this.validUntil = null;
        return;
      case 'elected':
        assert.ok(!this.working && this.phase === 'master', 'elected twice');
        assert.ok(!this.unfit && this.lingersUntil === null, 'elected beside work of its own that hangs');
        world.elected(news.term, news.continued, this);
        this.working = true;
        this.fenced = false;
        return;
      case 'settle':
        this.connection.settle(news.epoch, news.wait).catch(() => {});
        return;
      case 'fence':
        this.working = false;
        this.fenced = true;
        return;
      case 'resume':
        assert.ok(this.fenced, 'resumed without a fence');
        this.working = true;
        this.fenced = false;
        return;
      case 'deposed':
        // Only who resigned is told while the lease still lasts.
        world.deposed(this.validUntil !== null);
        if (this.validUntil !== null) {
          this.lingersUntil = this.clock.sinceBoot() + this.validUntil - this.clock.now();
        }
        this.working = false;
        return;
      case 'drain': {
        this.stopping = true;
        // Often at once, so the end meets claims and beats under way.
        const drained = world.random() < 0.5 ? 0 : world.random() * 3000;
        world.later(drained, () => this.hold(() => this.drained()));
        return;
      }
      case 'stopped':
        this.ended();
        return;
    }
  }

  private drained(): void {
    this.working = false;
    if (this.world.random() < 0.8) {
      this.lingersUntil = null;
      this.elector.drained();
    } else {
      // It would not stop, and has what is left of the lease, which is left to run out.
      if (this.validUntil !== null) this.lingersUntil = this.endsByBoot;
      this.elector.abandon();
    }
  }
}
