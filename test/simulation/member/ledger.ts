/**
 * What really happened, as no member of the simulation can know it, and what must be true of it at every step. It
 * shares nothing with the code that it watches but the names of events.
 *
 * A loss of the store begins another epoch. Tasks, acknowledgements and elections of the one before count for nothing then, but for
 * what the backup holds. A master of an earlier epoch that has not heard of it yet is held to its lease alone.
 */
import assert from 'node:assert/strict';
import type { Duty, Election } from '../../../src/coordinator/duties/duty.ts';
import type { ResolvedRetry } from '../../../src/options/options.ts';
import { UNACKNOWLEDGED_MAX } from '../../../src/queue/durable/reignParts.ts';
import type { QueuedTask } from '../../../src/queue/runner.ts';
import type { Lease, Tenure } from '../../../src/store/store.ts';
import type { Burial } from '../../../src/store/taskStore.ts';
import type { TaskId } from '../../../src/task/task.ts';
import type { Behaviour } from './behaviour.ts';
import { SKEW } from './bounds.ts';
import type { Database, DatabaseWatch, Documents, Moved } from './database.ts';
import { EntryBook } from './entryBook.ts';
import type { SimulatedProcess } from './process.ts';
import type { Setting } from './setting.ts';

/** How much later than its writer's clock a task counts as stored, at most, in ms. */
const COMMIT_MAX_MS = 100;

/** What the standby of one process knows, for a queue in memory. */
interface Knowledge {
  /** Fed to it. */
  readonly fed: Set<TaskId>;
  /** Told by a lease, after which it must not run them. */
  readonly told: Set<TaskId>;
  /** What the last lease counted; undefined when what follows cannot be told from it. */
  count: number | undefined;
  /** That of its last mastership. */
  epoch: number;
}

export class Ledger implements DatabaseWatch {
  completions = 0;
  repeats = 0;
  panics = 0;
  /** How many masterships were followed by one of the same member, with no other between them. */
  continued = 0;
  /** How many were lost or given up. */
  deposed = 0;
  /** Of those, how many were given up. */
  resigned = 0;
  losses = 0;
  /** How many tasks were cancelled. */
  removals = 0;
  private lastElected: SimulatedProcess | null = null;
  /** How often a master could not load its work. */
  unloadable = 0;
  /** How often each task has begun. */
  private readonly begun = new Map<TaskId, number>();
  /** How often a task was postponed. */
  postponements = 0;
  /** The postponement that a mastership waits for: nothing begins under it before the time is over. */
  private waiting: {
    readonly process: SimulatedProcess;
    readonly term: number;
    readonly task: QueuedTask;
    readonly until: number;
  } | null = null;
  /** The processes whose lease is about to end. */
  private readonly fenced = new Set<SimulatedProcess>();
  highest = 0;
  readonly stores = new Map<number, TaskId>();
  /** The number under which each id was first stored. */
  private readonly firstNumbers = new Map<TaskId, number>();
  /** The highest that any lease has had. */
  private acknowledgedThrough = 0;
  /** By number for a stored queue, by id for one in memory. */
  private readonly done = new Set<TaskId>();
  private readonly buried = new Set<number>();
  /** Marked as cancelled, and of those what a user was told of. */
  private readonly marked = new Set<number>();
  private readonly told = new Set<number>();
  /** Up to this number all are done, or given up. */
  private frontier = 0;
  private readonly elections = new Set<number>();
  /** The terms that ended with a release. */
  private readonly releases = new Set<number>();
  /** Of each term, the highest number that was completed under it. */
  private readonly reached = new Map<number, number>();
  /** The number of the stored task that began last. */
  private last = 0;
  /** How many processes each stored task took down, and how many it may have, above its budget. */
  private readonly kills = new Map<number, number>();
  private readonly pardons = new Map<number, number>();
  private readonly knowledge = new Map<SimulatedProcess, Knowledge>();
  /** Of the epochs before this one. */
  private readonly past = { masterships: 0, unclean: 0 };
  private epoch = 1;
  readonly entries = new EntryBook();
  /** When a task last began, by true time. */
  private beganAt = Number.NEGATIVE_INFINITY;
  /** How long ids stay taken, in ms, and since when, by true time. */
  private readonly periods = new Map<TaskId, number>();
  private readonly takenSince = new Map<TaskId, number>();
  private readonly lostLetters = new Set<TaskId>();
  database: Database | null = null;
  /** Called when a lease was released for good. */
  onRelease: () => void = () => {};

  constructor(
    private readonly setting: Setting,
    private readonly behaviour: (id: TaskId) => Behaviour,
    private readonly now: () => number,
  ) {}

  private get isAtomic(): boolean {
    return this.setting.store === 'atomic';
  }

  private get isDurable(): boolean {
    return this.setting.queue === 'durable';
  }

  // ---- what the members do ----

  /** Puts itself between the member and its work, and hears what the one tells the other. */
  watch(process: SimulatedProcess, work: Duty): Duty {
    return {
      progress: () => work.progress(),
      elected: (election) => {
        this.elected(process, election);
        this.fenced.delete(process);
        // In a store that was lost terms begin again.
        if (this.waiting?.process === process) this.waiting = null;
        work.elected(election);
      },
      fence: (reason) => {
        this.fenced.add(process);
        if (this.waiting?.process === process) this.waiting = null;
        work.fence(reason);
      },
      resume: () => {
        this.fenced.delete(process);
        work.resume();
      },
      deposed: (reason, left) => {
        this.of(process).count = undefined;
        work.deposed(reason, left);
      },
      ...{ hold: () => work.hold(), unhold: () => work.unhold(), settled: () => work.settled() },
      drain: () => work.drain(),
      seen: (lease) => {
        this.seen(process, lease);
        work.seen(lease);
      },
      seenNothing: () => {
        this.of(process).count = 0;
        work.seenNothing();
      },
      seenOtherKind: () => work.seenOtherKind(),
      load: () => work.load(),
      changesAsked: () => work.changesAsked?.(),
    };
  }

  private elected(process: SimulatedProcess, { term, continued }: Election): void {
    assert.ok(!process.unloadable, `${process.id} is elected, though its work does not load`);
    this.of(process).epoch = process.store.epoch;
    if (continued) this.continued += 1;
    if (!this.isOfThisEpoch(process)) {
      this.past.masterships += 1;
      this.past.unclean += 1;
      return;
    }
    assert.ok(term > this.highest, `${process.id} is elected under term ${term}, after ${this.highest}`);
    // A member that takes over from one that lived has no suspects: the next death is the first that is found. It may have released
    // before its work heard of the election.
    if (continued || [...this.releases].some((released) => released >= this.highest)) {
      for (const seq of this.kills.keys()) this.pardons.set(seq, (this.pardons.get(seq) ?? 0) + 1);
    }
    // Where a late write may bring an old lease back, a holder in between may be overlooked.
    const isOwn = !continued || !this.isAtomic || this.lastElected === process;
    assert.ok(isOwn, `${process.id} continues what another member did`);
    this.lastElected = process;
    this.highest = term;
    this.elections.add(term);
  }

  /** A task is about to run; how it will go. `minInterval`: between the starts of two tasks. */
  begins(process: SimulatedProcess, task: QueuedTask, term: number, minInterval: number): Behaviour {
    if (minInterval > 0) this.keepsPace(process, minInterval);
    this.waitsForPostponed(process, task, term);
    this.begun.set(task.id, (this.begun.get(task.id) ?? 0) + 1);
    if (this.isDurable) {
      if (this.isOfThisEpoch(process)) this.beginsStored(process, task, term);
    } else {
      const { told } = this.of(process);
      assert.ok(!told.has(task.id), `${process.id} runs ${task.id}, of which a lease told it that it is done`);
    }
    return this.behaviour(task.id);
  }

  /** It counts as no attempt. A mastership whose lease was nearly lost need not wait. */
  postponed(process: SimulatedProcess, task: QueuedTask, term: number, delay: number): void {
    this.postponements += 1;
    this.begun.set(task.id, (this.begun.get(task.id) ?? 1) - 1);
    if (!this.isDurable || this.fenced.has(process)) return;
    this.waiting = { process, term, task, until: this.now() + delay / (1 + SKEW) - 1 };
  }

  private waitsForPostponed(process: SimulatedProcess, task: QueuedTask, term: number): void {
    const { waiting } = this;
    if (waiting?.process !== process || waiting.term !== term) return;
    this.waiting = null;
    // Nothing waits for a task that was cancelled.
    if (this.marked.has(numberOf(waiting.task))) return;
    const early = waiting.until - this.now();
    assert.ok(
      early <= 0,
      `${task.id} begins ${early.toFixed(1)} ms before ${waiting.task.id} may, which was postponed`,
    );
    assert.equal(task.id, waiting.task.id, `${task.id} overtakes ${waiting.task.id}, which was postponed`);
  }

  private keepsPace({ isUnaware }: SimulatedProcess, minInterval: number): void {
    // Of a machine that slept the lease may be over, and it cannot know.
    if (isUnaware) return;
    const gap = this.now() - this.beganAt;
    const least = minInterval / (1 + SKEW) - 1;
    assert.ok(gap >= least, `a task begins ${gap.toFixed(1)} ms after another, and ${minInterval} is the least`);
    this.beganAt = this.now();
  }

  /**
   * A task is charged with an attempt: it must have begun as often. Of a stored one each mastership may have put an attempt
   * on record that it did not live to begin.
   */
  failed(id: TaskId, attempt: number): void {
    const begun = this.begun.get(id) ?? 0;
    const most = begun + (this.isDurable ? this.elections.size : 0);
    assert.ok(attempt <= most, `attempt ${attempt} of task ${id} failed, and it began ${begun} times`);
  }

  private beginsStored({ isUnaware }: SimulatedProcess, task: QueuedTask, term: number): void {
    const seq = numberOf(task);
    const { database, stores } = this;
    this.last = seq;
    assert.ok(database !== null);
    assert.equal(stores.get(seq), task.id, `task ${task.id} runs as number ${seq}, and is not stored so`);
    assert.ok(this.over() >= seq - 1, `number ${seq} begins under term ${term}, and ${this.frontier + 1} is not done`);
    // Without atomic writes the lease, and with it `done`, may be set back: what that costs is repeats. So does a machine
    // that slept while its wall clock was set back, for as long as it cannot know.
    if (!this.isAtomic || isUnaware) return;
    const { done } = database.main.committed;
    assert.ok(seq > done, `number ${seq} runs under term ${term}, and is acknowledged`);
    assert.ok(seq - done <= UNACKNOWLEDGED_MAX, `${seq - done} tasks run without an acknowledgement`);
    assert.ok(!this.buried.has(seq), `number ${seq} runs under term ${term}, and was given up`);
    assert.ok(!this.told.has(seq), `number ${seq} begins under term ${term}, and was said to be removed`);
  }

  /** The task that began last has taken its process down. One that blocks may be let run again, without a bound. */
  killed(process: SimulatedProcess, { attempts, exhausted }: ResolvedRetry): void {
    if (!this.isOfThisEpoch(process) || !this.isDurable || !this.isAtomic || exhausted === 'block') return;
    const { last } = this;
    const kills = (this.kills.get(last) ?? 0) + 1;
    this.kills.set(last, kills);
    const budget = Number.isFinite(attempts) ? Math.max(2, attempts) : 3;
    const most = budget + (this.pardons.get(last) ?? 0);
    assert.ok(kills <= most, `number ${last} takes ${kills} processes down, and may ${most}`);
  }

  completed(process: SimulatedProcess, task: QueuedTask, term: number): void {
    if (this.isDurable && !this.isOfThisEpoch(process)) return;
    const key = this.isDurable ? numberOf(task) : task.id;
    this.completions += 1;
    if (this.done.has(key)) this.repeats += 1;
    this.done.add(key);
    if (this.isDurable) this.reached.set(term, Math.max(this.reached.get(term) ?? 0, numberOf(task)));
  }

  private over(): number {
    const isOver = (seq: number): boolean => this.done.has(seq) || this.buried.has(seq) || this.marked.has(seq);
    while (isOver(this.frontier + 1)) this.frontier += 1;
    return this.frontier;
  }

  // ---- what is stored ----

  stored(seq: number, id: TaskId, source?: Moved): void {
    this.keep(seq, id);
    if (source !== undefined) this.entries.stored(seq, id, source);
    this.takes(seq, id);
  }

  private keep(seq: number, id: TaskId): void {
    this.stores.set(seq, id);
    if (!this.firstNumbers.has(id)) this.firstNumbers.set(id, seq);
  }

  /** Users want this id to stay taken for so long. */
  keepsTaken(id: TaskId, period: number): void {
    this.periods.set(id, period);
  }

  /** An id is stored again only when its time is over, as far as all clocks agree. */
  private takes(seq: number, id: TaskId): void {
    const period = this.periods.get(id);
    if (period === undefined) return;
    const since = this.takenSince.get(id) ?? Number.NEGATIVE_INFINITY;
    const now = this.now();
    const isFree = this.setting.faults.includes('wall') || now - since >= period - 2 * SKEW * now - COMMIT_MAX_MS;
    assert.ok(isFree, `the id ${id} is number ${seq}, ${(now - since).toFixed(0)} ms after it was taken for ${period}`);
    this.takenSince.set(id, now);
  }

  entered(entry: Parameters<EntryBook['entered']>[0]): void {
    this.entries.entered(entry);
  }

  entriesAsked(now: number): void {
    this.entries.asked(now);
  }

  refused(origin: string): void {
    this.entries.refused(origin);
  }

  left(origin: string): void {
    this.entries.left(origin);
  }

  cancelled(seq: number): void {
    this.marked.add(seq);
  }

  toldRemoved(seq: number): void {
    assert.ok(this.marked.has(seq), `number ${seq} is said to be removed, and no mark of it is stored`);
    this.told.add(seq);
    this.removals += 1;
  }

  /** A user is told that these are done. */
  toldDone(process: SimulatedProcess, ids: readonly TaskId[]): void {
    if (!this.isDurable || !this.isOfThisEpoch(process)) return;
    for (const id of ids) {
      const seq = this.firstNumbers.get(id) ?? Number.POSITIVE_INFINITY;
      assert.ok(seq <= this.acknowledgedThrough, `${process.id} says that ${id} is done, and it is not acknowledged`);
    }
  }

  acknowledged({ term, holder }: Tenure, done: number, burial: Burial | null): void {
    if (burial !== null) this.buried.add(burial.seq);
    const before = this.acknowledgedThrough;
    this.acknowledgedThrough = Math.max(before, done);
    if (!this.isAtomic) return;
    // In a store that was lost, what is on its way from before may land.
    if (this.losses === 0) for (let seq = before + 1; seq <= done; seq++) this.mustHaveOutcome(seq, term);
    assert.ok(term >= this.highest, `${holder} acknowledges under term ${term}, after ${this.highest} began`);
    const last = burial === null ? done : burial.seq - 1;
    assert.ok(this.over() >= last, `${holder} acknowledges ${done}, and ${this.frontier + 1} is not done`);
  }

  /** Those who wait for a task are answered by the run that was acknowledged. */
  private mustHaveOutcome(seq: number, term: number): void {
    const id = this.stores.get(seq);
    const outcome = id === undefined ? undefined : this.database?.main.committed.outcomes.get(id);
    // Another task of this id, which can only be stored once this one is done, has none yet.
    assert.ok(id === undefined || outcome?.seq === seq, `${seq} is acknowledged, and has no outcome`);
    const isOfIt = outcome === undefined || outcome.term === term || outcome.state === 'cancelled';
    assert.ok(isOfIt, `${seq} is acknowledged under term ${term}, and has the outcome of term ${outcome?.term}`);
  }

  released({ term, holder }: Tenure, done: number): void {
    this.releases.add(term);
    this.onRelease();
    if (!this.isAtomic || !this.isDurable) return;
    const reached = this.reached.get(term) ?? 0;
    assert.ok(reached <= done, `${holder} releases, and has acknowledged ${done} of ${reached}`);
  }

  lost(documents: Documents): void {
    this.past.masterships += this.elections.size;
    this.past.unclean += this.unclean - this.past.unclean;
    this.epoch = documents.epoch;
    this.losses += 1;
    this.lastElected = null;
    this.highest = documents.tip.term;
    for (const { id } of this.database?.main.current.letters.values() ?? []) this.lostLetters.add(id);
    for (const set of [this.elections, this.releases, this.reached, this.kills, this.pardons]) set.clear();
    if (this.isDurable) this.lostTasks(documents);
  }

  private lostTasks({ tasks, done, letters, lease, outbox }: Documents): void {
    this.stores.clear();
    this.firstNumbers.clear();
    this.takenSince.clear();
    this.entries.lost(outbox.lines.values(), tasks.values());
    for (const { seq, id } of [...tasks.values()].sort((one, other) => one.seq - other.seq)) this.keep(seq, id);
    this.acknowledgedThrough = done;
    this.frontier = 0;
    this.done.clear();
    for (const set of [this.buried, this.marked, this.told]) set.clear();
    for (const { seq, cancelled } of tasks.values()) if (cancelled === true) this.marked.add(seq);
    for (const seq of letters.keys()) this.buried.add(seq);
    if (lease?.burial != null) this.buried.add(lease.burial.seq);
    for (let seq = 1; seq <= done; seq++) if (!this.buried.has(seq)) this.done.add(seq);
  }

  private isOfThisEpoch(process: SimulatedProcess): boolean {
    return this.of(process).epoch === this.epoch;
  }

  // ---- queues in memory ----

  /** The task is in its queue now, or was known to be done when it came. */
  fed(process: SimulatedProcess, id: TaskId): void {
    this.of(process).fed.add(id);
  }

  private seen(process: SimulatedProcess, lease: Lease): void {
    if (this.isDurable) return;
    const knowledge = this.of(process);
    const { recent, count } = lease;
    const { count: before } = knowledge;
    knowledge.count = count;
    if (before === undefined || count < before) {
      for (const id of recent) if (knowledge.fed.has(id)) knowledge.told.add(id);
    } else if (count > before) for (const id of recent.slice(before - count)) knowledge.told.add(id);
  }

  removed(process: SimulatedProcess, ids: readonly TaskId[]): void {
    for (const id of ids) assert.ok(this.isOver(id), `${process.id} drops ${id}, which no member has done`);
  }

  /** Done, or a dead letter. */
  isOver(id: TaskId): boolean {
    return this.done.has(id) || this.lostLetters.has(id) || this.letterOf(id);
  }

  private letterOf(id: TaskId): boolean {
    const letters = this.database?.main.current.letters.values() ?? [];
    return [...letters].some((letter) => letter.id === id);
  }

  /** What was fed to it and is not over. */
  open(process: SimulatedProcess): TaskId[] {
    return [...this.of(process).fed].filter((id) => !this.isOver(id));
  }

  private of(process: SimulatedProcess): Knowledge {
    const found = this.knowledge.get(process) ?? { fed: new Set(), told: new Set(), count: undefined, epoch: 0 };
    this.knowledge.set(process, found);
    return found;
  }

  // ---- at the end ----

  get masterships(): number {
    return this.past.masterships + this.elections.size;
  }

  /** Masterships that did not end with a release, or have not ended. */
  get unclean(): number {
    return this.past.unclean + [...this.elections].filter((term) => !this.releases.has(term)).length;
  }

  /** Whether every stored task is done or a dead letter. */
  get isAllOver(): boolean {
    return [...this.stores.keys()].every((seq) => this.isNumberOver(seq));
  }

  private isNumberOver(seq: number): boolean {
    return this.done.has(seq) || this.marked.has(seq) || (this.database?.main.committed.letters.has(seq) ?? false);
  }

  finish(living: readonly SimulatedProcess[]): void {
    for (const process of living) {
      assert.deepEqual(this.open(process), [], `tasks that ${process.id} was fed are not done`);
    }
    if (!this.isDurable) return;
    this.entries.finish();
    for (const [seq, id] of this.stores) {
      assert.ok(this.isNumberOver(seq), `number ${seq}, task ${id}, is neither done nor a dead letter`);
    }
    const unclean = this.unclean;
    if (this.isAtomic) {
      const most = UNACKNOWLEDGED_MAX * unclean;
      assert.ok(this.repeats <= most, `${this.repeats} repeats of ${unclean} masterships that ended uncleanly`);
    }
  }
}

function numberOf(task: QueuedTask): number {
  assert.ok('seq' in task && typeof task.seq === 'number', 'a stored task has a number');
  return task.seq;
}
