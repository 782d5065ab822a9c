/**
 * A random world for the election: real electors, each with its own skewed clock, around one store, with calls that are
 * slow, lost, answered late or landing late, and with members that are held up, asleep, cut off, stopped or killed. A
 * seed decides everything, so that a failure can be run again. The world knows the true time, which nobody inside does,
 * and checks after every event:
 *
 *   safety     never do two members believe at once that they hold the lease, and terms only rise;
 *   fencing    work goes on only from `elected` to `grace` before the end of the lease;
 *   liveness   once the faults have stopped, a member works within the bound, and goes on working.
 */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { Cancel, Clock } from '../../src/clock.ts';
import type { News } from '../../src/election/effects.ts';
import { Elector } from '../../src/election/elector.ts';
import { type Phase, timeToLive } from '../../src/election/protocol.ts';
import type { Intervals } from '../../src/options.ts';
import { type CallName, type Fate, type MemoryConnection, MemoryStore } from './memoryStore.ts';

/** How long the world is cruel, in ms of true time. */
const FAULTS = 45_000;
/** No call lands, and no member is held up, longer than this. */
const LATEST = 9000;
/** Clocks run at rates of 1 ± this: what the protocol promises to bear, two of them against each other. */
const SKEW = 0.025;
/** How long a suspension may go unnoticed, by the elector's own clock; a little more than its WATCH. */
const UNNOTICED = 251;

const defaults: Intervals = { INIT: 0, MASTER: 2000, SLAVE: 2500, TICKING: 2000, ERROR: 5000, POLL: 500, SYNC: 250 };

export interface WorldReport {
  events: number;
  masterships: number;
  /** Of those, how many followed on the member's own. */
  continued: number;
  deposed: number;
  weak: boolean;
}

const mischiefs = ['pause', 'sleep', 'wallSet', 'cutOff', 'available', 'progress', 'trim', 'stop', 'kill'] as const;
type Mischief = (typeof mischiefs)[number];

/** What this world likes to do: worlds that each do a few things often go further than worlds that do all alike. */
interface Habits {
  /** Chances of one call. */
  readonly late: number;
  readonly lost: number;
  readonly fails: number;
  /** That the store takes long between reading and writing. */
  readonly gap: Readonly<Record<CallName, number>>;
  /** Mean ms between two mischiefs. */
  readonly pause: number;
  /** The more often one stands here, the more often it is done. */
  readonly mischiefs: readonly Mischief[];
  readonly masterFirst: number;
}

function habitsFrom(random: () => number): Habits {
  const chance = (most: number): number => (random() < 0.4 ? 0 : random() * most);
  const [late, lost, fails] = [chance(0.3), chance(0.15), chance(0.15)];
  const [highestTerm, observe, insertTerm] = [chance(0.1), chance(0.1), chance(0.3)];
  const [compareAndSetLease, beat, release] = [chance(0.6), chance(0.6), chance(0.8)];
  const gap = { highestTerm, observe, insertTerm, compareAndSetLease, beat, release };
  const liked = Array.from({ length: 3 }, () => mischiefs[Math.floor(random() * mischiefs.length)] ?? 'pause');
  return {
    late,
    lost,
    fails,
    gap,
    pause: 500 + random() * 4000,
    mischiefs: [...mischiefs, ...liked, ...liked, ...liked],
    masterFirst: random(),
  };
}

/** mulberry32: small, fast, and the same on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Scheduled {
  readonly time: number;
  run: (() => void) | null;
}

/** True time. Calls of equal times run in the order in which they were made. */
class Timeline {
  private time = 0;
  private readonly scheduled: Scheduled[] = [];

  now(): number {
    return this.time;
  }

  at(time: number, run: () => void): Cancel {
    const entry: Scheduled = { time: Math.max(time, this.time), run };
    let index = this.scheduled.length;
    // The latest stands first, so that the next is popped from the end.
    while (index > 0 && (this.scheduled[index - 1]?.time ?? 0) <= entry.time) index -= 1;
    this.scheduled.splice(index, 0, entry);
    return () => {
      entry.run = null;
    };
  }

  /** The next call, or null when there is none up to `end`. */
  next(end: number): (() => void) | null {
    for (;;) {
      const last = this.scheduled.at(-1);
      if (last === undefined || last.time > end) return null;
      this.scheduled.pop();
      this.time = last.time;
      if (last.run !== null) return last.run;
    }
  }
}

type Held = () => unknown;

/** A clock at its own rate from its own zero, which stands still while its machine sleeps. */
class SkewedClock implements Clock {
  private slept = 0;
  private asleepSince: number | null = null;
  private wallShift = 0;
  private latest = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly timeline: Timeline,
    private readonly hold: (run: Held) => void,
    private readonly rate: number,
    private readonly offset: number,
  ) {}

  now(): number {
    const awake = (this.asleepSince ?? this.timeline.now()) - this.slept;
    return Math.max(this.latest, this.offset + this.rate * awake);
  }

  sinceBoot(): number {
    return this.rate * this.timeline.now();
  }

  wall(): number {
    return this.sinceBoot() + this.wallShift;
  }

  at(time: number, callback: () => void): Cancel {
    let cancelled = false;
    const arm = (): Cancel =>
      this.timeline.at((time - this.offset) / this.rate + this.slept, () =>
        this.hold(() => {
          if (cancelled) return false;
          // It slept meanwhile. Less than that is rounding, and a timer that is due has been reached.
          if (this.now() < time - 1e-3) {
            cancel = arm();
            return false;
          }
          this.latest = Math.max(this.latest, time);
          return callback();
        }),
      );
    let cancel = arm();
    return () => {
      cancelled = true;
      cancel();
    };
  }

  sleep(): void {
    this.asleepSince = this.timeline.now();
  }

  wake(): void {
    if (this.asleepSince !== null) this.slept += this.timeline.now() - this.asleepSince;
    this.asleepSince = null;
  }

  shiftWall(ms: number): void {
    this.wallShift += ms;
  }
}

class WorldMember {
  readonly clock: SkewedClock;
  readonly connection: MemoryConnection;
  readonly elector: Elector;
  readonly grace: number;
  phase: Phase = 'stopped';
  validUntil: number | null = null;
  working = false;
  private fenced = false;
  alive = true;
  asleep = false;
  /** After a suspension, until then or the next event, it cannot know. True time. */
  unawareUntil = 0;
  cutOffUntil = 0;
  /** It was held up, and has not had an event since. */
  private behind = false;
  private held: Held[] | null = null;

  constructor(
    private readonly world: ElectionWorld,
    readonly id: string,
    readonly intervals: Intervals,
    rate: number,
  ) {
    const { random, store, timeline } = world;
    const hold = (run: Held): void => this.hold(run);
    this.clock = new SkewedClock(timeline, hold, rate, random() * 1e7);
    this.grace = random() < 0.3 ? 0 : Math.min(500, timeToLive(intervals) / 10);
    const requestTimeout = 500 + random() * 6000;
    this.connection = store.connect({
      fate: (call) => world.fate(this, call),
      timeLimit: requestTimeout,
      deliver: hold,
    });
    this.elector = new Elector({
      name: 'world',
      config: { holder: id, intervals, grace: this.grace },
      store: this.connection,
      clock: this.clock,
      requestTimeout: requestTimeout + 100,
      host: {
        progress: () => ({ identifier: null, count: 0, recent: [] }),
        news: (news) => this.news(news),
        beatSent: () => {},
        beatAcknowledged: () => {},
      },
    });
  }

  /**
   * Runs it now, or when the member is no longer held up. Everything that reaches a member comes through here; `run`
   * returns false when it did not reach it after all.
   */
  hold(run: Held): void {
    if (!this.alive) return;
    if (this.held !== null) {
      this.held.push(run);
    } else {
      if (run() === false) return;
      this.unawareUntil = 0;
      this.behind = false;
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
    });
  }

  kill(): void {
    this.alive = false;
    this.working = false;
    this.validUntil = null;
  }

  /** Whether `isMaster` is true for it, here and now. */
  get believes(): boolean {
    if (this.validUntil === null || this.asleep || this.world.timeline.now() < this.unawareUntil) return false;
    return this.clock.now() < this.validUntil;
  }

  check(): void {
    if (!this.working || this.held !== null || this.behind) return;
    assert.ok(this.validUntil !== null && this.clock.now() < this.validUntil - this.grace, `${this.id} works unfenced`);
  }

  private news(news: News): void {
    const { world } = this;
    world.note(`${this.id} ${JSON.stringify(news)}`);
    switch (news.type) {
      case 'phase':
        assert.equal(news.from, this.phase);
        this.phase = news.to;
        return;
      case 'lease':
        this.validUntil = news.validUntil;
        return;
      case 'noLease':
        this.validUntil = null;
        return;
      case 'elected':
        assert.ok(!this.working && this.phase === 'master', 'elected twice');
        world.elected(news.term, news.continued);
        this.working = true;
        this.fenced = false;
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
        world.report.deposed += 1;
        this.working = false;
        return;
      case 'drain': {
        // Often at once, so that the end meets claims and beats under way.
        const drained = world.random() < 0.5 ? 0 : world.random() * 3000;
        world.later(drained, () => this.hold(() => this.drained()));
        return;
      }
      case 'stopped':
        this.kill();
        return;
    }
  }

  private drained(): void {
    this.working = false;
    if (this.world.random() < 0.8) this.elector.drained();
    else this.elector.abandon();
  }
}

export class ElectionWorld {
  readonly timeline = new Timeline();
  readonly store = new MemoryStore(this.timeline);
  readonly random: () => number;
  readonly report: WorldReport;
  readonly trace: string[] = [];
  private readonly members: WorldMember[] = [];
  private readonly habits: Habits;
  private highest = 0;
  private made = 0;
  private failure: { error: unknown } | null = null;

  constructor(
    private readonly seed: number,
    private readonly tracing = false,
  ) {
    this.random = randomFrom(seed);
    this.report = { events: 0, masterships: 0, continued: 0, deposed: 0, weak: this.random() < 0.5 };
    this.habits = habitsFrom(this.random);
    const size = 2 + Math.floor(this.random() * 3);
    for (let count = 0; count < size; count++) this.spawn();
  }

  /** Rejects with what broke, the seed, and how to run it again. */
  async run(): Promise<WorldReport> {
    // What breaks while an answer is taken in has no other way out.
    const broke = (error: unknown): void => {
      this.failure ??= { error };
    };
    process.on('unhandledRejection', broke);
    try {
      this.later(this.random() * 1000, () => this.mischief());
      await this.until(FAULTS + LATEST * 2);
      const bound = this.bound();
      const start = this.timeline.now();
      while (!this.someoneWorks() && (await this.once(start + bound)));
      assert.ok(this.someoneWorks(), `nobody works ${Math.round(bound)} ms after the last fault`);
      const { masterships } = this.report;
      await this.until(this.timeline.now() + 6000);
      assert.ok(this.report.weak || this.report.masterships === masterships, 'a mastership ended without a fault');
      await turn();
      if (this.failure !== null) throw this.failure.error;
      return this.report;
    } catch (error) {
      const replay = `seed ${this.seed}; to run it again with a trace: ELECTION_SEED=${this.seed}`;
      throw new Error(`${error instanceof Error ? error.message : error} (${replay})`, { cause: error });
    } finally {
      process.off('unhandledRejection', broke);
    }
  }

  /** From the last change of the lease: see docs/protocol.md. A store that is not atomic may take more rounds. */
  private bound(): number {
    const [ttl, poll, error] = (['ttl', 'POLL', 'ERROR'] as const).map((name) =>
      Math.max(...this.members.map(({ intervals }) => (name === 'ttl' ? timeToLive(intervals) : intervals[name]))),
    );
    assert.ok(ttl !== undefined && poll !== undefined && error !== undefined);
    return ((this.report.weak ? 4 : 1) * (ttl + poll + 150) + error) / (1 - SKEW);
  }

  private someoneWorks(): boolean {
    return this.members.some(({ working }) => working);
  }

  private async until(end: number): Promise<void> {
    while (await this.once(end));
  }

  /** One event and all that follows from it at once. */
  private async once(end: number): Promise<boolean> {
    const run = this.timeline.next(end);
    if (run === null) return false;
    run();
    // An answer passes at most this many promises on its way to the elector.
    for (let turns = 0; turns < 6; turns++) await null;
    this.report.events += 1;
    this.check();
    return true;
  }

  private check(): void {
    let believer: WorldMember | null = null;
    for (const member of this.members) {
      member.check();
      if (!member.believes) continue;
      if (believer !== null) assert.fail(`${believer.id} and ${member.id} are master at once`);
      believer = member;
    }
  }

  elected(term: number, continued: boolean): void {
    assert.ok(term > this.highest, `term ${term} was given after ${this.highest}`);
    this.highest = term;
    this.report.masterships += 1;
    if (continued) this.report.continued += 1;
  }

  later(ms: number, run: () => void): void {
    this.timeline.at(this.timeline.now() + ms, run);
  }

  note(text: string): void {
    if (this.tracing) this.trace.push(`${this.timeline.now().toFixed(1)} ${text}`);
  }

  private get cruel(): boolean {
    return this.timeline.now() < FAULTS;
  }

  private spawn(): void {
    const { random } = this;
    this.made += 1;
    // With a store that is not atomic all members need the same intervals: see docs/protocol.md.
    const scale = this.report.weak || random() < 0.7 ? 1 : 0.7 + random() * 0.6;
    const [SLAVE, TICKING] = [defaults.SLAVE * scale, defaults.TICKING * scale];
    const rate = random() < 0.6 ? 1 + (random() < 0.5 ? SKEW : -SKEW) : 1 + (random() * 2 - 1) * SKEW;
    const member = new WorldMember(this, `m${this.made}`, { ...defaults, MASTER: 2000 * scale, SLAVE, TICKING }, rate);
    this.members.push(member);
    this.later(random() * 3000, () => member.hold(() => member.elector.run()));
  }

  fate(member: WorldMember, call: CallName): Fate {
    const fate = this.decide(member, call);
    this.note(`${member.id} asks ${call} ${JSON.stringify(fate)}`);
    return fate;
  }

  private decide(member: WorldMember, call: CallName): Fate {
    const { random, habits } = this;
    const { weak } = this.report;
    const short = (): number => 1 + random() * 20;
    if (!this.cruel) return { arrives: short(), gap: weak ? random() * 3 : 0, returns: short(), fails: null };
    const either = (chance: number): number => (random() < chance ? random() * LATEST : short());
    const gap = weak ? either(habits.gap[call]) : 0;
    const fails = random() < habits.fails ? random() * 1000 : null;
    const arrives = either(habits.late);
    const returns = either(habits.late);
    if (this.timeline.now() >= member.cutOffUntil && random() >= habits.lost) return { arrives, gap, returns, fails };
    return { arrives: random() < 0.5 ? null : arrives, gap, returns: null, fails };
  }

  private mischief(): void {
    if (!this.cruel) return;
    const { random, members, habits } = this;
    this.later(random() * 2 * habits.pause, () => this.mischief());
    const living = members.filter(({ alive }) => alive);
    const master = living.find(({ phase }) => phase === 'master');
    const some = living[Math.floor(random() * living.length)];
    const member = random() < habits.masterFirst ? (master ?? some) : some;
    const what = habits.mischiefs[Math.floor(random() * habits.mischiefs.length)];
    if (member === undefined || what === undefined) return;
    const ms = random() * LATEST * 0.9;
    this.note(`${what} befalls ${member.id}, ${ms.toFixed(1)} ms`);
    this.befall(member, what, ms);
  }

  private befall(member: WorldMember, what: Mischief, ms: number): void {
    const { elector, clock, connection } = member;
    switch (what) {
      case 'pause':
        return member.holdUp(ms, false);
      case 'sleep':
        return member.holdUp(100 + ms, true);
      case 'wallSet':
        return clock.shiftWall((this.random() - 0.3) * 6000);
      case 'cutOff':
        member.cutOffUntil = this.timeline.now() + ms;
        return;
      case 'available':
        return member.hold(() => elector.available());
      case 'progress':
        return member.hold(() => elector.progressed());
      case 'trim':
        void connection.trimTerms('world', this.highest);
        return;
      case 'stop':
      case 'kill':
        if (what === 'kill') member.kill();
        else member.hold(() => elector.stop());
        return this.later(ms / 3, () => this.spawn());
    }
  }
}
