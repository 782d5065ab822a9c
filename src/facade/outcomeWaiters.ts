/**
 * All who wait in one cluster for tasks to end. The truth is what the store says, so they are found by looks, one for all of
 * them at a time: no news that gets lost can leave one waiting. A look that fails because the store or the coordinator is away
 * is made again.
 */
import { FailoverError, StateError } from '../errors.js';
import { reading } from '../options/checks.js';
import { type LaterTask, OUTCOMES_READ_MAX, type OutcomeLook, type SeenLater } from '../store/taskStore.js';
import type { TaskId } from '../task/task.js';
import type { Clocks, Timers } from '../time/realTime.js';
import { failureIn, judge, judgeLater, outcomeUnknown, type SeenTask, shownOutcome } from './outcomes.js';
import type { DoneOptions, DoneOutcome } from './submissionsApi.js';

/** Between two looks at least, in ms. From there the pause grows up to POLL. */
const PAUSE_MIN_MS = 50;
const PAUSE_GROWTH = 1.5;
/** So many looks in a row must miss a task before its outcome is not known: two reads of one look may be of different moments. */
const MISSES_MAX = 2;
/** So many looks are made at a task that is said to be cancelled: one may have been under way when it was. */
const CANCELLED_LOOKS = 2;
/** Codes of what passes by itself. */
const passing: readonly string[] = ['ERR_STORE_UNAVAILABLE', 'ERR_STORE_GONE', 'ERR_COORDINATOR_LOST'];

/** Codes of what is wrong with one document. */
const unreadable: readonly string[] = ['ERR_STORE_DATA', 'ERR_NEWER_FORMAT'];

/** A task that comes from the outbox, and so has no number at first. */
export interface AwaitedLater {
  readonly task: LaterTask;
  /** When it is due, in ms since 1970; null: at once. */
  readonly at: number | null;
  /** Whether its entry was stored for sure: that of a transaction may never be. */
  readonly isSure: boolean;
}

interface Waiter {
  readonly id: TaskId;
  /** Null until it is known. */
  seq: number | null;
  /** Null: a member submitted it. */
  later: AwaitedLater | null;
  misses: number;
  resolve(outcome: DoneOutcome<unknown>): void;
  reject(error: unknown): void;
}

interface OutcomeWaitersParts {
  /** Names the cluster. */
  readonly name: string;
  readonly time: Clocks & Timers;
  /** POLL, in ms. */
  readonly poll: number;
  look(ids: readonly TaskId[], later: readonly LaterTask[]): Promise<OutcomeLook>;
}

export class OutcomeWaiters {
  private readonly waiters = new Set<Waiter>();
  private readonly signals = new Map<AbortSignal, { readonly waiters: Set<Waiter>; aborted(): void }>();
  /** Ids of tasks that are said to be cancelled, and how often each is yet to be looked at without waiting in line. */
  private readonly cancelled = new Map<TaskId, number>();
  /** How far the queue is done, as last seen. */
  private done = 0;
  private looking = false;
  private lookedAt = Number.NEGATIVE_INFINITY;
  private pause = 0;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(private readonly parts: OutcomeWaitersParts) {}

  /** Resolves when the task is done. `seq`: its number, if that is known. */
  wait(
    id: TaskId,
    seq: number | null,
    { timeout, signal }: DoneOptions,
    later: AwaitedLater | null = null,
  ): Promise<DoneOutcome<unknown>> {
    if (this.stopped) return Promise.reject(this.isStopped());
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { time, name } = this.parts;
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const leave = (): void => {
        this.waiters.delete(waiter);
        time.clearTimeout(timer);
        this.unlisten(signal, waiter);
        if (this.waiters.size > 0) return;
        time.clearTimeout(this.timer);
        this.cancelled.clear();
      };
      const waiter: Waiter = {
        id,
        seq,
        later,
        misses: 0,
        resolve(outcome) {
          leave();
          resolve(outcome);
        },
        reject(error) {
          leave();
          reject(error);
        },
      };
      // First: one of the user's own making may throw, and then no one waits.
      reading('signal', () => this.listen(signal, waiter));
      this.waiters.add(waiter);
      if (timeout !== undefined && Number.isFinite(timeout)) {
        const text = `task ${JSON.stringify(id)} of '${name}' did not end within ${timeout} ms; it may yet be done`;
        timer = time.setTimeout(() => waiter.reject(new FailoverError('ERR_TIMEOUT', text)), timeout);
      }
      this.soon();
    });
  }

  /** One listener for all who wait by a signal: more than ten would have Node.js warn of a leak. */
  private listen(signal: AbortSignal | undefined, waiter: Waiter): void {
    if (signal === undefined) return;
    const known = this.signals.get(signal);
    if (known !== undefined) return void known.waiters.add(waiter);
    const waiters = new Set([waiter]);
    const aborted = (): void => {
      for (const each of [...waiters]) each.reject(signal.reason);
    };
    signal.addEventListener('abort', aborted);
    this.signals.set(signal, { waiters, aborted });
  }

  private unlisten(signal: AbortSignal | undefined, waiter: Waiter): void {
    const known = signal === undefined ? undefined : this.signals.get(signal);
    known?.waiters.delete(waiter);
    if (signal === undefined || known === undefined || known.waiters.size > 0) return;
    this.signals.delete(signal);
    try {
      signal.removeEventListener('abort', known.aborted);
    } catch {
      // One of the user's own making; no one waits by it any more.
    }
  }

  /** Looks soon: someone new waits, or a task ended here. */
  soon(): void {
    if (this.waiters.size === 0) return;
    this.pause = 0;
    if (!this.looking) this.schedule();
  }

  /** Looks soon at these, which have left the line. */
  leftLine(ids: readonly TaskId[]): void {
    if (this.waiters.size === 0) return;
    for (const id of ids) this.cancelled.set(id, CANCELLED_LOOKS);
    this.soon();
  }

  stop(): void {
    this.stopped = true;
    for (const waiter of [...this.waiters]) waiter.reject(this.isStopped());
  }

  private isStopped(): StateError {
    return new StateError('ERR_STOPPED', `the cluster '${this.parts.name}' has been stopped, so it waits for no task`);
  }

  private now(): number {
    return Number(this.parts.time.monotonic() - 0n) / 1e6;
  }

  private schedule(): void {
    const { time } = this.parts;
    const pause = Math.max(PAUSE_MIN_MS, this.pause);
    time.clearTimeout(this.timer);
    this.timer = time.setTimeout(() => void this.turn(), Math.max(0, this.lookedAt + pause - this.now()));
  }

  private async turn(): Promise<void> {
    const { poll } = this.parts;
    this.looking = true;
    this.pause = Math.min(Math.max(poll, PAUSE_MIN_MS), PAUSE_GROWTH * Math.max(PAUSE_MIN_MS, this.pause));
    const waiters = [...this.waiters];
    this.forgetCancelled(waiters);
    const inLine = idsOf(waiters.filter((waiter) => this.isInLine(waiter))).slice(0, OUTCOMES_READ_MAX);
    if (inLine.length > 0) await this.lookAt(inLine, waiters);
    const seen = new Set(inLine);
    const others = idsOf(waiters.filter((waiter) => !seen.has(waiter.id) && !this.isInLine(waiter)));
    for (let from = 0; from < others.length; from += OUTCOMES_READ_MAX) {
      await this.lookAt(others.slice(from, from + OUTCOMES_READ_MAX), waiters);
    }
    this.lookedAt = this.now();
    this.looking = false;
    if (this.waiters.size > 0) this.schedule();
  }

  /**
   * Returns whether its task is known to wait, in line or for its time: how far the queue is done, or the clock, tells when it may
   * end. Some of these are looked at in each turn, one after another, for that number and for tasks that are cancelled or gone.
   */
  private isInLine({ id, seq, later, misses }: Waiter): boolean {
    if (misses > 0 || this.cancelled.has(id)) return false;
    return seq === null ? (later?.at ?? 0) > this.parts.time.wall() : seq > this.done;
  }

  /** Forgets those for which no one waits. */
  private forgetCancelled(waiters: readonly Waiter[]): void {
    if (this.cancelled.size === 0) return;
    const waited = new Set(idsOf(waiters));
    for (const id of this.cancelled.keys()) if (!waited.has(id)) this.cancelled.delete(id);
  }

  private looked(ids: readonly TaskId[]): void {
    for (const id of ids) {
      const left = this.cancelled.get(id) ?? 0;
      if (left > 1) this.cancelled.set(id, left - 1);
      else this.cancelled.delete(id);
    }
  }

  private async lookAt(ids: readonly TaskId[], waiters: readonly Waiter[]): Promise<void> {
    const asked = new Set(ids);
    const of = waiters.filter(({ id }) => asked.has(id));
    const tasks = of.flatMap(({ later }) => (later === null ? [] : [later.task]));
    try {
      const { done, stored, outcomes, later } = await this.parts.look(ids, tasks);
      this.done = done;
      this.looked(ids);
      const seen = new Map<TaskId, SeenTask>(
        ids.map((id, index) => [id, { done, stored: stored[index] ?? null, outcome: outcomes[index] ?? null }]),
      );
      const seenLater = new Map(tasks.map((task, index) => [task, later[index]]));
      for (const waiter of of) this.settle(waiter, seen.get(waiter.id), seenLater);
    } catch (error) {
      const code = error instanceof FailoverError ? error.code : '';
      if (passing.includes(code)) return;
      if (!unreadable.includes(code) || ids.length === 1) {
        for (const waiter of of) waiter.reject(error);
        return;
      }
      // What is wrong with one document concerns those alone who wait for it.
      const half = Math.ceil(ids.length / 2);
      await this.lookAt(ids.slice(0, half), of);
      await this.lookAt(ids.slice(half), of);
    }
  }

  /** Returns null if its wait is over, or this look did not ask for it. */
  private verdictOf(
    waiter: Waiter,
    seen: SeenTask | undefined,
    seenLater: ReadonlyMap<LaterTask, SeenLater | undefined>,
  ) {
    if (seen === undefined || !this.waiters.has(waiter)) return null;
    const { seq, later } = waiter;
    if (later === null) return judge(seq, seen);
    const found = seenLater.get(later.task);
    if (found === undefined) return null;
    const { origin } = found;
    if (origin === null) {
      // It does not wait any more: it is the one that is queued under the id, or the last one.
      waiter.later = null;
      return judge(seq, seen);
    }
    const verdict = judgeLater(seq, !later.isSure, seen, found);
    const task = later.task.origin === null ? { ...later.task, origin } : later.task;
    waiter.later = { ...later, task, isSure: later.isSure || found.waits || found.seq !== null };
    return verdict;
  }

  private settle(
    waiter: Waiter,
    seen: SeenTask | undefined,
    seenLater: ReadonlyMap<LaterTask, SeenLater | undefined>,
  ): void {
    const verdict = this.verdictOf(waiter, seen, seenLater);
    if (verdict === null) return;
    const { name } = this.parts;
    if (verdict.type === 'queued' || verdict.type === 'waits') {
      if (verdict.type === 'queued') waiter.seq = verdict.seq;
      waiter.misses = 0;
      // It comes last in the next turn.
      this.waiters.delete(waiter);
      this.waiters.add(waiter);
    } else if (verdict.type === 'ended') {
      const failure = failureIn(name, verdict.outcome);
      if (failure !== undefined) return waiter.reject(failure);
      const { result, attempts, term, at } = shownOutcome<unknown>(verdict.outcome);
      waiter.resolve({ result, attempts, term, at });
    } else {
      waiter.misses += 1;
      const why = waiter.later !== null && verdict.type === 'missing' ? 'dropped' : verdict.type;
      if (waiter.misses >= MISSES_MAX) waiter.reject(outcomeUnknown(name, waiter.id, why));
    }
  }
}

function idsOf(waiters: readonly Waiter[]): TaskId[] {
  return [...new Set(waiters.map(({ id }) => id))];
}
