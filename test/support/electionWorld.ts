/**
 * A random world for the election: real electors, each with its own skewed clock, around one store, with calls that are
 * slow, lost, answered late or landing late, and with members that are held up, asleep, cut off, stopped or killed, or
 * whose work hangs, and with a store that is emptied or replaced by a backup. A seed decides everything, so a failure can be run again. The world knows the true time, which
 * nobody inside does, and checks after every event:
 *
 *   safety     never do two members believe at once that they hold the lease, nor does one while the work of another that
 *              resigned has not ended, for as long as that one's lease lasted; and terms only rise, for as long as the store keeps them;
 *   fencing    work goes on only from `elected` to `grace` before the end of the lease;
 *   fitness    who resigned claims nothing, and beats no more, until it is fit;
 *   liveness   once the faults have stopped, a member works within the bound, and goes on working.
 */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { Intervals } from '../../src/options/options.ts';
import { type Backup, type CallName, emptyBackup, type Fate, MemoryStore } from './memoryStore.ts';
import { randomFrom } from './random.ts';
import { Timeline } from './skewedClock.ts';
import { claimBound, SKEW } from './worldBounds.ts';
import { type Habits, habitsFrom, LATEST, type Mischief } from './worldHabits.ts';
import { type Surroundings, WorldMember } from './worldMember.ts';

/** Of a claim, in ms. */
const ROUND_TRIPS = 150;
/** How long the world is cruel, in ms of true time. */
const FAULTS = 45_000;

const defaults: Intervals = { INIT: 0, MASTER: 2000, SLAVE: 2500, TICKING: 2000, ERROR: 5000, POLL: 500, SYNC: 250 };

export interface WorldReport {
  events: number;
  masterships: number;
  /** Of those, how many followed on the member's own. */
  continued: number;
  deposed: number;
  /** Of those, how many gave the mastership up, with work that hung. */
  resigned: number;
  /** How often the store was emptied or replaced. */
  losses: number;
  weak: boolean;
}

export class ElectionWorld implements Surroundings {
  readonly timeline = new Timeline();
  readonly store = new MemoryStore(this.timeline);
  readonly random: () => number;
  readonly report: WorldReport;
  readonly trace: string[] = [];
  private readonly members: WorldMember[] = [];
  private readonly habits: Habits;
  private highest = 0;
  private backup: Backup = emptyBackup;
  private lastElected = '';
  private made = 0;
  private failure: { error: unknown } | null = null;

  constructor(
    private readonly seed: number,
    private readonly tracing = false,
  ) {
    this.random = randomFrom(seed);
    this.report = {
      events: 0,
      masterships: 0,
      continued: 0,
      deposed: 0,
      resigned: 0,
      losses: 0,
      weak: this.random() < 0.5,
    };
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
      const bound = claimBound(this.members, this.report.weak, ROUND_TRIPS);
      const start = this.timeline.now();
      while (!this.someoneWorks() && (await this.once(start + bound)));
      assert.ok(this.someoneWorks(), `nobody works ${Math.round(bound)} ms after the last fault`);
      const { masterships } = this.report;
      await this.until(this.timeline.now() + 6000);
      assert.ok(this.report.weak || this.report.masterships === masterships, 'a mastership ended without a fault');
      await turn();
      if (this.failure !== null) throw this.failure.error;
      return this.report;
    } catch (caught) {
      await turn();
      const error = this.failure === null ? caught : this.failure.error;
      const replay = `seed ${this.seed}; to run it again with a trace: ELECTION_SEED=${this.seed}`;
      throw new Error(`${error instanceof Error ? error.message : error} (${replay})`, { cause: error });
    } finally {
      process.off('unhandledRejection', broke);
    }
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
    let holder: WorldMember | null = null;
    for (const member of this.members) {
      member.check();
      if (!member.believes && !member.lingers) continue;
      if (holder !== null) assert.fail(`${holder.id} and ${member.id} are master, or at work, at once`);
      holder = member;
    }
  }

  elected(term: number, continued: boolean, { id, connection }: WorldMember): void {
    this.report.masterships += 1;
    if (continued) this.report.continued += 1;
    // Won just before the store lost it.
    if (connection.epoch !== this.store.epoch) return;
    assert.ok(term > this.highest, `term ${term} was given after ${this.highest}`);
    // Where a late write may bring an old lease back, a holder in between may be overlooked.
    assert.ok(this.report.weak || !continued || this.lastElected === id, `${id} continues what another member did`);
    this.lastElected = id;
    this.highest = term;
  }

  /** The store loses what was written since the last backup, or everything. */
  private lose(backup: Backup): void {
    this.store.restore(backup);
    this.report.losses += 1;
    this.highest = this.store.tip;
    this.lastElected = '';
  }

  deposed(resigned: boolean): void {
    this.report.deposed += 1;
    if (resigned) this.report.resigned += 1;
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
    // A member that starts after a loss cannot know of a longer time to live than its own (docs/explain/protocol.md).
    const isEqual = this.habits.mischiefs.includes('wiped');
    const scale = random() < 0.7 || isEqual ? 1 : 0.7 + random() * 0.6;
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
        return member.hold(() => elector.storeIsBack());
      case 'progress':
        return member.hold(() => {
          elector.progressed();
          // Often it does nothing; the member is none the wiser then.
          return false;
        });
      case 'wiped':
        return this.lose(emptyBackup);
      case 'backup':
        this.backup = this.store.backup();
        return;
      case 'restored':
        return this.lose(this.backup);
      case 'trim':
        void connection.trimTerms('world', this.highest);
        return;
      case 'resign':
        return member.hold(() => member.resign(ms, this.random() < 0.5));
      case 'stop':
      case 'kill':
        if (what === 'kill') member.kill();
        else member.hold(() => elector.stop());
        return this.later(ms / 3, () => this.spawn());
    }
  }
}
