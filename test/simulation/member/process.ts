/**
 * One process of the simulation: the real member with its real work on a simulated machine, which can be held up, sleep,
 * and die. Whatever reaches the process comes through `hold`.
 */
import assert from 'node:assert/strict';
import { DeathWatch } from '../../../src/coordinator/deathWatch.ts';
import { DurableDuty } from '../../../src/coordinator/duties/durableDuty.ts';
import { MemoryDuty } from '../../../src/coordinator/duties/memoryDuty.ts';
import type { QueueDuty } from '../../../src/coordinator/duties/queueDuty.ts';
import { Fitness } from '../../../src/coordinator/fitness.ts';
import { ClusterMember } from '../../../src/coordinator/member.ts';
import type { MemberParts } from '../../../src/coordinator/memberParts.ts';
import { SentBeats } from '../../../src/coordinator/sentBeats.ts';
import { hashOf, pollsOfRank } from '../../../src/coordinator/spread/rank.ts';
import { storeLimits } from '../../../src/coordinator/storeLimits.ts';
import { togetherStore } from '../../../src/coordinator/together/togetherStore.ts';
import { WorkLoading } from '../../../src/coordinator/workLoading.ts';
import { Suspensions } from '../../../src/election/suspensions.ts';
import { type Phase, transitions } from '../../../src/election/transitions.ts';
import type { CodedError, FailoverErrorCode } from '../../../src/errors.ts';
import { configurationOf } from '../../../src/options/configuration.ts';
import { defaultGrace, timeToLive } from '../../../src/options/leaseTimes.ts';
import type { Intervals } from '../../../src/options/options.ts';
import { ReadLimit } from '../../../src/queue/readLimit.ts';
import { OutboxWatch } from '../../../src/relay/outboxWatch.ts';
import { openOnUse } from '../../../src/store/openOnUse.ts';
import type { Store } from '../../../src/store/store.ts';
import type { ProcessIdentity, ProcessTable } from '../../../src/surroundings/processIdentity.ts';
import { sharingTimers } from '../../../src/time/sharedTimers.ts';
import type { MemberEvent, TaskBatch } from '../../../src/wire/messages.ts';
import { ordinary } from '../../support/orders.ts';
import { type Held, SkewedClock, type Timeline } from '../../support/skewedClock.ts';
import { SKEW, UNNOTICED } from './bounds.ts';
import { drawCompany } from './company.ts';
import { Conduct } from './conduct.ts';
import { type CallName, type Fate, SimulatedConnection, togetherCalls } from './connection.ts';
import type { Database } from './database.ts';
import { FunctionDuty } from './functionDuty.ts';
import type { SimulatedGuards } from './guards.ts';
import type { Habits } from './habits.ts';
import type { Ledger } from './ledger.ts';
import type { SimulatedLifelines } from './lifelines.ts';
import { drainOf } from './operators.ts';
import { type FaultKind, NAME, type Setting, stream } from './setting.ts';
import { SimulatedLease } from './simulatedLease.ts';
import { type Deploy, EXIT, SimulatedThread } from './simulatedThread.ts';

/** Between two probes of a module that does not load, in ms. */
const PROBES = { minDelay: 50, maxDelay: 300 };
/** How long a function that would not end for a hand-over holds its member up, at most, in ms. */
const FUNCTION_STUCK_MS = 3000;

/** What a process needs of its world. */
export interface Surroundings {
  readonly timeline: Timeline;
  readonly database: Database;
  readonly ledger: Ledger;
  readonly setting: Setting;
  readonly habits: Habits;
  readonly random: () => number;
  /** What a process sees of those of its machine. */
  tableOf(process: SimulatedProcess): ProcessTable;
  fate(process: SimulatedProcess, call: CallName): Fate;
  lookDelay(): number;
  sent(process: SimulatedProcess, call: CallName): void;
  /** It has done what others would like to know. */
  hint(process: SimulatedProcess): void;
  readonly lifelines: SimulatedLifelines;
  readonly guards: SimulatedGuards;
  /** It has stopped, or died. */
  ended(process: SimulatedProcess): void;
  crashed(process: SimulatedProcess, why: string): void;
  /** Ends the run with this, wherever it was noticed. */
  broke(error: unknown): void;
  note: ((text: string) => void) | null;
}

/** Faults after which a member may be told that it has rested, or terms begin again in another epoch. */
const endsRests: ReadonlySet<FaultKind> = new Set<FaultKind>(['paused', 'drained', 'wiped', 'restored']);

export class SimulatedProcess {
  readonly clock: SkewedClock;
  readonly member: ClusterMember;
  readonly lease: SimulatedLease;
  readonly thread: SimulatedThread;
  readonly store: SimulatedConnection;
  phase: Phase = 'stopped';
  /** Neither dead nor stopped. */
  alive = true;
  stopping = false;
  cutOff: { readonly until: number; readonly there: boolean; readonly back: boolean } | null = null;
  dead = false;
  /** How many calls of its user are under way. */
  userCalls = 0;
  private origins = 0;
  /** How its work module loads. */
  deploy: Deploy = 'good';
  /** Its work did not load, and has not since. */
  unloadable = false;
  /** When it goes on after the last pause or suspension, by true time. */
  private heldUntil = 0;
  private asleep = false;
  private held: Held[] | null = null;
  /** It was held up, and has not had all that waited. */
  private behind = false;
  /** After a suspension, until then, it need not know. True time. */
  private unawareUntil = 0;
  /** Work that a suspension or a pause has taken by surprise may go on until then, by true time; a native call longer. */
  private excusedUntil = { script: 0, native: 0 };
  private managed: QueueDuty | null = null;
  /** Without a queue. */
  private functionDuty: FunctionDuty | null = null;
  readonly conduct: Conduct;
  private readonly fitness: Fitness;
  private readonly sentBeats: SentBeats;
  /** How often it has become unfit; only the last one's end makes it fit. */
  private ailments = 0;

  constructor(
    private readonly world: Surroundings,
    readonly id: string,
    readonly intervals: Intervals,
    rate: number,
    readonly identity: ProcessIdentity,
    readonly priority: number,
  ) {
    const { timeline, random, habits, setting, database, ledger } = world;
    this.clock = new SkewedClock(timeline, (run) => this.hold(run), rate, random() * 1e6);
    const { clock } = this;
    this.sentBeats = new SentBeats(clock, intervals);
    this.lease = new SimulatedLease(clock);
    this.thread = new SimulatedThread({
      clock,
      lease: this.lease,
      random,
      taskTimeout: habits.options.taskTimeout,
      goesOn: setting.plant === 'works-after-grace',
      deploy: () => {
        this.unloadable &&= this.deploy !== 'good';
        return this.deploy;
      },
      begins: (task, term) => {
        assert.ok(!this.dead && this.held === null, `${this.id} works though it is held up`);
        const behaviour = ledger.begins(this, task, term, habits.options.minInterval);
        world.note?.(`${id} begins ${task.id} under ${term}: ${behaviour.ends} after ${behaviour.takes.toFixed(1)}`);
        return behaviour;
      },
      completed: (task, term) => ledger.completed(this, task, term),
      postponed: (task, term, delay) => ledger.postponed(this, task, term, delay),
      killed: () => {
        ledger.killed(this, habits.options.retry);
        world.crashed(this, 'a task');
      },
    });
    const isQueue = setting.queue !== 'none';
    const limits = isQueue ? limitsOf(intervals) : drawLimits(random);
    const grace = isQueue || random() < 0.7 ? defaultGrace(intervals) : 0;
    this.conduct = new Conduct({
      ...{ id, clock, lease: this.lease, grace, ttl: timeToLive(intervals), requestTimeout: limits.request },
      restsByItself: !setting.faults.some((kind) => endsRests.has(kind)),
      isUnaware: () => this.isUnaware,
      broke: (error) => world.broke(error),
      deposed: (resigned) => {
        ledger.deposed += 1;
        if (resigned) ledger.resigned += 1;
      },
    });
    const { conduct } = this;
    this.store = new SimulatedConnection({
      timeline,
      database,
      clock,
      leaseLimit: limits.command,
      taskLimit: limits.command * 4,
      conduct: {
        looking: (tip, epoch) => conduct.looking(tip, epoch),
        claims: (expected, next) => conduct.claims(expected, next),
        asks: (call) => {
          // One that waits for its turn counts as sent when it was asked: the member takes it for under way.
          if (habits.company === 0 || !togetherCalls.has(call)) conduct.asks(call);
        },
      },
      ...{ trims: habits.trims, hasOutbox: habits.hasOutbox },
      plant: setting.plant,
      fate: (call) => world.fate(this, call),
      lookDelay: () => world.lookDelay(),
      sent: (call) => world.sent(this, call),
      deliver: (answer) => this.hold(answer),
    });
    const { store } = this;
    const shared = this.amongOthers(limits.command);
    const emit = (event: MemberEvent): void => this.told(event);
    const host = {
      resign: (reason: string, code: FailoverErrorCode, nothingRuns: boolean) =>
        conduct.resign(nothingRuns, () => this.member.resign(reason, code, nothingRuns)),
      fit: () => {
        conduct.fit();
        this.member.fit();
      },
    };
    const fitness = new Fitness(host, clock);
    this.fitness = fitness;
    const loading = new WorkLoading({ name: NAME, prober: this.thread, fitness, clock, delays: PROBES, emit });
    this.member = new ClusterMember({
      name: NAME,
      holder: id,
      host: 'simulated',
      pid: identity.pid,
      version: '1.2.3',
      process: identity,
      deaths: new DeathWatch({
        ...{ me: identity, clock, lifelines: world.lifelines.of(this) },
        table: { look: (pid) => world.tableOf(this).look(pid) },
      }),
      storeText: 'the simulated store',
      ...ordinary(store),
      ...{ priority, drain: drainOf(id), drains: [drainOf(id)], stopTimeout: habits.options.stopTimeout },
      stuck: (reason) => this.stuck(reason),
      pollsOfRank: makeRanks(setting, id),
      intervals,
      configuration: isQueue ? configurationOf(habits.options, 'id') : configurationOf(null, null),
      standBack: () => assert.fail(`${id} stands back, though all agree`),
      comeForward: () => {},
      grace,
      requestTimeout: limits.request,
      store: shared,
      ...(habits.onGrid ? { phase: random() * intervals.MASTER } : {}),
      ...this.timesOfMember(),
      lease: this.lease,
      emit,
      unfit: () => fitness.unfit,
      ended: () => void loading.stop(),
      makeDuty: (progressed) => {
        if (!isQueue) {
          this.functionDuty = new FunctionDuty({ random, progressed, later: (ms, run) => this.later(ms, run) });
          return conduct.watch(ledger.watch(this, this.functionDuty));
        }
        const parts = {
          ...{ name: NAME, options: habits.options, runner: this.thread, clock, progressed, random },
          killProcess: () => world.crashed(this, 'its fencing'),
          emit,
          loaded: () => loading.succeeded(),
          unloadable: (error: CodedError, settled: boolean) => {
            ledger.unloadable += 1;
            this.unloadable = true;
            loading.failed(error, settled);
          },
          store: store.tasks,
          poll: intervals.POLL,
        };
        this.managed = habits.options.durable
          ? new DurableDuty({
              ...{ ...parts, holder: id, reads: new ReadLimit(), stored: () => world.hint(this) },
              ...{ outbox: store.outbox, newOrigin: () => this.newOrigin() },
              outboxes: new OutboxWatch({ outbox: store.outbox, clock, poll: intervals.POLL }),
              ...{ schedules: store.schedules, clockAhead: () => store.clockAhead(), key: 'id' },
            })
          : new MemoryDuty(parts);
        return conduct.watch(ledger.watch(this, this.managed));
      },
    });
  }

  /** A coordinator with more members shares these among them, where a world has them. */
  private timesOfMember(): Pick<MemberParts, 'clock' | 'suspensions' | 'sentBeats'> {
    const { clock, sentBeats } = this;
    if (this.world.habits.company === 0) return { clock };
    const shared = sharingTimers(clock);
    return { clock: shared, suspensions: new Suspensions(shared), sentBeats };
  }

  /** The store as a coordinator with more members sees it, where a world has them. */
  private amongOthers(limit: number): Store {
    const { habits, random } = this.world;
    if (habits.company === 0) return this.store;
    const soon = (callback: () => void): void => void this.clock.at(this.clock.now(), callback);
    const decided = (holder: string, term: number) => this.sentBeats.decided(holder, term);
    const shared = togetherStore(openOnUse(this.store), { clock: this.clock, limit, soon, decided });
    const beat: Store['beat'] = (...own) => {
      this.conduct.asks('beat');
      const company = random() < habits.company ? drawCompany(random) : [];
      for (const { tenure, beat: number, progress } of company) {
        shared.beat(tenure, number, progress).catch(() => {});
      }
      return shared.beat(...own);
    };
    const asked = (call: CallName) => this.conduct.asks(call);
    return {
      ...shared,
      beat,
      compareAndSetLease: (...own) => {
        asked('compareAndSetLease');
        return shared.compareAndSetLease(...own);
      },
      insertTerm: (...own) => {
        asked('insertTerm');
        return shared.insertTerm(...own);
      },
    };
  }

  get work(): QueueDuty {
    assert.ok(this.managed !== null);
    return this.managed;
  }

  /**
   * Runs it now, or when the process is no longer held up.
   */
  hold(run: Held): void {
    if (this.dead) return;
    if (this.held !== null) {
      this.held.push(run);
      return;
    }
    run();
  }

  holdUp(ms: number, asleep: boolean): void {
    if (this.held !== null || this.dead) return;
    const { timeline, random } = this.world;
    this.held = [];
    this.asleep = asleep;
    if (asleep) this.clock.sleep();
    this.heldUntil = timeline.now() + ms;
    if (this.unawareUntil > timeline.now()) this.unawareUntil += ms;
    timeline.at(timeline.now() + ms, () => {
      const held = this.held ?? [];
      this.held = null;
      this.behind = true;
      this.asleep = false;
      if (asleep) {
        this.clock.wake();
        this.surprised();
      }
      this.world.note?.(`${this.id} goes on`);
      // Timers and answers are ready at once; which the loop takes first is not certain.
      if (random() < 0.5) held.reverse();
      for (const run of held) timeline.at(timeline.now(), () => this.hold(run));
      timeline.at(timeline.now(), () => {
        this.behind = false;
        this.excuse(EXIT + 1);
      });
    });
  }

  /** Its clocks have shown, or will show within a moment, that more time has passed than it knows. */
  surprised(): void {
    // A process that is held up learns of it when it goes on.
    const standsStill = Math.max(0, this.heldUntil - this.world.timeline.now());
    const noticed = this.world.timeline.now() + standsStill + UNNOTICED / (1 - SKEW);
    this.unawareUntil = Math.max(this.unawareUntil, noticed);
    this.excuse(standsStill + UNNOTICED + EXIT);
  }

  /** Who is late to hear that the lease is over ends its work at once, and its process, if a native call holds it, `grace` later. */
  private excuse(ms: number): void {
    const { timeline, habits } = this.world;
    const from = (more: number): number => timeline.now() + (ms + more + 1) / (1 - SKEW);
    const { script, native } = this.excusedUntil;
    const { grace } = habits.options;
    this.excusedUntil = { script: Math.max(script, from(0)), native: Math.max(native, from(grace)) };
  }

  hinted(): void {
    if (!this.alive) return;
    this.member.hinted();
    if (this.managed instanceof DurableDuty) this.managed.hinted();
  }

  kill(): void {
    this.dead = true;
    this.world.lifelines.ended(this);
    if (this.world.habits.guarded)
      this.world.guards.wardDied({ id: this.id, identity: this.identity, ttl: timeToLive(this.intervals) });
    this.conduct.kill();
    this.end();
  }

  run(): void {
    this.member.run();
  }

  /** Makes it unfit for `ms`: its work hangs, or does not load if `nothingRuns`, or a member of another kind should work. */
  ail(ms: number, nothingRuns: boolean): void {
    this.ailments += 1;
    const { ailments, fitness, member, conduct } = this;
    const { timeline } = this.world;
    const after = (run: () => void): void =>
      void timeline.at(timeline.now() + ms, () =>
        this.hold(() => {
          if (this.alive && ailments === this.ailments) run();
        }),
      );
    if (this.functionDuty !== null) {
      // Not by way of Fitness, which lets no member resign twice.
      conduct.resign(nothingRuns, () => member.resign('the work hangs', 'ERR_TASK_TIMEOUT', nothingRuns));
      return after(() => {
        conduct.fit();
        member.fit();
      });
    }
    // As the host does when a member of another kind should work.
    fitness.complain('kind', 'ERR_CONFIGURATION_DIFFERS', 'another should work');
    after(() => {
      void this.work.whenEnded().then(() => {
        if (this.alive && ailments === this.ailments) fitness.withdraw('kind');
      });
    });
  }

  private newOrigin(): string {
    this.origins += 1;
    return `${this.id} ${String(this.origins).padStart(6, '0')}`;
  }

  /** Stores tasks that are due then, for a user. */
  async submitLater(batch: TaskBatch, time: number): Promise<void> {
    const { managed } = this;
    assert.ok(managed instanceof DurableDuty);
    this.userCalls += 1;
    await managed.submitLater(batch, time).finally(() => {
      this.userCalls -= 1;
    });
  }

  /** Makes a call of its user, which may go on when the member has stopped. */
  async userCall(call: () => Promise<unknown>): Promise<void> {
    this.userCalls += 1;
    await call().catch(() => {});
    this.userCalls -= 1;
  }

  /** Lets the work progress, if there is no queue. */
  advance(): void {
    this.functionDuty?.advance();
  }

  /** As the host does when nothing ran at a hand-over, and yet the work would not end: the lease is left to expire. */
  private stuck(reason: string): void {
    if (this.managed === null) return this.ail(this.world.random() * FUNCTION_STUCK_MS, false);
    this.fitness.complain('handOver', 'ERR_WORK_NOT_STOPPED', reason);
    void this.managed.whenEnded().then(() => {
      if (this.alive) this.fitness.withdraw('handOver');
    });
  }

  private later(ms: number, run: Held): void {
    const { timeline } = this.world;
    timeline.at(timeline.now() + ms, () => this.hold(run));
  }

  stop(): void {
    if (this.stopping) return;
    this.stopping = true;
    this.conduct.stops();
    this.member.stop();
  }

  /** Its main thread exits: the coordinator has `ms` to end what runs, and to release the lease. */
  exit(ms: number): void {
    this.managed?.exit(false);
    this.stop();
    const { timeline } = this.world;
    timeline.at(timeline.now() + ms, () => this.world.crashed(this, 'its exit'));
  }

  private end(): void {
    if (!this.alive) return;
    this.alive = false;
    this.conduct.end();
    this.world.ended(this);
  }

  /** Whether `isMaster` is true for it, here and now. */
  get believes(): boolean {
    if (this.dead || this.asleep || this.isUnaware) return false;
    return this.world.setting.queue === 'none' ? this.lease.isValid : this.lease.remaining() > 0;
  }

  /** Whether it cannot have noticed yet that its lease is over. */
  get isUnaware(): boolean {
    return this.world.timeline.now() < this.unawareUntil;
  }

  /** Whether a task really runs: not in a process that is held up, nor before it can know that its lease is over. */
  get works(): boolean {
    if (this.dead || this.held !== null || this.behind || !this.thread.busy) return false;
    const { script, native } = this.excusedUntil;
    return this.world.timeline.now() >= (this.thread.isNative ? native : script);
  }

  /** Returns whether it has a mastership that is not fenced, lost, given up or drained. */
  get isWorking(): boolean {
    return this.conduct.working;
  }

  /** Returns whether work that it left behind may run, here and now. */
  get lingers(): boolean {
    return !this.asleep && this.conduct.lingers;
  }

  check(): void {
    if (this.held === null && !this.behind) this.conduct.check();
    if (!this.works) return;
    // A native call is let run until its process is killed for it, `grace` after the fence.
    const late = this.clock.now() - this.lease.lastUntil;
    if (late > 1) assert.fail(`${this.id} works ${late.toFixed(1)} ms after its lease`);
  }

  private told(event: MemberEvent): void {
    const { note, ledger } = this.world;
    // What follows at once on its death, in the same step of the code, does not happen.
    if (this.dead) return;
    if (note !== null) note(`${this.id} ${textOf(event)}`);
    switch (event.type) {
      case 'statechange':
        assert.equal(event.from, this.phase, `${this.id}: a statechange from another state`);
        assert.ok(transitions[event.from].includes(event.to), `no way from ${event.from} to ${event.to}`);
        this.conduct.changes(event.from, event.to);
        this.phase = event.to;
        this.world.hint(this);
        return;
      case 'done':
        return ledger.toldDone(this, event.ids);
      case 'removed':
        return ledger.removed(this, event.ids);
      case 'duplicate':
        // The relay takes what is thrown here for a call that failed.
        if (!ledger.entries.isDuplicate(event.id)) this.world.broke(new Error(`${event.id} is told to be a duplicate`));
        return;
      case 'failed':
        return ledger.failed(event.id, event.attempt);
      case 'panic':
        if (!this.stopping) ledger.panics += 1;
        return;
      case 'stopped':
        return this.end();
    }
  }
}

/** What a view of who lives comes to that changes at any time, and is often wrong. */
function makeRanks({ seed, faults }: Setting, id: string): () => number {
  if (!faults.includes('ranks')) return () => 0;
  const random = stream(seed, hashOf(id));
  return () => pollsOfRank(Math.floor(random() * 6));
}

/** How long the store has for a call, and the elector waits for it, in ms. */
interface Limits {
  readonly command: number;
  readonly request: number;
}

function limitsOf(intervals: Intervals): Limits {
  const { commandTimeout, connectTimeout } = storeLimits(intervals);
  return { command: commandTimeout, request: connectTimeout + 2 * commandTimeout };
}

function drawLimits(random: () => number): Limits {
  const command = 500 + random() * 6000;
  // By its own clock, but later than the store's: what the store says late still reaches the elector.
  return { command, request: command * (1 + 2 * SKEW) + 100 };
}

function textOf(event: MemberEvent): string {
  switch (event.type) {
    case 'statechange':
      return `${event.from} -> ${event.to}`;
    case 'error':
    case 'panic':
      return `${event.type}: ${event.error.message}`;
    case 'done':
    case 'removed':
      return `${event.type} ${event.ids.join()}`;
    case 'failed':
      return `failed ${event.id}, attempt ${event.attempt}`;
    case 'deadletter':
      return `deadletter ${event.id}`;
    case 'info':
      return `info: ${event.text}`;
    default:
      return event.type;
  }
}
