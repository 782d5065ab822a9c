/**
 * One run of the simulation: real members on simulated machines, around one simulated database, with clients that submit
 * tasks and faults that befall all of them, in true time, which no member knows. The seed decides everything. After
 * every event it is checked what must hold at every moment; once the faults have stopped, that all that was submitted
 * comes to its end.
 */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { timeToLive } from '../../../src/options/leaseTimes.ts';
import type { ProcessIdentity, ProcessTable } from '../../../src/surroundings/processIdentity.ts';
import { Timeline } from '../../support/skewedClock.ts';
import { Natures } from './behaviour.ts';
import { claimBound, SKEW } from './bounds.ts';
import { type CallName, type Fate, moveCalls, onceCalls, togetherCalls } from './connection.ts';
import { Database, Documents } from './database.ts';
import { Feeding } from './feeding.ts';
import { SimulatedGuards } from './guards.ts';
import { drawHabits, type Habits, intervalsOf } from './habits.ts';
import { Ledger } from './ledger.ts';
import { SimulatedLifelines } from './lifelines.ts';
import { Operators } from './operators.ts';
import { SimulatedProcess, type Surroundings } from './process.ts';
import { type FaultKind, type Setting, stream } from './setting.ts';
import { Users } from './users.ts';

/** What a run adds to the totals. */
export interface WorldReport {
  readonly simulated: number;
  readonly events: number;
  readonly masterships: number;
  readonly crashes: number;
  /** Masterships that follow on one of another member, which did not release. */
  readonly takeovers: number;
  readonly done: number;
  readonly repeats: number;
  /** How often a master could not load its work, and gave its mastership up. */
  readonly unloadable: number;
  /** Masterships that follow on one of the same member. */
  readonly continued: number;
  /** Masterships that were lost or given up; and of those, the ones that were given up. */
  readonly deposed: number;
  readonly resigned: number;
  /** How often the store was emptied or replaced. */
  readonly losses: number;
  /** How often it was answered that a stored task is cancelled. */
  readonly removals: number;
  /** How many entries of the outbox became tasks. */
  readonly relayed: number;
}

/** Promises that what follows on one event may pass, one after another, before the next: with a queue, and without. */
const HOPS = { queue: 16, none: 8 };
/** Of a claim, in ms: messages of this world are slow. */
const ROUND_TRIPS = 300;
/** In which all tasks must come to their end, once a member works, in ms. */
const PATIENCE = 90_000;
/** In which a request to hand over is answered, in ms. */
const ANSWER_MAX_MS = 12_000;
/** How often a call that moves entries is late, or is the last of its process. */
const DELAY_AT_MOVE = 0.25;
const END_AT_MOVE = 0.06;
/** How long a mastership must last without faults, in ms. */
const STEADY_MS = 6000;

const mischiefs = [
  'partition',
  'restart',
  'split',
  'pause',
  'sleep',
  'wall',
  'crash',
  'stop',
  'wiped',
  'restored',
  'broken-deploy',
  'unfit',
  'back',
  'progress',
  'trim',
  'exit',
  'hand-over',
  'paused',
  'drained',
] as const satisfies readonly FaultKind[];
type Mischief = (typeof mischiefs)[number];

export class World implements Surroundings {
  readonly timeline = new Timeline();
  readonly database: Database;
  readonly ledger: Ledger;
  readonly habits: Habits;
  readonly random: () => number;
  readonly lifelines: SimulatedLifelines;
  readonly guards: SimulatedGuards;
  readonly trace: string[] = [];
  readonly note: ((text: string) => void) | null;
  private readonly network: () => number;
  private readonly fortune: () => number;
  private readonly rumour: () => number;
  private readonly natures: Natures;
  private readonly feeding: Feeding;
  private readonly operators: Operators;
  private readonly users: Users;
  private readonly ranks: () => number;
  private readonly steps: () => number;
  private processes: SimulatedProcess[] = [];
  /** Those that have ended, too. */
  private readonly all: SimulatedProcess[] = [];
  private readonly mischiefs: readonly Mischief[];
  /** Who talks to the primary that was cut off. */
  private readonly misled = new Set<SimulatedProcess>();
  /** Members that have stopped, and whose work may run on. */
  private readonly left = new Set<SimulatedProcess>();
  private backup = new Documents();
  private made = 0;
  private events = 0;
  private crashes = 0;
  /** Who ends is not followed by another. */
  private closing = false;
  private readonly hops: number;
  private failure: { readonly error: unknown } | null = null;

  constructor(
    readonly setting: Setting,
    tracing = false,
  ) {
    const { seed, faults } = setting;
    this.note = tracing ? (text) => this.trace.push(`${this.timeline.now().toFixed(2)} ${text}`) : null;
    this.hops = setting.queue === 'none' ? HOPS.none : HOPS.queue;
    this.habits = drawHabits(setting);
    this.random = stream(seed, 2);
    this.network = stream(seed, 3);
    this.fortune = stream(seed, 4);
    this.rumour = stream(seed, 13);
    this.lifelines = new SimulatedLifelines({
      random: stream(seed, 20),
      parties: () => this.all,
      later: (ms, run) => this.later(ms, run),
    });
    this.natures = new Natures(this.habits, stream(seed, 5), stream(seed, 43));
    this.ledger = new Ledger(
      setting,
      (id) => this.natures.behaviour(id),
      () => this.timeline.now(),
    );
    const commit = setting.store === 'weak' ? 0 : this.habits.commit;
    const commitDelay = (): number => (commit === 0 ? 0 : this.network() * commit);
    this.database = new Database(this.timeline, commitDelay, this.ledger);
    this.guards = new SimulatedGuards({
      ...{ random: stream(seed, 21), timeline: this.timeline, database: this.database, note: this.note },
      isWeak: setting.store === 'weak',
    });
    this.ledger.database = this.database;
    this.ledger.onRelease = () => this.released();
    // Where nothing is lost, it is a database that others use, too.
    const isNew = faults.includes('wiped') || faults.includes('restored');
    if (!isNew && this.hasQueue) this.database.settleForGood();
    this.feeding = new Feeding({
      habits: this.habits,
      natures: this.natures,
      ledger: this.ledger,
      random: stream(seed, 6),
      unique: stream(seed, 44),
      living: () => this.living,
      later: (ms, run) => this.later(ms, run),
    });
    this.operators = new Operators({
      database: this.database,
      random: stream(seed, 15),
      note: this.note,
      now: () => this.timeline.now(),
      later: (ms, run) => this.later(ms, run),
      living: () => this.living,
    });
    this.users = new Users({
      ...{ database: this.database, natures: this.natures, random: stream(seed, 43), note: this.note },
      living: () => this.living,
      now: () => this.timeline.now(),
      later: (ms, run) => this.later(ms, run),
    });
    if (this.habits.hasOutbox) this.useOutbox(stream(seed, 45));
    if (setting.queue === 'durable') this.changeTasks(stream(seed, 41));
    this.ranks = stream(seed, 16);
    this.steps = stream(seed, 46);
    this.mischiefs = mischiefs.filter((kind) => faults.includes(kind));
    for (let count = 0; count < setting.members; count++) this.spawn();
  }

  /** Rejects with what broke. */
  async run(): Promise<WorldReport> {
    // What breaks while an answer is taken in has no other way out.
    const broke = (error: unknown): void => this.broke(error);
    process.on('unhandledRejection', broke);
    const { stackTraceLimit } = Error;
    // Every error that a member tells of would spell out its stack, which costs more than all the rest.
    if (this.note === null) Error.stackTraceLimit = 0;
    try {
      await this.live();
    } catch (error) {
      broke(error);
    }
    Error.stackTraceLimit = stackTraceLimit;
    await turn();
    process.off('unhandledRejection', broke);
    if (this.failure !== null) throw this.failure.error;
    const { masterships, unclean, completions: done, repeats, unloadable } = this.ledger;
    const takeovers = Math.max(0, unclean - 1);
    const { events, crashes } = this;
    const { continued, deposed, resigned, losses, removals } = this.ledger;
    return {
      ...{ simulated: this.timeline.now(), events, masterships, crashes, takeovers, done, repeats, unloadable },
      ...{ continued, deposed, resigned, losses, removals, relayed: this.ledger.entries.relayed },
    };
  }

  private get hasQueue(): boolean {
    return this.setting.queue !== 'none';
  }

  private async live(): Promise<void> {
    const { habits, setting } = this;
    this.later(this.fortune() * 1000, () => this.mischief());
    if (this.hasQueue) this.later(this.random() * 500, () => this.feed());
    this.later(0, () => this.hintAtNothing());
    await this.until(setting.faultTime);
    this.natures.calm = true;
    for (const process of this.processes) {
      process.cutOff = null;
      process.deploy = 'good';
    }
    this.note?.('calm');
    if (this.isOperated) this.operators.clear();
    await this.until(setting.faultTime + (this.hasQueue ? 1.1 : 2) * habits.latest);
    const bound = this.timeline.now() + claimBound(this.living, setting.store === 'weak', ROUND_TRIPS, this.isOperated);
    while (!this.someoneWorks && (await this.once(bound)));
    assert.ok(this.someoneWorks, 'no member works, though the faults have stopped');
    if (!this.hasQueue) {
      await this.lastFor(STEADY_MS);
      return this.handOverInPeace();
    }
    this.closing = true;
    this.help();
    if (!this.habits.options.durable) this.handOver();
    const end = this.timeline.now() + PATIENCE;
    for (let next = this.timeline.now(); !this.isOver() && next < end; next += 100) await this.until(next);
    this.ledger.finish(this.living);
    assert.ok(this.isOver(), 'not all tasks have come to their end');
    assert.ok(!this.ledger.database?.down);
  }

  /** Waits, and checks that no mastership ends without a fault, unless the server may write an old lease late. */
  private async lastFor(ms: number): Promise<void> {
    const { masterships } = this.ledger;
    await this.until(this.timeline.now() + ms);
    const isSteady = this.setting.store === 'weak' || this.ledger.masterships === masterships;
    assert.ok(isSteady, 'a mastership ended without a fault');
  }

  /** Has the mastership handed over when nothing else happens: another member follows at once, and the one that was named. */
  private async handOverInPeace(): Promise<void> {
    const { setting, timeline, operators } = this;
    const master = this.processes.find(({ isWorking }) => isWorking);
    // A store that is settled for shorter times to live lets no member with a longer one claim at once.
    const isSettled = this.all.every(({ intervals }) => this.database.main.current.settledFor >= timeToLive(intervals));
    const isSteady = isSettled && setting.store === 'atomic' && setting.faults.includes('hand-over');
    const others = this.living.filter((other) => other !== master && other.priority > 0 && other.phase === 'slave');
    if (master === undefined || !isSteady || others.length === 0) return;
    const named = this.ranks() < 0.5 ? (others[Math.floor(this.ranks() * others.length)] ?? null) : null;
    operators.handOver(this.ledger.highest, named);
    const asked = timeline.now();
    while (master.phase === 'master' && (await this.once(asked + ANSWER_MAX_MS)));
    // It was refused, or its work would not end, and the lease expires.
    if (master.phase === 'master' || !master.conduct.hasHandedOver) return;
    const poll = Math.max(...this.living.map(({ intervals }) => intervals.POLL));
    const end =
      timeline.now() +
      (poll * (setting.faults.some((kind) => kind === 'priority' || kind === 'ranks') ? 6 : 2)) / (1 - SKEW) +
      ROUND_TRIPS;
    while (!this.someoneWorks && (await this.once(end)));
    const next = this.processes.find(({ isWorking }) => isWorking);
    assert.ok(next !== undefined && next !== master, 'no other member follows at once on one that handed over');
    assert.ok(named === null || next === named, `${next.id} follows though ${named?.id} was named`);
  }

  private isOver(): boolean {
    const { done, next } = this.database.main.committed;
    if (this.habits.options.durable) {
      // Without atomic writes `done` may have been set back after the last acknowledgement, until there is another.
      const isAcknowledged = this.setting.store === 'weak' || done === next - 1;
      const isMoved = this.users.isDone && this.database.main.committed.outbox.lines.size === 0;
      return this.feeding.isDone && isMoved && isAcknowledged && this.ledger.isAllOver;
    }
    return this.living.every((process) => this.ledger.open(process).length === 0);
  }

  private get living(): readonly SimulatedProcess[] {
    return this.processes;
  }

  private get someoneWorks(): boolean {
    if (!this.hasQueue) return this.processes.some(({ isWorking }) => isWorking);
    return this.processes.some(({ phase, believes }) => phase === 'master' && believes);
  }

  private async until(end: number): Promise<void> {
    while (await this.once(end));
  }

  /** One event and all that follows from it at once. */
  private async once(end: number): Promise<boolean> {
    const run = this.timeline.next(end);
    if (run === null) return false;
    run();
    for (let hop = 0; hop < this.hops; hop++) await null;
    this.events += 1;
    this.check();
    return true;
  }

  private check(): void {
    let holder: SimulatedProcess | null = null;
    let worker: SimulatedProcess | null = null;
    for (const process of this.processes) {
      process.check();
      if (process.believes || process.lingers) {
        if (holder !== null) assert.fail(`${holder.id} and ${process.id} are master, or at work, at once`);
        holder = process;
      }
      if (process.works) {
        if (worker !== null) assert.fail(`${worker.id} and ${process.id} run tasks at once`);
        worker = process;
      }
    }
    for (const process of this.left) {
      if (holder === null || !process.lingers) continue;
      assert.fail(`${holder.id} is master, and what ${process.id} left may run`);
    }
    if (this.failure !== null) throw this.failure.error;
  }

  /** Makes a backup that holds a released lease: it invites every member to claim. */
  private released(): void {
    if (this.hasQueue || !this.cruel || !this.mischiefs.includes('restored')) return;
    if (this.fortune() < 0.3) this.backup = this.database.backup();
  }

  broke(error: unknown): void {
    this.failure ??= { error };
  }

  later(ms: number, run: () => void): void {
    this.timeline.at(this.timeline.now() + ms, run);
  }

  private get mayLose(): boolean {
    return this.mischiefs.some((kind) => kind === 'wiped' || kind === 'restored');
  }

  /** In every other world operators cancel and change tasks while the faults last. */
  private changeTasks(random: () => number): void {
    if (random() < 0.5) return;
    const next = (): void => {
      if (this.timeline.now() > this.setting.faultTime) return;
      this.operators.changeSomehow();
      this.later(random() * 1000, next);
    };
    this.later(random() * 1000, next);
  }

  private useOutbox(random: () => number): void {
    const next = (): void => {
      if (this.timeline.now() > this.setting.faultTime) return;
      this.users.write();
      this.later(random() * 2 * this.habits.feedPause, next);
    };
    this.later(random() * 1000, next);
  }

  private get isOperated(): boolean {
    return this.setting.faults.some((kind) => ['priority', 'hand-over', 'paused', 'drained', 'ranks'].includes(kind));
  }

  private get cruel(): boolean {
    return this.timeline.now() < this.setting.faultTime;
  }

  private spawn(): void {
    const { random, habits, setting } = this;
    this.made += 1;
    // A member that starts after a loss cannot know of a longer time to live than its own (docs/explain/protocol.md).
    const isUnequal = habits.unequal(random) && !this.mayLose;
    const scale = (): number => habits.scale * (1 - habits.spread / 2 + random() * habits.spread);
    const intervals = isUnequal ? intervalsOf(scale()) : habits.intervals;
    const side = random() < 0.5 ? SKEW : -SKEW;
    const drift = random() < 0.6 ? side : (random() * 2 - 1) * SKEW;
    const rate = setting.faults.includes('drift') ? 1 + drift : 1;
    const process = new SimulatedProcess(this, `m${this.made}`, intervals, rate, this.identify(), this.rank());
    this.processes.push(process);
    this.all.push(process);
    this.later(random() * 600, () =>
      process.hold(() => {
        if (process.alive && !process.stopping) process.run();
      }),
    );
  }

  /** Draws a priority. There is always a member that may be master. */
  private rank(): number {
    const { ranks } = this;
    if (!this.setting.faults.includes('priority')) return 50;
    // A member with a queue in memory does what it was fed, or hears that another did.
    const isNever =
      ranks() < 0.2 && this.setting.queue !== 'memory' && this.living.some(({ priority }) => priority > 0);
    return isNever ? 0 : ([10, 50, 50, 90, 100][Math.floor(ranks() * 5)] ?? 50);
  }

  /** On one machine with the others, or on one of its own. The number of a process that has ended is given again. */
  private identify(): ProcessIdentity {
    const namespace = this.habits.siblings ? 'all' : `${this.made}`;
    const table = this.tableIn(namespace);
    let pid = 1;
    while (table.look(pid) !== 'none') pid += 1;
    return { boot: 'simulated', namespace, pid, start: `${this.made}` };
  }

  tableOf({ identity }: SimulatedProcess): ProcessTable {
    return this.tableIn(identity.namespace);
  }

  /** A member that has stopped leaves its process behind, where work that would not stop may run. */
  private tableIn(namespace: string): ProcessTable {
    return {
      look: (pid) => {
        const found = this.all.find(
          ({ identity, dead }) => !dead && identity.namespace === namespace && identity.pid === pid,
        );
        return found === undefined ? 'none' : { start: found.identity.start };
      },
    };
  }

  ended(process: SimulatedProcess): void {
    this.processes = this.processes.filter((other) => other !== process);
    this.misled.delete(process);
    if (process.conduct.lingers) this.left.add(process);
    if (this.closing) return;
    this.later(this.random() * this.habits.latest * 0.3, () => this.spawn());
  }

  crashed(process: SimulatedProcess, why: string): void {
    if (!process.alive) return;
    this.note?.(`${process.id} dies of ${why}`);
    this.crashes += 1;
    process.kill();
  }

  private feed(): void {
    if (!this.cruel) return;
    this.later(this.random() * 2 * this.habits.feedPause, () => this.feed());
    this.feeding.feed();
    if (this.random() < 0.3) this.unblock();
  }

  /** In the end an operator looks after queues that are blocked. */
  private help(): void {
    this.unblock();
    this.later(500, () => this.help());
  }

  /** A queue in memory waits for its own member to be master: so those leave who have nothing to do. */
  private handOver(): void {
    const master = this.living.find(({ phase, believes }) => phase === 'master' && believes);
    if (master !== undefined && this.living.length > 1 && this.ledger.open(master).length === 0) {
      this.note?.(`${master.id} hands over`);
      master.hold(() => master.stop());
    }
    this.later(300, () => this.handOver());
  }

  private unblock(): void {
    for (const process of this.living) {
      const { work } = process;
      process.hold(() => {
        if (!process.alive) return;
        work.load().then(
          ({ blocked }) => {
            if (blocked !== null && process.alive) void process.userCall(() => work.unblock(blocked));
          },
          () => {},
        );
      });
    }
  }

  // ---- the network ----

  fate(process: SimulatedProcess, call: CallName): Fate {
    const isAsked = process.userCalls > 0;
    // A call that waits for company was asked before the process stopped, at this very moment.
    const isPatient = this.habits.company > 0 && togetherCalls.has(call);
    const goesOn = isPatient || process.store.isSecond;
    const isSilent = process.alive || process.dead || isAsked || goesOn || !this.habits.options.durable;
    if (!isSilent) this.broke(new Error(`${process.id} has stopped, and asks ${call}`));
    const fate = this.decide(process, call);
    if (this.note !== null) {
      const times = [...fate.arrives, fate.gap, fate.returns].map((time) => (time === null ? 'lost' : time.toFixed(1)));
      this.note(`${process.id} asks ${call}: ${times.join()}${fate.stale ? ' of the stale primary' : ''}`);
    }
    return fate;
  }

  private decide(process: SimulatedProcess, call: CallName): Fate {
    const { network, habits } = this;
    const { store } = this.setting;
    if (process.dead) return { arrives: [], gap: 0, returns: null, fails: null, stale: false };
    const short = (): number => 1 + network() * (this.hasQueue ? 6 : 20);
    const stale = this.misled.has(process);
    if (!this.cruel) {
      const arrives = [short()];
      const gap = store === 'weak' ? network() * 3 : 0;
      return { arrives, gap, returns: short(), fails: null, stale };
    }
    const either = (chance: number): number => (network() < chance ? network() * habits.latest : short());
    const gap = store === 'weak' ? either(habits.gaps[call] ?? habits.gap) : 0;
    const fails = habits.early > 0 && network() < habits.early ? network() * 1000 : null;
    const delay = habits.delay > 0 && this.isMove(call) ? DELAY_AT_MOVE : habits.delay;
    const arrives = [either(delay)];
    // No store of ours sends these twice. A second beat of the same number would bring back a version that was.
    if (network() < habits.duplicate && !onceCalls.has(call)) arrives.push(network() * habits.latest);
    const cutOff = process.cutOff !== null && this.timeline.now() < process.cutOff.until ? process.cutOff : null;
    const isLost = cutOff?.there || network() < habits.loss / 2;
    const isUnheard = cutOff?.back || network() < habits.loss / 2;
    return { arrives: isLost ? [] : arrives, gap, returns: isUnheard ? null : either(habits.delay), fails, stale };
  }

  private isMove(call: CallName): boolean {
    return this.habits.hasOutbox && moveCalls.has(call);
  }

  /** How long the look takes that may follow a batch of beats. */
  lookDelay(): number {
    const { network, habits } = this;
    return this.cruel && network() < habits.delay ? network() * habits.latest : network() * 5;
  }

  sent(process: SimulatedProcess, call: CallName): void {
    if (this.cruel && this.isMove(call)) this.endAtMove(process);
    if (!this.cruel || this.habits.endAtCall === 0 || this.fortune() >= this.habits.endAtCall) return;
    const kind = this.fortune() < 0.6 ? 'crash' : 'stop';
    if (!this.mischiefs.includes(kind)) return;
    // With the next event, at the same moment: not in the middle of a step of the member's own code.
    this.later(0, () => this.befall(process, kind, 0));
  }

  /** A master dies, or is told to stop, at each step of moving an entry. */
  private endAtMove(process: SimulatedProcess): void {
    const { steps, mischiefs } = this;
    if (steps() >= END_AT_MOVE) return;
    const kind = steps() < 0.6 ? 'crash' : 'stop';
    const after = steps() < 0.5 ? 0 : steps() * 30;
    if (mischiefs.includes(kind)) this.later(after, () => this.befall(process, kind, 0));
  }

  // ---- hints ----

  /** Hints at what a process has done, to the others: never, once or twice, at once or late. */
  hint(by: SimulatedProcess): void {
    const { rumour, habits } = this;
    if (!this.setting.faults.includes('hints')) return;
    for (const other of this.living.filter((process) => process !== by)) {
      for (let count = Math.floor(rumour() * 3); count > 0; count--) {
        this.later(rumour() < 0.7 ? rumour() * 5 : rumour() * habits.latest, () => other.hold(() => other.hinted()));
      }
    }
  }

  private hintAtNothing(): void {
    if (!this.setting.faults.includes('hints')) return;
    this.later(this.rumour() * 400, () => this.hintAtNothing());
    const process = this.living[Math.floor(this.rumour() * this.living.length)];
    process?.hold(() => process.hinted());
  }

  // ---- the faults ----

  private mischief(): void {
    if (!this.cruel) return;
    const { fortune, habits } = this;
    this.later(fortune() * 2 * habits.pause, () => this.mischief());
    const living = this.living.filter(({ stopping }) => !stopping || !this.hasQueue);
    const master = living.find(({ phase }) => phase === 'master');
    const some = living[Math.floor(fortune() * living.length)];
    const process = fortune() < habits.masterFirst ? (master ?? some) : some;
    const kind = this.mischiefs[Math.floor(fortune() * this.mischiefs.length)];
    const ms = fortune() * habits.latest * 0.9;
    if (process !== undefined && kind !== undefined) this.befall(process, kind, ms);
  }

  private befall(process: SimulatedProcess, kind: Mischief, ms: number): void {
    if (!process.alive) return;
    const { fortune, database, timeline } = this;
    this.note?.(`${kind} befalls ${process.id}, ${ms.toFixed(1)} ms`);
    switch (kind) {
      case 'partition': {
        const way = Math.floor(fortune() * 3);
        process.cutOff = { until: timeline.now() + ms, there: way !== 1, back: way !== 0 };
        return;
      }
      case 'restart':
        return database.restart(ms / 4, () => {
          this.misled.clear();
          for (const other of this.living) {
            other.hold(() => {
              if (other.alive) other.member.storeIsBack();
            });
          }
        });
      case 'split':
        database.split(ms);
        this.misled.clear();
        for (const other of this.living) if (fortune() < 0.5) this.misled.add(other);
        return;
      case 'wiped':
        return database.lose(new Documents());
      case 'restored':
        // Every other time a backup is made.
        if (ms > this.habits.latest * 0.45) this.backup = database.backup();
        else database.lose(this.backup);
        return;
      case 'pause':
        return process.holdUp(ms, false);
      case 'sleep':
        process.holdUp(60 + ms, true);
        // While it sleeps, its wall clock may be set back: then only the boot clock shows the sleep.
        if (!this.hasQueue && this.mischiefs.includes('wall') && fortune() < 0.25) {
          process.clock.shiftWall(-(60 + ms) * fortune());
        }
        return;
      case 'wall':
        process.clock.shiftWall((fortune() - 0.3) * (this.hasQueue ? 3000 : 6000));
        return process.surprised();
      case 'broken-deploy': {
        // The present thread goes on with what it has loaded.
        const deploy = fortune() < 0.7 ? 'throws' : 'hangs';
        process.deploy = deploy;
        this.later(ms, () => {
          process.deploy = 'good';
        });
        return;
      }
      case 'unfit': {
        const nothingRuns = fortune() < 0.5;
        return process.hold(() => {
          if (process.alive) process.ail(ms, nothingRuns);
        });
      }
      case 'back':
        return process.hold(() => {
          if (process.alive) process.member.storeIsBack();
        });
      case 'progress':
        return process.hold(() => process.advance());
      case 'trim':
        return void process.store.trimTerms('', this.ledger.highest);
      case 'hand-over':
        return this.operators.handOverSomehow();
      case 'paused':
        return this.operators.pause(ms);
      case 'drained':
        return this.operators.drain(process, ms);
      case 'crash':
        return this.crashed(process, 'a crash');
      case 'stop':
        return process.hold(() => process.stop());
      case 'exit':
        return process.hold(() => process.exit(50 + ms / 10));
    }
  }
}
