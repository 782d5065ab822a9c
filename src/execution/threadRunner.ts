/**
 * Runs work that is a module, in a task thread. The thread exists only while this member is master: from the first task
 * on, and until no task has come for a while. The module is loaded before a task is taken, so a module that does
 * not load is the failure of no task.
 *
 * A thread that was ended need not exit: Node waits for what the system does for it, such as a read of a share that hangs.
 * No thread is made beside it, because its work may still run. After `exitPatience` the wait is told. A run fails as if
 * the thread had exited, a load and a probe fail with `ERR_WORK_NOT_STOPPED`, and the next probe waits for the exit.
 *
 * A load and a probe first wait for a place among the threads of the coordinator (threadPlaces.ts). That is no failure, and what ends
 * the mastership, or holds its work, ends the wait at once. A thread that makes room for another ends as one that was idle for long.
 */
import assert from 'node:assert/strict';
import { BroadcastChannel } from 'node:worker_threads';
import { fromWire, toWire, WorkError } from '../errors.js';
import { attemptEnded } from '../queue/checkpointErrors.js';
import type { ChunkOutcome, LoadOutcome, QueuedTask, Runner } from '../queue/runner.js';
import type { TaskId } from '../task/task.js';
import { Alarm } from '../time/alarm.js';
import type { Clock } from '../time/clock.js';
import { endsBy } from '../time/pause.js';
import type { SharedLease } from '../wire/sharedLease.js';
import { type AbortMessage, CANCELLED } from './abortMessage.js';
import { failureOf } from './callWork.js';
import { packChunk } from './chunk.js';
import type { ChunkProgress } from './chunkProgress.js';
import { PoolStart } from './poolStart.js';
import type { StartGate } from './startGate.js';
import { TaskPool, type TaskPoolParts } from './taskPool.js';
import type { Place, ThreadPlaces } from './threadPlaces.js';

const notRun: ChunkOutcome = { done: 0, failure: { type: 'not-run' }, took: 0 };
const ended: LoadOutcome = { type: 'ended' };
/** How long a thread that was ended may take to exit before the member is unfit for it, in ms. */
export const EXIT_PATIENCE_MS = 2000;

interface ThreadRunnerParts {
  readonly pool: Omit<TaskPoolParts, 'idleExit' | 'checkpoint'>;
  /** Puts down the checkpoint of a task that runs. Rejects if that cannot be. */
  checkpoint(task: QueuedTask, bytes: Uint8Array): Promise<void>;
  /** Shared by all threads of the coordinator. */
  readonly gate: StartGate;
  readonly places: ThreadPlaces;
  /** What the data of the pool has too. One for all threads: the one before has exited before the next one starts. */
  readonly progress: ChunkProgress;
  readonly lease: SharedLease;
  readonly clock: Clock;
  /** How long one task may take, in ms; may be `Infinity`. */
  readonly taskTimeout: number;
  /** How long the module may take to load, in ms. */
  readonly loadTimeout: number;
  /** How long a thread that was ended may take to exit before that is told, in ms. */
  readonly exitPatience: number;
  /** How long the thread stays without a task, in ms; may be `Infinity`. */
  readonly idleTimeout: number;
  /** How long the module of an idle thread may take to stop, in ms. */
  readonly stopTimeout: number;
  /** Called when the thread ended by itself while no task was there whose failure would tell. */
  trouble(error: Error): void;
}

/** Waits until a thread may be made. */
interface Wait {
  readonly since: number;
  place?: Place;
}

export class ThreadRunner implements Runner {
  readonly mostTasks = 1024;
  private term = 0;
  private started = false;
  /** The thread that is there, or starts, or has not exited yet. */
  private present: PoolStart | undefined;
  /** The one that was last ended with a mastership. */
  private leaving: PoolStart | undefined;
  /** The load, or the probe, that waits for its thread. */
  private wait: Wait | undefined;
  /** That of a load that was given up in line, for the next one. */
  private turn: number | undefined;
  private isLoaded = false;
  /** Whether the thread that is present makes room for others. */
  private makesRoom = false;
  /** Of the run under way, as are the tasks. It may have ended by now. */
  private busy: TaskPool | undefined;
  private tasks: readonly QueuedTask[] = [];
  /** The end of the thread before, of a mastership or of a probe. */
  private ending = Promise.resolve();
  private probing: PoolStart | undefined;
  private probes = true;
  private abortChannel: BroadcastChannel | undefined;
  /** Looks whether the task takes too long. */
  private readonly watch: Alarm;
  /** Looks whether the thread has been idle for long enough. */
  private readonly idle: Alarm;
  /** Ends the thread of a cancelled task that goes on. */
  private readonly cancelAlarm: Alarm;
  /** Whether the lease is marked as aborted for a cancelled task alone. */
  private cancelled = false;
  private cancelText = '';
  private usedAt = 0;
  /** Why the thread was ended. */
  private overdue: WorkError | undefined;

  constructor(private readonly parts: ThreadRunnerParts) {
    this.watch = new Alarm(parts.clock, () => this.checkTaskTime());
    this.idle = new Alarm(parts.clock, () => this.checkIdle());
    this.cancelAlarm = new Alarm(parts.clock, () => this.endCancelled());
  }

  get doneSoFar(): number {
    const { done } = this.parts.progress;
    this.takeResults();
    return done;
  }

  /** Gives each task the result that its thread has kept. Those of tasks that are done by now are among them. */
  private takeResults(): void {
    if (this.parts.pool.data.results !== true || this.busy === undefined) return;
    for (const [index, result] of this.busy.answers.take()) {
      const task = this.tasks[index];
      if (task !== undefined) task.result = result;
    }
  }

  private async putCheckpoint(index: number, bytes: Uint8Array): Promise<void> {
    const task = this.busy === undefined ? undefined : this.tasks[index];
    if (task === undefined) throw attemptEnded();
    await this.parts.checkpoint(task, bytes);
    task.checkpoint = bytes;
  }

  get loaded(): boolean {
    return this.usable !== undefined;
  }

  /** Returns how long the next task has waited until a thread may be made, in ms; null if none waits for that. */
  get threadWait(): number | null {
    return this.wait === undefined || !this.started ? null : this.parts.clock.now() - this.wait.since;
  }

  private get usable(): TaskPool | undefined {
    const pool = this.present?.pool;
    return this.started && this.isLoaded && pool?.usable ? pool : undefined;
  }

  start(term: number): void {
    assert.ok(this.probing === undefined, 'a member whose work does not load is not elected');
    this.term = term;
    this.started = true;
    this.parts.progress.finishing = false;
    this.parts.lease.aborted = false;
  }

  async load(awaitsStore?: () => boolean): Promise<LoadOutcome> {
    const before = this.present;
    this.isLoaded = false;
    const { clock, exitPatience, stopTimeout } = this.parts;
    const wait = this.beginWait();
    // One that was idle for long, and closes what its module has opened. A task waits for it now; but if others wait as well, it
    // is not the reason why.
    await before?.stopped(clock.now() + (this.makesRoom ? stopTimeout : exitPatience));
    const exited = before === undefined || (await this.exits(before.terminate()));
    // `terminate()` may have been called in between.
    if (this.wait !== wait) return ended;
    if (!exited) {
      this.endWait();
      return this.held();
    }
    const place = await this.place(wait, () => this.endIdle(true), awaitsStore);
    if (place === null) return ended;
    this.makesRoom = false;
    this.openChannel();
    const present = this.startPool(place, (error) => this.parts.trouble(error));
    this.present = present;
    const outcome = await present.outcome;
    if (this.present !== present) return ended;
    this.isLoaded = outcome.type === 'loaded';
    this.used();
    return outcome;
  }

  stopWaiting(): boolean {
    this.turn = this.wait?.place?.turn ?? this.turn;
    return this.endWait();
  }

  private beginWait(): Wait {
    this.endWait();
    const wait = { since: this.parts.clock.now() };
    this.wait = wait;
    return wait;
  }

  /** Returns whether there was one. */
  private endWait(): boolean {
    const { wait } = this;
    this.wait = undefined;
    wait?.place?.free();
    return wait !== undefined;
  }

  /** Resolves to null if the wait was ended before the place was there. */
  private async place(wait: Wait, leave: () => void, awaitsStore?: () => boolean): Promise<Place | null> {
    const place = this.parts.places.ask(leave, { awaitsStore, turn: this.turn });
    this.turn = undefined;
    wait.place = place;
    await place.granted;
    if (this.wait !== wait) return null;
    this.wait = undefined;
    return place;
  }

  /** Returns whether a thread that is being ended exits in time. */
  private exits(end: Promise<void>): Promise<boolean> {
    const { clock, exitPatience } = this.parts;
    return endsBy(clock, clock.now() + exitPatience, end);
  }

  private held(): LoadOutcome {
    const text = `a task thread that was ended did not exit within ${this.parts.exitPatience} ms: something that its work began, such as a read that hangs, still holds it`;
    return { type: 'failed', error: toWire(new WorkError('ERR_WORK_NOT_STOPPED', text)), exited: false };
  }

  /**
   * Tries whether the module loads, in a thread that runs no task. One in which it loads has exited by then; another may
   * still be there, and the next probe waits for it. Only while there is no mastership.
   */
  async probe(): Promise<LoadOutcome> {
    // One that a native call holds is waited for: until it has exited the work may run.
    await this.ending;
    if (!this.probes) return ended;
    assert.ok(!this.started && this.probing === undefined, 'a probe takes the place of a mastership');
    const place = await this.place(this.beginWait(), () => {});
    if (place === null) return ended;
    const probing = this.startPool(place, () => {});
    this.probing = probing;
    const outcome = await probing.outcome;
    this.ending = probing.terminate().then(() => {
      this.probing = undefined;
    });
    if (outcome.type === 'failed') return outcome;
    return (await this.exits(this.ending)) || !this.probes ? outcome : this.held();
  }

  /** Ends the probing. Resolves when no thread of one is there, or to false if it does not exit in time. */
  async terminateProbe(): Promise<boolean> {
    this.probes = false;
    this.endWait();
    return this.probing === undefined || this.exits(this.probing.terminate());
  }

  private startPool(place: Place, idleExit: (error: WorkError) => void): PoolStart {
    const { gate, clock, loadTimeout, exitPatience, pool } = this.parts;
    const makePool = (exited: (error: WorkError) => void) => {
      const checkpoint = (index: number, bytes: Uint8Array) => this.putCheckpoint(index, bytes);
      return new TaskPool({ ...pool, idleExit: exited, checkpoint });
    };
    const stopFailed = (error: WorkError): void => this.parts.trouble(error);
    return new PoolStart({ gate, place, clock, loadTimeout, exitPatience, makePool, idleExit, stopFailed });
  }

  async run(tasks: readonly QueuedTask[]): Promise<ChunkOutcome> {
    this.parts.progress.done = 0;
    this.parts.progress.finishing = false;
    // What was cancelled has ended.
    if (this.cancelled) this.parts.lease.aborted = false;
    this.cancelled = false;
    this.overdue = undefined;
    const pool = this.usable;
    if (pool === undefined) return notRun;
    const { present } = this;
    this.tasks = tasks;
    // Of an attempt before.
    if (this.parts.pool.data.results === true) for (const task of tasks) task.result = undefined;
    this.busy = pool;
    present?.begins();
    const outcome = await this.runIn(pool, tasks);
    this.takeResults();
    this.busy = undefined;
    this.tasks = [];
    this.used();
    present?.ends();
    return outcome;
  }

  private async runIn(pool: TaskPool, tasks: readonly QueuedTask[]): Promise<ChunkOutcome> {
    const { clock, taskTimeout, trouble } = this.parts;
    const packed = packChunk(tasks);
    this.parts.progress.startedAt = clock.now();
    if (Number.isFinite(taskTimeout)) this.watch.by(clock.now() + taskTimeout);
    const { failure, took, exited } = await pool.run(this.term, packed);
    this.watch.clear();
    this.cancelAlarm.clear();
    // A thread that died while it ran has to be gone before anybody may say that nothing runs. Should it not go, the next
    // load tells, and so does the end of the mastership: both wait for it.
    if (!pool.usable || exited) {
      const gone = this.present?.pool === pool ? this.present.terminate() : pool.terminate();
      if (!(await this.exits(gone)) && !this.started) await gone;
    }
    const { done } = this.parts.progress;
    if (!exited || failure?.type !== 'error') return { done, failure, took };
    if (done < packed.chunk.ids.length) {
      return { done, failure: this.overdue === undefined ? failure : failureOf(this.overdue), took };
    }
    // Something that a task left behind; all of them were done before it, so none of them tells of it.
    if (this.started) trouble(fromWire(failure.error));
    return { done, failure: null, took };
  }

  /** Terminates a thread that has shown no progress for too long. It may be in a loop, so it is not asked. */
  private checkTaskTime(): void {
    const { clock, taskTimeout, progress } = this.parts;
    const due = progress.startedAt + taskTimeout;
    if (clock.now() < due) return this.watch.by(due);
    const text = `the task did not end within ${taskTimeout} ms (taskTimeout), so its thread was ended`;
    this.overdue = new WorkError('ERR_TASK_TIMEOUT', text);
    void this.present?.terminate();
  }

  private used(): void {
    const { clock, idleTimeout } = this.parts;
    this.usedAt = clock.now();
    if (this.loaded && Number.isFinite(idleTimeout)) this.idle.by(this.usedAt + idleTimeout);
  }

  /** Terminates a thread without a task. One timer serves many runs: they only move `usedAt`. */
  private checkIdle(): void {
    // The end of the run that goes on asks for the next look.
    if (!this.loaded || this.busy !== undefined) return;
    const { clock, idleTimeout } = this.parts;
    const due = this.usedAt + idleTimeout;
    if (clock.now() < due) return this.idle.by(due);
    this.endIdle(false);
  }

  /** Ends the thread while nothing runs in it. */
  private endIdle(makesRoom: boolean): void {
    const { clock, stopTimeout } = this.parts;
    this.makesRoom = makesRoom;
    this.isLoaded = false;
    this.closeChannel();
    void this.present?.terminate(clock.now() + stopTimeout);
  }

  finishCurrent(): void {
    this.parts.progress.finishing = true;
  }

  abort(reason: string): void {
    this.parts.lease.aborted = true;
    this.abortChannel?.postMessage({ reason } satisfies AbortMessage);
  }

  cancelCurrent(id: TaskId, timeout: number): void {
    const { lease, clock } = this.parts;
    this.cancelled = true;
    lease.cancel();
    this.abortChannel?.postMessage({ reason: CANCELLED, id } satisfies AbortMessage);
    const text = `the task was cancelled and did not end within ${timeout} ms (cancelTimeout), so its thread was ended`;
    this.cancelText = text;
    this.cancelAlarm.by(clock.now() + timeout);
  }

  private endCancelled(): void {
    if (this.busy === undefined) return;
    this.overdue = new WorkError('ERR_CANCELLED', this.cancelText);
    void this.present?.terminate();
  }

  terminate(stopUntil?: number): Promise<void> {
    // What runs is ended at once.
    const until = this.busy === undefined ? stopUntil : undefined;
    this.endWait();
    this.turn = undefined;
    this.started = false;
    this.isLoaded = false;
    this.idle.clear();
    this.leaving = this.present ?? this.leaving;
    if (this.present !== undefined) this.ending = this.present.terminate(until);
    this.present = undefined;
    this.closeChannel();
    return this.ending;
  }

  hurry(stopUntil: number): void {
    void this.leaving?.terminate(stopUntil);
  }

  private openChannel(): void {
    this.abortChannel ??= new BroadcastChannel(this.parts.pool.data.abortChannel);
    this.abortChannel.unref();
  }

  /** Closes the channel: one that stays open is never collected, even when its cluster has long stopped. */
  private closeChannel(): void {
    this.abortChannel?.close();
    this.abortChannel = undefined;
  }
}
