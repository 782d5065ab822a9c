/**
 * A stored queue, as the master works it off: a window of its next tasks, the acknowledgement of what is done, by one
 * conditional write for as many tasks as there are, and the record of what failed. It decides nothing about who is
 * master: its every write that matters is refused by the store once another member is.
 *
 * How much a crash repeats: no more than `UNACKNOWLEDGED_MAX` tasks are ever done or running without an acknowledgement, so
 * that is the most. While the acknowledgement of one chunk is under way the next may run, within that limit.
 *
 * Suspects. A master that died did not say why: one of its unacknowledged tasks may have taken its process down. So
 * after a takeover those run one at a time, each put on record before it starts. Who finds such a record knows that a
 * process died at that very task, and, because only a suspect has one, that it was among the suspects of the death
 * before. So the recorded deaths count with the one before them, and after `attempts` deaths (at least 2; 3 if attempts
 * are without end) the task is not run any more. Nothing is begun, nor put on record, before the suspect ahead of it is
 * acknowledged: or that one would be charged with what follows. A clean hand-over leaves no suspects, nor a record of
 * one that was not let run to its end; nor does this member taking its own lease again, but for that one, which goes on
 * under the record that it has.
 *
 * Giving a task up. `block`: it stays, and nothing runs until its record, which is written before that is told, is
 * cleared (`requeue`); that is looked for.
 * `dead-letter`: the acknowledgement itself carries why (the burial), and only then is the letter written. The next
 * master writes it if this one does not come to it.
 *
 * What holds the queue up, and what ends that:
 *
 *   recording   what failed, or a suspect that is about to run, goes on record. Ended when it is.
 *   burying     a task becomes a dead letter. Ended when it is one.
 *   blocked     the attempts of the head are used up. Ended when its record is cleared, or the task is gone.
 *   lost        an acknowledgement was refused: another member is master, as the next beat will say. Beside the others; ended
 *               by one that is not: on a store without atomic writes a late write may have stood in the lease's place for a while.
 *
 * Longer than other files, because each hold is only right beside the others.
 */

import { type CodedError, fromWire, WorkError } from '../../errors.js';
import type { Tenure } from '../../store/store.js';
import type { Attempts, Burial, NewTask, StoredTask, TaskStore } from '../../store/taskStore.js';
import type { TaskId } from '../../task/task.js';
import { Alarm } from '../../time/alarm.js';
import type { Clock } from '../../time/clock.js';
import { pause } from '../../time/pause.js';
import { untilAnswered } from '../../time/untilAnswered.js';
import { queueBlocked, verdictOn } from '../givingUp.js';
import type { ReadLimit } from '../readLimit.js';
import type { QueuedTask } from '../runner.js';
import type { TaskSource } from '../taskSource.js';
import { TaskWindow, type WindowTask } from './taskWindow.js';

/** Most tasks that are done or running without an acknowledgement. */
export const UNACKNOWLEDGED_MAX = 256;
/** Looks are on a grid of so many ms: the end of each timer blocks the thread, once for all that end together (systemClock.ts). */
const POLL_GRID_MS = 10;
/** After a look for new tasks the next one waits ten times as long as that look took, but no more than four POLL. */
const POLL_REST = { times: 10, polls: 4 };
/** Without news, tasks that are done are trimmed after pauses that double up to this, in ms: a store may keep them for a minute. */
const TRIM_PAUSE_MAX_MS = 60_000;
/** How many deaths a task is given when attempts are without end. */
const DEATHS_MAX = 3;
/** To the next number of a letter, if the first is that of another task's. Above all numbers of tasks. */
const LETTERS_APART = 2 ** 45;

interface DurableQueueCallbacks {
  /** Tasks that may run are there: poke the dispatcher. */
  wake(): void;
  /** Tasks are done, and acknowledged. */
  acknowledged(ids: readonly TaskId[]): void;
  /** Called when a task was given up, and is a dead letter. */
  buried(id: TaskId, error: CodedError): void;
  /** Called when a call to the store failed, and is made again, or when the queue is blocked (`ERR_QUEUE_BLOCKED`). */
  trouble(error: Error): void;
}

interface DurableQueueParts {
  readonly name: string;
  readonly store: TaskStore;
  readonly clock: Clock;
  readonly retry: { readonly attempts: number; readonly exhausted: 'block' | 'dead-letter' };
  /** Between two looks for new tasks, and before a failed call is made again, in ms. */
  readonly poll: number;
  /** Shared by all queues of the coordinator. */
  readonly reads: ReadLimit;
  readonly callbacks: DurableQueueCallbacks;
}

/** What one mastership knows, from the first look at the store on. An answer that comes when it is over is dropped. */
interface Reign {
  readonly tenure: Tenure;
  readonly window: TaskWindow;
  hold: 'recording' | 'burying' | 'blocked' | null;
  lost: boolean;
  /** All up to here are done, or given up. */
  finished: number;
  acknowledged: number;
  acknowledging: boolean;
  /** Done, and not acknowledged yet. */
  ids: TaskId[];
  burying: { readonly task: NewTask; readonly burial: Burial; readonly error: CodedError } | null;
  /** Whether it is being asked what became of the task that blocks. */
  looking: boolean;
  /** Tasks up to here are suspects. */
  readonly suspectsThrough: number;
  /** Before then the store is not asked for new tasks: it was slow to answer. */
  lookFrom: number;
  /** When to trim next, and how long to wait after that, in ms. */
  trimAt: number;
  trimPause: number;
  /** What was last put on record before a suspect began. */
  suspicion: Suspicion | null;
}

type Suspicion = Attempts & { readonly seq: number };

export class DurableQueue implements TaskSource {
  private reign: Reign | null = null;
  /** The tenure that is, or is being loaded. */
  private tenure: Tenure | null = null;
  private readonly pollAlarm: Alarm;
  private readonly flushes: (() => void)[] = [];
  /** The suspicion with which the last mastership ended, though this process did not die. */
  private survived: Suspicion | null = null;
  /** How many acknowledgements and records were sent, under all masterships. */
  private sent = 0;

  constructor(private readonly parts: DurableQueueParts) {
    this.pollAlarm = new Alarm(parts.clock, () => this.poll());
  }

  // ---- the mastership ----

  /** Begins a mastership. `clean`: nothing of the one before was running when it ended. */
  start(tenure: Tenure, clean: boolean): void {
    this.tenure = tenure;
    void this.load(tenure, clean);
  }

  /** Ends the mastership. */
  endReign(): void {
    if (this.reign !== null) this.survived = this.reign.suspicion;
    this.tenure = null;
    this.reign = null;
    this.pollAlarm.clear();
    this.settleFlushes(null);
  }

  /**
   * Resolves when all that was done is acknowledged and what failed is on record, or cannot be any more because the
   * mastership is over. `nothingRuns`: a suspect that was begun has ended, if not by itself, and its record goes.
   */
  async flush(nothingRuns: boolean): Promise<void> {
    const { reign } = this;
    while (reign !== null && reign === this.reign && !reign.lost) {
      const { head } = reign.window;
      if (pending(reign)) await new Promise<void>((resolve) => this.flushes.push(resolve));
      else if (nothingRuns && reign.hold === null && head?.recorded) {
        this.clearSuspicion(head);
        void this.putOnRecord(reign, head, head.failed);
      } else return;
    }
  }

  /** Returns how many bytes the window holds. */
  get bytes(): number {
    return this.reign?.window.bytes ?? 0;
  }

  /** Returns the task whose attempts are used up, and for which everything waits. */
  get blocked(): TaskId | null {
    const { reign } = this;
    return reign?.hold === 'blocked' ? (reign.window.head?.id ?? null) : null;
  }

  private async load(tenure: Tenure, clean: boolean): Promise<void> {
    const { store, name, poll, reads } = this.parts;
    const state = await this.untilAnswered(tenure, () => reads.pass(() => store.queueState(name)));
    if (state === null) return;
    if (state.burial !== null && !(await this.finishBurial(tenure, state.burial))) return;
    const { done } = state;
    const ask = (seq: number, limit: { tasks: number; bytes: number }) =>
      this.untilAnswered(tenure, () => reads.pass(() => store.tasksAfter(name, seq, limit)));
    const window = new TaskWindow(ask, done);
    // What was running is among the first of these.
    await window.fill();
    const suspectsThrough = clean ? done : await this.lastSuspect(tenure, window, done);
    if (this.tenure !== tenure || suspectsThrough === null) return;
    const survivor = this.survivorIn(window);
    const reign: Reign = {
      tenure,
      window,
      hold: null,
      lost: false,
      finished: done,
      acknowledged: done,
      acknowledging: false,
      ids: [],
      burying: null,
      looking: false,
      lookFrom: 0,
      trimAt: done === 0 ? Number.POSITIVE_INFINITY : 0,
      trimPause: poll,
      suspectsThrough: Math.max(suspectsThrough, survivor?.seq ?? 0),
      suspicion: survivor === undefined ? null : this.survived,
    };
    this.reign = reign;
    this.schedulePoll();
    this.advance(reign);
  }

  /** Returns the number of the last suspect; tasks stored after the takeover are none. Null if this mastership ended first. */
  private async lastSuspect(tenure: Tenure, window: TaskWindow, done: number): Promise<number | null> {
    const { store, name } = this.parts;
    const most = done + UNACKNOWLEDGED_MAX;
    if (window.last >= most) return most;
    // Few, but large, may have filled the window.
    const more = await this.untilAnswered(tenure, () => store.tasksAfter(name, window.last, { tasks: 1, bytes: 1 }));
    return more === null ? null : more.length > 0 ? most : window.last;
  }

  /** Returns the head, if it is a suspect of the last mastership of this member and still has the record from then. */
  private survivorIn({ head }: TaskWindow): WindowTask | undefined {
    const { survived } = this;
    if (head?.seq !== survived?.seq || head?.failed !== survived?.attempts || head?.deaths !== survived?.deaths) return;
    if (head === undefined) return;
    head.failed -= 1;
    head.recorded = true;
    return head;
  }

  /** Finishes a burial that the last master may not have finished. Returns false if this mastership ended first. */
  private async finishBurial(tenure: Tenure, burial: Burial): Promise<boolean> {
    const { callbacks, clock, poll } = this.parts;
    const { seq, name: kind, message, code } = burial;
    const task = await this.taskAt(tenure, seq);
    if (task === null) return false;
    if (task !== undefined && !(await this.writeLetter(tenure, task, burial))) return false;
    while (!(await this.acknowledgeAt(tenure, seq, null))) {
      if (this.tenure !== tenure) return false;
      await pause(clock, poll);
    }
    const error = fromWire({ name: kind, message, code, stack: undefined, ours: undefined });
    if (task !== undefined) callbacks.buried(task.id, error);
    return true;
  }

  // ---- what the dispatcher asks for, and tells ----

  get waits(): boolean {
    const { reign } = this;
    const head = reign?.window.head;
    if (reign === null || head === undefined || reign.hold !== null || reign.lost) return false;
    return head.recorded || !this.spent(head);
  }

  ready(most: number): readonly QueuedTask[] {
    const { reign } = this;
    const head = reign?.window.head;
    if (reign === null || head === undefined || reign.hold !== null || reign.lost) return [];
    const { acknowledged, finished, suspectsThrough } = reign;
    // The suspect before it is still on record, and would be charged with whatever is begun now.
    if (acknowledged < finished && acknowledged < suspectsThrough) return [];
    const room = Math.min(most, UNACKNOWLEDGED_MAX - reign.ids.length);
    if (room <= 0) return [];
    if (head.seq > suspectsThrough) return this.unspent(reign.window.first(room));
    if (head.recorded) return [head];
    head.recorded = true;
    head.deaths += 1;
    reign.suspicion = { seq: head.seq, attempts: head.failed + 1, deaths: head.deaths };
    void this.putOnRecord(reign, head, head.failed + 1);
    return [];
  }

  /** Returns the tasks before the first that must not run again; if that is the head, it is given up. */
  private unspent(tasks: readonly WindowTask[]): readonly WindowTask[] {
    const end = tasks.findIndex((task) => this.spent(task));
    return end < 0 ? tasks : tasks.slice(0, end);
  }

  remove(count: number): void {
    const { reign } = this;
    if (reign === null) return;
    for (const { seq, id } of reign.window.take(count)) {
      reign.finished = seq;
      reign.ids.push(id);
    }
    this.advance(reign);
  }

  /** Puts on record that the head failed, before it is tried again. */
  failed(task: QueuedTask): void {
    const [reign, head] = this.headIf(task);
    if (head === null) return;
    this.clearSuspicion(head);
    // `exhausted` follows, which does it.
    if (head.failed >= this.parts.retry.attempts) return;
    void this.putOnRecord(reign, head, head.failed);
  }

  /** Gives the task up, after `failed`: its attempts are used up. */
  exhausted(task: QueuedTask, error: CodedError): void {
    const [reign, head] = this.headIf(task);
    if (head === null) return;
    this.giveUp(reign, head, error, false);
  }

  /** Returns the task if it is the head, and this mastership is not known to be lost. */
  private headIf(task: QueuedTask): [Reign, WindowTask] | [null, null] {
    const { reign } = this;
    const head = reign?.window.head;
    return reign === null || head === undefined || head !== task || reign.lost ? [null, null] : [reign, head];
  }

  /** Takes tasks that this member has just stored, in order. */
  offer(tasks: readonly StoredTask[]): void {
    const { reign } = this;
    if (reign === null) return;
    for (const task of tasks) reign.window.offer(task);
    this.advance(reign);
  }

  /** Takes a death back from a suspect that came to an end: its process did not die of it. */
  private clearSuspicion(head: WindowTask): void {
    if (!head.recorded) return;
    head.recorded = false;
    head.deaths -= 1;
  }

  private async putOnRecord(reign: Reign, task: WindowTask, attempts: number): Promise<void> {
    if (await this.record(reign, task, attempts)) this.release(reign, 'recording');
  }

  /** Puts the attempts on record. Returns false if the mastership ended, or was lost, first. */
  private async record(reign: Reign, { seq, deaths }: WindowTask, attempts: number): Promise<boolean> {
    const { tenure } = reign;
    reign.hold = 'recording';
    const answer = await this.untilAnswered(tenure, () => {
      const number = this.nextNumber();
      return this.parts.store.setAttempts(tenure, { seq, number, attempts, deaths });
    });
    return answer !== null && reign.hold === 'recording';
  }

  private release(reign: Reign, from: Reign['hold']): void {
    if (reign.hold !== from) return;
    reign.hold = null;
    this.advance(reign);
    this.settleFlushes(reign);
  }

  // ---- giving up ----

  /** Returns whether the record of a task says that it must not run again. */
  private spent({ failed, deaths }: { readonly failed: number; readonly deaths: number }): boolean {
    const { attempts } = this.parts.retry;
    const budget = Number.isFinite(attempts) ? Math.max(attempts, 2) : DEATHS_MAX;
    return failed >= attempts || (deaths > 0 && deaths + 1 >= budget);
  }

  private giveUp(reign: Reign, head: WindowTask, error: CodedError, isOnRecord: boolean): void {
    if (this.parts.retry.exhausted === 'block') return void this.block(reign, head, error, isOnRecord);
    const burial = { seq: head.seq, ...verdictOn(error, head.failed) };
    reign.hold = 'burying';
    reign.window.take(1);
    reign.finished = head.seq;
    reign.burying = { task: head, burial, error };
    void this.acknowledge(reign);
  }

  private async block(reign: Reign, head: WindowTask, error: CodedError, isOnRecord: boolean): Promise<void> {
    const { name, callbacks } = this.parts;
    // Not twice: a `requeue` may have cleared it by now. And before it is told, so one finds what it clears.
    if (!isOnRecord && !(await this.record(reign, head, head.failed))) return;
    reign.hold = 'blocked';
    callbacks.trouble(queueBlocked(name, head.id, error));
    this.settleFlushes(reign);
  }

  private async bury(reign: Reign, { task, burial, error }: NonNullable<Reign['burying']>): Promise<void> {
    if (!(await this.writeLetter(reign.tenure, task, burial))) return;
    // Out of the lease again: the next master must not write a letter that was requeued in between.
    const matched = await this.acknowledgeAt(reign.tenure, burial.seq, null);
    if (matched === null) return;
    reign.burying = null;
    if (!matched) reign.lost = true;
    this.parts.callbacks.buried(task.id, error);
    this.release(reign, 'burying');
  }

  private async writeLetter(tenure: Tenure, { id, bytes }: NewTask, burial: Burial): Promise<boolean> {
    const { store, name: queue, clock } = this.parts;
    const letter = { ...burial, queue, id, bytes, at: new Date(clock.wall()) };
    for (let { seq } = letter; ; seq += LETTERS_APART) {
      const written = await this.untilAnswered(tenure, () => store.putDeadLetter({ ...letter, seq }));
      if (written !== false) return written !== null;
    }
  }

  /** Looks, while blocked, whether the record of the head was cleared, or the head removed. */
  private async pollBlocked(reign: Reign, head: WindowTask): Promise<void> {
    if (reign.looking) return;
    reign.looking = true;
    const task = await this.taskAt(reign.tenure, head.seq);
    reign.looking = false;
    if (task === null || reign.hold !== 'blocked') return;
    if (task !== undefined) {
      if (this.spent({ failed: task.attempts, deaths: task.deaths })) return;
      head.failed = task.attempts;
      head.deaths = task.deaths;
    } else {
      reign.window.take(1);
      reign.finished = head.seq;
    }
    this.release(reign, 'blocked');
  }

  /** Returns undefined if two looks in a row do not find it, and null if the mastership ended first. */
  private async taskAt(tenure: Tenure, seq: number): Promise<StoredTask | undefined | null> {
    const { store, name } = this.parts;
    for (let looks = 0; looks < 2; looks++) {
      const found = await this.untilAnswered(tenure, () => store.tasksAfter(name, seq - 1, { tasks: 1, bytes: 1 }));
      if (found === null) return null;
      if (found[0]?.seq === seq) return found[0];
    }
    return undefined;
  }

  // ---- going on ----

  private advance(reign: Reign): void {
    if (reign !== this.reign) return;
    if (reign.finished > reign.acknowledged) void this.acknowledge(reign);
    void this.fill(reign);
    const { head } = reign.window;
    if (head === undefined || reign.hold !== null || reign.lost) return;
    if (!head.recorded && this.spent(head)) {
      const deaths = head.deaths === 0 ? '' : `; ${head.deaths + 1} processes died while it may have been running`;
      const text = `it was tried ${head.failed} times${deaths}`;
      return this.giveUp(reign, head, new WorkError('ERR_ATTEMPTS_EXHAUSTED', text), true);
    }
    this.parts.callbacks.wake();
  }

  private async fill(reign: Reign): Promise<void> {
    if (await reign.window.fill()) this.advance(reign);
  }

  private poll(): void {
    const { reign } = this;
    if (reign === null) return;
    this.schedulePoll();
    const { head } = reign.window;
    if (reign.lost) void this.acknowledge(reign);
    if (reign.hold === 'blocked' && head !== undefined) void this.pollBlocked(reign, head);
    if (this.parts.clock.now() >= reign.lookFrom) void this.pollQueue(reign);
    this.trim(reign);
  }

  /** Looks for new tasks. A slow store is asked less often, so the looks of many queues do not delay beats. */
  private async pollQueue(reign: Reign): Promise<void> {
    const { clock, poll } = this.parts;
    const began = clock.now();
    reign.lookFrom = Number.POSITIVE_INFINITY;
    reign.window.expectMore();
    await this.fill(reign);
    const took = clock.now() - began;
    reign.lookFrom = began + Math.min(POLL_REST.polls * poll, POLL_REST.times * took);
  }

  private schedulePoll(): void {
    const { clock, poll } = this.parts;
    const now = clock.now();
    const onGrid = Math.floor((now + poll) / POLL_GRID_MS) * POLL_GRID_MS;
    this.pollAlarm.by(onGrid > now ? onGrid : now + poll);
  }

  /** Trims at once after an acknowledgement, then ever more seldom: an idle queue costs nothing. */
  private trim(reign: Reign): void {
    const { store, name, clock, poll, reads } = this.parts;
    // A burial that is not finished needs its task.
    if (reign.burying !== null || clock.now() < reign.trimAt) return;
    reign.trimAt = clock.now() + reign.trimPause;
    reign.trimPause = Math.min(TRIM_PAUSE_MAX_MS, 2 * reign.trimPause);
    reads.pass(() => store.trimTasks(name, reign.acknowledged)).catch(() => this.trimSoon(reign, poll));
  }

  private trimSoon(reign: Reign, pause: number): void {
    reign.trimAt = this.parts.clock.now() + pause;
    reign.trimPause = this.parts.poll;
  }

  /** Acknowledges all that is done, in one write at a time. */
  private async acknowledge(reign: Reign): Promise<void> {
    if (reign.acknowledging) return;
    reign.acknowledging = true;
    const { callbacks } = this.parts;
    while (reign === this.reign && (reign.finished > reign.acknowledged || reign.lost)) {
      const { finished, burying, tenure } = reign;
      const count = reign.ids.length;
      const burial = burying?.burial ?? null;
      const matched = await this.acknowledgeAt(tenure, finished, burial);
      if (matched === null) break;
      reign.lost = !matched;
      if (!matched) break;
      reign.acknowledged = finished;
      this.trimSoon(reign, 0);
      const ids = reign.ids.splice(0, count);
      if (ids.length > 0) callbacks.acknowledged(ids);
      if (burying !== null) await this.bury(reign, burying);
      if (reign.hold === null) this.advance(reign);
    }
    reign.acknowledging = false;
    this.settleFlushes(reign);
  }

  private acknowledgeAt(tenure: Tenure, done: number, burial: Burial | null): Promise<boolean | null> {
    return this.untilAnswered(tenure, () =>
      this.parts.store.acknowledge(tenure, { number: this.nextNumber(), done, burial }),
    );
  }

  /** Returns a number of its own for each attempt to write: the one before may still land. */
  private nextNumber(): number {
    this.sent += 1;
    return this.sent;
  }

  /** Has the waiting flushes look again, unless this mastership is not theirs. */
  private settleFlushes(reign: Reign | null): void {
    if (reign !== this.reign) return;
    for (const settle of this.flushes.splice(0)) settle();
  }

  /** Returns the answer; null when the mastership ended before there was one. */
  private untilAnswered<T>(tenure: Tenure, call: () => Promise<T>): Promise<T | null> {
    const { clock, poll, callbacks } = this.parts;
    const wanted = (): boolean => this.tenure === tenure;
    return untilAnswered(call, { clock, poll, wanted, failed: (error) => callbacks.trouble(error) });
  }
}

function pending({ finished, acknowledged, burying, hold }: Reign): boolean {
  return finished > acknowledged || burying !== null || hold === 'recording';
}
