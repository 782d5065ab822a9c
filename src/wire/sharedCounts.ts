/**
 * What is counted and measured, in shared memory: each cell has one writer, and any thread reads it without a message. So
 * a scrape costs the thread that sends beats nothing, and what was counted outlives that thread.
 */
import type { Phase } from '../election/transitions.js';

/** The states, in the order of their numbers. */
export const phases = ['stopped', 'init', 'slave', 'ticking', 'master', 'error'] as const satisfies readonly Phase[];
/** Why a mastership ended that was not released. */
export const lossReasons = ['store', 'alien', 'main-blocked', 'timeout', 'work', 'configuration'] as const;
/** What became of a try of a task. */
export const outcomes = ['done', 'failed', 'dead-letter', 'repeated', 'cancelled'] as const;
/** The calls of the store whose failures are counted by name; those of others count as `other`. */
export const storeCalls = [
  ...(['open', 'highestTerm', 'observe', 'settle', 'compareAndSetLease', 'insertTerm', 'beat', 'release'] as const),
  ...(['releaseDead', 'trimTerms', 'putMember', 'removeMember', 'listMembers', 'putNotice', 'readNotices'] as const),
  ...(['addTasks', 'queueState', 'tasksAfter', 'acknowledge', 'setAttempts', 'clearAttempts', 'trimTasks'] as const),
  ...(['countTasks', 'countDeadLetters', 'putDeadLetter', 'oldestDeadLetter', 'claimDeadLetter'] as const),
  ...([
    'removeDeadLetter',
    'readOrders',
    'writeOrders',
    'putDrain',
    'removeDrain',
    'listDrains',
    'putPreferred',
    'putPresence',
    'readPresences',
    'listNames',
    'putSuccess',
    'findSuccess',
    'takeSlot',
    'clockAhead',
    'readSchedules',
    'findSchedule',
    'writeSchedules',
    'touchSchedules',
    'pauseSchedule',
    'resumeSchedule',
    'deleteSchedule',
    'deadLettersAfter',
    'deadLetterAt',
    'findTask',
    'putChange',
    'openChanges',
    'takeChange',
    'answerChange',
    'readAnswer',
    'removeChange',
    'trimChanges',
    'markTask',
    'relayTasks',
    'putEntries',
    'namesWaiting',
    'readEntries',
    'markEntries',
    'refuseEntries',
    'removeEntries',
    'outboxPlace',
    'setCheckpoint',
    'putOutcomes',
    'readOutcomes',
    'trimOutcomes',
    'other',
  ] as const),
] as const;

export type LossReason = (typeof lossReasons)[number];
export type Outcome = (typeof outcomes)[number];
export type StoreCall = (typeof storeCalls)[number];

/** Upper bounds of the buckets, in seconds. */
export const beatBounds = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;
export const takeoverBounds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 30, 60] as const;
export const taskBounds = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] as const;

/** What a histogram holds. */
export interface Distribution {
  /** Upper bounds of the buckets, in seconds. */
  readonly bounds: readonly number[];
  /** How many fell into each bucket alone, and last how many were above all bounds. */
  readonly counts: readonly number[];
  /** In seconds. */
  readonly sum: number;
}

/** Hands out the cells of a buffer, in order. */
class Cells {
  private used = 0;
  private readonly all: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.all = new Float64Array(buffer);
  }

  take(count: number): Float64Array {
    this.used += count;
    return this.all.subarray(this.used - count, this.used);
  }
}

/** Counts that have names. */
class NamedCounts<Name extends string> {
  constructor(
    private readonly names: readonly Name[],
    private readonly cells: Float64Array,
  ) {}

  add(name: Name, count = 1): void {
    const index = this.names.indexOf(name);
    this.cells[index] = (this.cells[index] ?? 0) + count;
  }

  read(): Record<Name, number> {
    return Object.fromEntries(this.names.map((name, index) => [name, this.cells[index] ?? 0])) as Record<Name, number>;
  }
}

export class SharedHistogram {
  constructor(
    private readonly bounds: readonly number[],
    /** One for each bound, one for what is above them, and the sum. */
    private readonly cells: Float64Array,
  ) {}

  record(ms: number): void {
    const { bounds, cells } = this;
    const seconds = ms / 1000;
    let index = 0;
    // As few as they are, a search by halves is not faster.
    while (index < bounds.length && seconds > (bounds[index] ?? 0)) index += 1;
    const sum = bounds.length + 1;
    cells[index] = (cells[index] ?? 0) + 1;
    cells[sum] = (cells[sum] ?? 0) + seconds;
  }

  read(): Distribution {
    const { bounds, cells } = this;
    return { bounds, counts: [...cells.subarray(0, bounds.length + 1)], sum: cells[bounds.length + 1] ?? 0 };
  }
}

const histogramCells = (bounds: readonly number[]): number => bounds.length + 2;

const FLAGS = 5;
const QUEUE = 5;
const MEMBER_CELLS =
  1 + FLAGS + QUEUE + phases.length + lossReasons.length + outcomes.length + histogramCells(taskBounds);
const SERVICE_CELLS =
  4 +
  storeCalls.length +
  2 * histogramCells(beatBounds) +
  histogramCells(takeoverBounds) +
  2 +
  histogramCells(taskBounds);

/** What waits in a queue. A null is what is not known. */
export interface QueueCounts {
  readonly queued: number | null;
  readonly dead: number | null;
  /** In ms. */
  readonly headAge: number | null;
  readonly blocked: boolean | null;
}

const unknownQueue: QueueCounts = { queued: null, dead: null, headAge: null, blocked: null };
/** In the cells, in the place of what is not known. */
const UNKNOWN = -1;

/** Counts of one cluster. The parts that share a buffer share the counts. */
export class MemberCounts {
  readonly buffer: SharedArrayBuffer;
  private readonly stateCell: Float64Array;
  private readonly flags: Float64Array;
  private readonly queueCells: Float64Array;
  /** Written by the coordinator, as is all that follows but the last. */
  readonly transitions: NamedCounts<Phase>;
  readonly losses: NamedCounts<LossReason>;
  readonly tasks: NamedCounts<Outcome>;
  /** Written where the work runs. */
  readonly taskTime: SharedHistogram;

  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(MEMBER_CELLS * Float64Array.BYTES_PER_ELEMENT);
    const cells = new Cells(this.buffer);
    this.stateCell = cells.take(1);
    this.flags = cells.take(FLAGS);
    this.queueCells = cells.take(QUEUE);
    this.transitions = new NamedCounts(phases, cells.take(phases.length));
    this.losses = new NamedCounts(lossReasons, cells.take(lossReasons.length));
    this.tasks = new NamedCounts(outcomes, cells.take(outcomes.length));
    this.taskTime = new SharedHistogram(taskBounds, cells.take(histogramCells(taskBounds)));
    if (buffer === undefined) this.forgetQueue();
  }

  get state(): Phase {
    return phases[this.stateCell[0] ?? 0] ?? 'stopped';
  }

  set state(state: Phase) {
    this.stateCell[0] = phases.indexOf(state);
  }

  /** Whether `run()` was called; set by the main thread. */
  get ran(): boolean {
    return this.flags[0] === 1;
  }

  set ran(value: boolean) {
    this.flags[0] = value ? 1 : 0;
  }

  /** Whether `stop()` was called; set by the main thread. */
  get stopping(): boolean {
    return this.flags[1] === 1;
  }

  set stopping(value: boolean) {
    this.flags[1] = value ? 1 : 0;
  }

  /** Whether it has taken part in the election once. */
  get joined(): boolean {
    return this.flags[2] === 1;
  }

  set joined(value: boolean) {
    this.flags[2] = value ? 1 : 0;
  }

  /** Whether the last that was heard of the store is a failure. */
  get storeFails(): boolean {
    return this.flags[3] === 1;
  }

  set storeFails(value: boolean) {
    this.flags[3] = value ? 1 : 0;
  }

  /** Whether it knows that the subsystem is paused. */
  get paused(): boolean {
    return this.flags[4] === 1;
  }

  set paused(value: boolean) {
    this.flags[4] = value ? 1 : 0;
  }

  /** Returns what was measured, in monotonic ms, since `from`; else nothing is known. */
  queue(from: number): QueueCounts {
    const [at = 0, queued, dead, headAge, blocked] = this.queueCells;
    if (at === 0 || at < from) return unknownQueue;
    const known = (value: number | undefined): number | null => (value === undefined || value < 0 ? null : value);
    const isBlocked = known(blocked);
    const isKnown = isBlocked !== null;
    return {
      queued: known(queued),
      dead: known(dead),
      headAge: known(headAge),
      blocked: isKnown ? isBlocked === 1 : null,
    };
  }

  measured(at: number, { queued, dead, headAge, blocked }: QueueCounts): void {
    const isBlocked = blocked === null ? UNKNOWN : Number(blocked);
    this.queueCells.set([at, queued ?? UNKNOWN, dead ?? UNKNOWN, headAge ?? UNKNOWN, isBlocked]);
  }

  forgetQueue(): void {
    this.measured(0, unknownQueue);
  }
}

/** How many task threads there are, and what waits for one. */
export class ThreadCounts {
  private readonly waits: SharedHistogram;

  constructor(
    private readonly cells: Float64Array,
    waits: Float64Array,
  ) {
    this.waits = new SharedHistogram(taskBounds, waits);
  }

  changed(taken: number, waiting: number): void {
    this.cells.set([taken, waiting]);
  }

  waited(ms: number): void {
    this.waits.record(ms);
  }

  read(): { readonly taken: number; readonly waiting: number; readonly waits: Distribution } {
    const [taken = 0, waiting = 0] = this.cells;
    return { taken, waiting, waits: this.waits.read() };
  }
}

/** Counts that all clusters of one `failover()` share, and the signs of life of its coordinator thread. */
export class ServiceCounts {
  readonly buffer: SharedArrayBuffer;
  private readonly vitals: Float64Array;
  /** Written by the coordinator, as is all that follows. */
  readonly storeErrors: NamedCounts<StoreCall>;
  readonly lateness: SharedHistogram;
  readonly roundTrip: SharedHistogram;
  readonly takeover: SharedHistogram;
  readonly threads: ThreadCounts;

  constructor(buffer = new SharedArrayBuffer(SERVICE_CELLS * Float64Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    const cells = new Cells(buffer);
    this.vitals = cells.take(4);
    this.storeErrors = new NamedCounts(storeCalls, cells.take(storeCalls.length));
    this.lateness = new SharedHistogram(beatBounds, cells.take(histogramCells(beatBounds)));
    this.roundTrip = new SharedHistogram(beatBounds, cells.take(histogramCells(beatBounds)));
    this.takeover = new SharedHistogram(takeoverBounds, cells.take(histogramCells(takeoverBounds)));
    this.threads = new ThreadCounts(cells.take(2), cells.take(histogramCells(taskBounds)));
  }

  /** When the coordinator thread was started, in monotonic ms; 0 while there is to be none. Set by the main thread. */
  get startedAt(): number {
    return this.vitals[0] ?? 0;
  }

  /** When the coordinator thread last turned its loop; 0 before the first time. */
  get tick(): number {
    return this.vitals[1] ?? 0;
  }

  /** Whether the coordinator thread died and is not replaced yet. */
  get lost(): boolean {
    return this.vitals[2] === 1;
  }

  /** Whether `close()` was called. */
  get closing(): boolean {
    return this.vitals[3] === 1;
  }

  set closing(value: boolean) {
    this.vitals[3] = value ? 1 : 0;
  }

  /** The main thread starts a coordinator thread at this time. */
  coordinatorStarts(at: number): void {
    this.vitals.set([at, 0, 0]);
  }

  /** The last cluster has stopped, so no coordinator thread is needed. */
  coordinatorLeaves(): void {
    this.vitals.set([0, 0, 0]);
    this.threads.changed(0, 0);
  }

  coordinatorLost(): void {
    this.vitals[2] = 1;
    // They have ended with it.
    this.threads.changed(0, 0);
  }

  coordinatorTicks(at: number): void {
    this.vitals[1] = at;
  }
}
