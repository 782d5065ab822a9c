/**
 * The stored queue under one mastership: its window of the next tasks, what is done and not acknowledged yet, and what
 * holds it up. It decides nothing about who is master: the store refuses each write that matters once another member is.
 *
 * Giving a task up. `block`: it stays, and nothing runs until its record, written before that is told, is cleared (`requeue`).
 * `dead-letter`: the acknowledgement itself carries why (the burial), and only then is the letter written. The next
 * master writes it if this one does not come to it.
 */
import type { CodedError } from '../../errors.js';
import type { StoredTask } from '../../store/taskStore.js';
import type { TaskId } from '../../task/task.js';
import { attemptEnded, checkpointLost } from '../checkpointErrors.js';
import { attemptsSpent, isSpent, queueBlocked, verdictOn } from '../givingUp.js';
import type { QueuedTask } from '../runner.js';
import { Changing } from './changing.js';
import { Looks } from './looks.js';
import { OutcomeKeeper } from './outcomeKeeper.js';
import { Polling } from './polling.js';
import { Proofs } from './proofs.js';
import type { Hold, OpenBurial, ReignParts, Suspicion, Takeover } from './reignParts.js';
import { UNACKNOWLEDGED_MAX } from './reignParts.js';
import type { TaskWindow, WindowTask } from './taskWindow.js';
import type { TenureStore } from './tenureStore.js';
import { Trimming } from './trimming.js';

export class Reign {
  private readonly window: TaskWindow;
  private hold: Hold | null = null;
  private lost = false;
  /** All up to here are done, or given up. */
  private finished: number;
  private acknowledged: number;
  private acknowledging = false;
  /** Done, and not acknowledged yet. */
  private ids: TaskId[] = [];
  private burying: OpenBurial | null = null;
  /** At the task that blocks. */
  private readonly blockedLooks = new Looks(() => this.lookAtBlocked());
  private readonly suspectsThrough: number;
  private readonly trimming: Trimming;
  private readonly changing: Changing;
  private readonly proofs = new Proofs();
  /** Null if no outcomes are kept. */
  private readonly outcomes: OutcomeKeeper | null;
  /** What was last put on record before a suspect began. */
  private suspicion: Suspicion | null;
  private readonly polling: Polling;
  private readonly flushes: (() => void)[] = [];

  constructor(
    private readonly parts: ReignParts,
    private readonly store: TenureStore,
    { window, done, suspectsThrough, suspicion }: Takeover,
  ) {
    this.window = window;
    this.finished = done;
    this.acknowledged = done;
    this.suspectsThrough = suspectsThrough;
    this.suspicion = suspicion;
    const { clock, poll, keepOutcomes: keep } = parts;
    this.trimming = new Trimming(parts, done === 0, (through) => this.store.trim(through));
    this.changing = new Changing({
      ...{ apart: parts.callbacks.apart, store, window },
      keepCancelled: async (task) => (await this.outcomes?.storeCancelled(task)) ?? true,
      cancelled: ({ id }) => parts.callbacks.cancelled([id]),
      ...{ acknowledged: () => this.acknowledged, finished: () => this.finished },
      ...{ prove: () => this.prove(), freed: () => this.advance() },
    });
    this.outcomes = keep === null ? null : new OutcomeKeeper({ store, clock, keep });
    this.polling = new Polling({ clock, poll, turn: () => this.poll() });
  }

  begin(): void {
    this.polling.schedule();
    this.advance();
    void this.changing.look();
  }

  /** There may be requests to change a task. */
  changesAsked(): void {
    void this.changing.look();
  }

  /** Ends it, once the store has been ended. Returns the last suspicion, which the next mastership of this member may go on under. */
  end(): Suspicion | null {
    this.polling.end();
    this.proofs.sent()(false);
    this.settleFlushes();
    return this.suspicion;
  }

  /**
   * Resolves when all that was done is acknowledged and what failed is on record, or cannot be any more because the
   * mastership is over. `nothingRuns`: a suspect that was begun has ended, if not by itself, and its record goes. A function
   * is asked each time, because work may go on while this waits.
   */
  async flush(nothingRuns: boolean | (() => boolean)): Promise<void> {
    const isOver = typeof nothingRuns === 'function' ? nothingRuns : (): boolean => nothingRuns;
    while (!this.store.ended && !this.lost) {
      const { head } = this.window;
      if (this.pending) await new Promise<void>((resolve) => this.flushes.push(resolve));
      else if (this.hold === null && head?.recorded && isOver()) {
        this.clearSuspicion(head);
        void this.putOnRecord(head, head.failed);
      } else return;
    }
  }

  /** Returns how many bytes the window holds. */
  get bytes(): number {
    return this.window.bytes;
  }

  /** Returns the task whose attempts are used up, and for which everything waits. */
  get blocked(): TaskId | null {
    return this.hold === 'blocked' ? (this.window.head?.id ?? null) : null;
  }

  private get pending(): boolean {
    return this.finished > this.acknowledged || this.burying !== null || this.hold === 'recording';
  }

  /** Returns up to which number all tasks are done, and acknowledged. */
  get through(): number {
    return this.acknowledged;
  }

  // ---- what the dispatcher asks for, and tells ----

  get waits(): boolean {
    const { head } = this.window;
    if (head === undefined || this.hold !== null || this.lost || this.isHeld(head)) return false;
    return head.recorded || !isSpent(head, this.parts.retry);
  }

  get awaitsStore(): boolean {
    const { head, isFetching } = this.window;
    if (head === undefined) return isFetching;
    return !this.lost && this.hold !== 'blocked' && (this.pending || this.changing.holds(head.seq));
  }

  ready(most: number): readonly QueuedTask[] {
    const { head } = this.window;
    if (head === undefined || this.hold !== null || this.lost || this.isHeld(head)) return [];
    const { acknowledged, finished, suspectsThrough } = this;
    // The suspect before it is still on record, and would be charged with whatever is begun now.
    if (acknowledged < finished && acknowledged < suspectsThrough) return [];
    const room = Math.min(most, UNACKNOWLEDGED_MAX - (finished - acknowledged));
    if (room <= 0) return [];
    if (head.seq > suspectsThrough) return this.unspent(this.window.first(room));
    if (head.recorded) return [head];
    head.recorded = true;
    head.deaths += 1;
    this.suspicion = { seq: head.seq, attempts: head.failed + 1, deaths: head.deaths };
    void this.putOnRecord(head, head.failed + 1);
    return [];
  }

  /** Returns the tasks before the first that must not run, or not yet; if the head must not run again, it is given up. */
  private unspent(tasks: readonly WindowTask[]): readonly WindowTask[] {
    const end = tasks.findIndex((task) => isSpent(task, this.parts.retry) || this.isHeld(task));
    return end < 0 ? tasks : tasks.slice(0, end);
  }

  /** Returns whether the task is cancelled, or about to be changed, or may not begin yet. */
  private isHeld(task: WindowTask): boolean {
    return task.cancelled !== 'no' || this.changing.holds(task.seq) || !this.mayLeave(task);
  }

  /** Returns whether what the task was made from makes no other one. */
  private readonly mayLeave = ({ origin }: WindowTask): boolean =>
    origin === undefined || (this.parts.mayBegin?.(origin) ?? true);

  isHead(task: QueuedTask): boolean {
    return this.window.head === task;
  }

  remove(count: number): void {
    for (const task of this.window.take(count)) {
      this.finished = task.seq;
      this.ids.push(task.id);
      this.outcomes?.done(task);
    }
    this.advance();
  }

  /** Puts on record that the head failed, before it is tried again. */
  failed(task: QueuedTask, isLast: boolean): void {
    const head = this.headIf(task);
    if (head === null) return;
    this.clearSuspicion(head);
    // After the last one `exhausted` follows, which does it.
    if (!isLast) void this.putOnRecord(head, head.failed);
  }

  /** Takes the head, which waits without having failed, off the record on which it is as a suspect. */
  postponed(task: QueuedTask): void {
    const head = this.headIf(task);
    if (!head?.recorded) return;
    this.clearSuspicion(head);
    void this.putOnRecord(head, head.failed);
  }

  /** Puts down a checkpoint of a task that runs. Rejects if this mastership has ended, or the task is done. */
  async putCheckpoint(task: QueuedTask, bytes: Uint8Array): Promise<void> {
    if (!this.window.has(task)) throw attemptEnded();
    if ((await this.store.setCheckpoint(task.seq, bytes)) !== true) throw checkpointLost();
  }

  /** Gives the task up, after `failed`: its attempts are used up, or its error was permanent. */
  exhausted(task: QueuedTask, error: CodedError): void {
    const head = this.headIf(task);
    if (head === null) return;
    head.permanent = error.permanent === true;
    this.giveUp(head, error, false);
  }

  /** Returns the task if it is the head, and this mastership is not known to be lost. */
  private headIf(task: QueuedTask): WindowTask | null {
    const { head } = this.window;
    return head === undefined || head !== task || this.lost ? null : head;
  }

  /** Takes tasks that this member has just stored, in order. */
  offer(tasks: readonly StoredTask[]): void {
    for (const task of tasks) this.window.offer(task);
    this.advance();
  }

  /** Follows a hint: looks at what blocks, or for new tasks, if it has none. One look is under way at most, and `poll` looks as ever. */
  hinted(): void {
    if (this.store.ended) return;
    this.window.expectMore();
    if (this.window.head === undefined) void this.fill();
    else if (this.hold === 'blocked') void this.blockedLooks.ask();
  }

  /** Takes a death back from a suspect that came to an end: its process did not die of it. */
  private clearSuspicion(head: WindowTask): void {
    if (!head.recorded) return;
    head.recorded = false;
    head.deaths -= 1;
  }

  private async putOnRecord(task: WindowTask, attempts: number): Promise<void> {
    if (await this.record(task, attempts)) this.release('recording');
  }

  /** Puts the attempts on record. Returns false if the mastership ended, or was lost, first. */
  private async record({ seq, deaths, permanent }: WindowTask, attempts: number): Promise<boolean> {
    this.hold = 'recording';
    const isOnRecord = await this.store.setAttempts(seq, { attempts, deaths, permanent });
    return isOnRecord && this.hold === 'recording';
  }

  private release(from: Hold): void {
    if (this.hold !== from) return;
    this.hold = null;
    this.advance();
    this.settleFlushes();
  }

  // ---- giving up ----

  private giveUp(head: WindowTask, error: CodedError, isOnRecord: boolean): void {
    if (this.parts.retry.exhausted === 'block') return void this.block(head, error, isOnRecord);
    const burial = { seq: head.seq, ...verdictOn(error, head.failed) };
    this.hold = 'burying';
    this.window.take(1);
    this.finished = head.seq;
    this.outcomes?.gaveUp(head, burial);
    this.burying = { task: head, burial, error };
    void this.acknowledge();
  }

  private async block(head: WindowTask, error: CodedError, isOnRecord: boolean): Promise<void> {
    const { name, callbacks } = this.parts;
    // Not twice: a `requeue` may have cleared it by now. And before it is told, so one finds what it clears.
    if (!isOnRecord && !(await this.record(head, head.failed))) return;
    // Cancelled while it went on record, it blocks nothing.
    if (head.cancelled !== 'no') return this.release('recording');
    this.hold = 'blocked';
    callbacks.trouble(queueBlocked(name, head.id, error));
    this.settleFlushes();
  }

  private async bury({ task, burial, error }: OpenBurial): Promise<void> {
    if (!(await this.store.writeLetter(task, burial))) return;
    // Out of the lease again: the next master must not write a letter that was requeued in between.
    const matched = await this.store.acknowledge(burial.seq, null);
    if (matched === null) return;
    this.burying = null;
    if (!matched) this.lost = true;
    this.parts.callbacks.buried(task.id, error);
    this.release('burying');
  }

  /** Looks, while blocked, whether the record of the head was cleared, or the head removed. */
  private async lookAtBlocked(): Promise<void> {
    const { head } = this.window;
    if (this.hold !== 'blocked' || head === undefined) return;
    const task = await this.store.taskAt(head.seq);
    if (task === null || this.hold !== 'blocked' || this.window.head !== head) return;
    if (task?.cancelled === true) {
      if (head.cancelled === 'no') head.cancelled = 'untold';
    } else if (task !== undefined) {
      const { attempts: failed, deaths, permanent = false } = task;
      if (isSpent({ failed, deaths, permanent }, this.parts.retry)) return;
      Object.assign(head, { failed, deaths, permanent });
    } else {
      this.window.take(1);
      this.finished = head.seq;
    }
    this.release('blocked');
  }

  // ---- going on ----

  private advance(): void {
    if (this.store.ended) return;
    if (this.finished > this.acknowledged) void this.acknowledge();
    void this.fill();
    this.passOver();
    const { head } = this.window;
    if (head === undefined || this.hold !== null || this.lost || this.isHeld(head)) return;
    if (!head.recorded && isSpent(head, this.parts.retry)) return this.giveUp(head, attemptsSpent(head), true);
    this.parts.callbacks.wake();
  }

  /** Takes out what is cancelled and next. What was waited for at its place is over. */
  private passOver(): void {
    if (this.hold === 'blocked' && (this.window.head?.cancelled ?? 'no') !== 'no') this.hold = null;
    if (this.hold !== null || this.lost) return;
    const { last, untold } = this.window.takeCancelled((task) => this.mayLeave(task) && this.changing.passes(task.seq));
    this.finished = last ?? this.finished;
    if (untold.length > 0) this.cancelled(untold);
    if (this.finished > this.acknowledged) void this.acknowledge();
  }

  /** Cancelled under an earlier mastership. Their outcomes are kept with the next acknowledgement. */
  private cancelled(tasks: readonly WindowTask[]): void {
    for (const task of tasks) this.outcomes?.cancelled(task);
    const ids = tasks.map(({ id }) => id);
    this.parts.callbacks.cancelled(ids, true);
  }

  private async fill(): Promise<void> {
    if (await this.window.fill()) this.advance();
  }

  private poll(): void {
    if (this.lost) void this.acknowledge();
    if (this.hold === 'blocked') void this.blockedLooks.ask();
    void this.polling.look(() => {
      this.window.expectMore();
      return this.fill();
    });
    // A burial that is not finished needs its task.
    if (this.burying === null) this.trimming.run(this.acknowledged);
    void this.outcomes?.trim();
  }

  /** Resolves to false if the mastership ended first. */
  private prove(): Promise<boolean> {
    if (this.store.ended) return Promise.resolve(false);
    const proof = this.proofs.next();
    void this.acknowledge();
    return proof;
  }

  /** Acknowledges all that is done, in one write at a time. */
  private async acknowledge(): Promise<void> {
    if (this.acknowledging) return;
    this.acknowledging = true;
    while (!this.store.ended && (this.finished > this.acknowledged || this.lost || this.proofs.areWanted)) {
      const { finished, burying } = this;
      const count = this.ids.length;
      const ended = this.outcomes?.due() ?? [];
      const prove = this.proofs.sent();
      const matched = await this.store.acknowledge(finished, burying?.burial ?? null, ended);
      prove(matched === null ? false : matched || null);
      if (matched !== null) this.lost = !matched;
      if (!matched) break;
      this.acknowledged = finished;
      this.outcomes?.acknowledged(ended.length);
      this.trimming.soon(0);
      const ids = this.ids.splice(0, count);
      if (ids.length > 0) this.parts.callbacks.acknowledged(ids);
      if (burying !== null) await this.bury(burying);
      if (this.hold === null) this.advance();
    }
    this.acknowledging = false;
    this.settleFlushes();
  }

  /** Has the waiting flushes look again. */
  private settleFlushes(): void {
    for (const settle of this.flushes.splice(0)) settle();
  }
}
