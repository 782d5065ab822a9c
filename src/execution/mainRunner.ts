/**
 * Runs work that is a function: on the main thread, which is asked to by an event and answers by a call, for one task at
 * a time. Nothing can end it there, so `terminate()` waits for it, and one that takes too long is only said to.
 */

import { attemptEnded } from '../queue/checkpointErrors.js';
import type { ChunkOutcome, LoadOutcome, QueuedTask, Runner, WorkOutcome } from '../queue/runner.js';
import type { TaskDetails, TaskId } from '../task/task.js';
import { viewOf } from '../task/taskBytes.js';
import { Alarm } from '../time/alarm.js';
import type { Clock } from '../time/clock.js';
import type { SharedLease } from '../wire/sharedLease.js';
import { CANCELLED } from './abortMessage.js';

/** What the main thread is asked to run. */
export interface MainRun {
  readonly run: number;
  readonly id: TaskId;
  readonly bytes: Uint8Array;
  readonly term: number;
  readonly attempt: number;
  /** What the attempt before put down. */
  readonly checkpoint: Uint8Array | null;
  readonly details?: TaskDetails;
}

interface MainRunnerParts {
  readonly lease: SharedLease;
  readonly clock: Clock;
  /** How long one run may take, in ms; may be `Infinity`. */
  readonly taskTimeout: number;
  /** Asks the main thread to run; it answers through `settled`. */
  ask(run: MainRun): void;
  /** Puts down the checkpoint of the task that runs. Rejects if that cannot be. */
  checkpoint(task: QueuedTask, bytes: Uint8Array): Promise<void>;
  /** Tells the main thread that the running work should end. */
  abort(reason: string): void;
  /** Called with how long a task took that is done, in ms. */
  took?(ms: number): void;
  /** Called once per run that lasts longer than `taskTimeout`, which nothing can end. */
  overdue(): void;
  /** Called when the work on a cancelled task goes on after its time, which nothing can end. */
  goesOn(id: TaskId, timeout: number): void;
  /** Called when such a run has ended after all. */
  recovered(): void;
}

export class MainRunner implements Runner {
  readonly mostTasks = 1;
  readonly beginsLate = true;
  private term = 0;
  private started = false;
  private runs = 0;
  private running:
    | { readonly run: number; readonly task: QueuedTask; readonly settle: (outcome: WorkOutcome) => void }
    | undefined;
  private idle = Promise.resolve();
  private readonly watch: Alarm;
  private overdue = false;
  private readonly cancelAlarm: Alarm;
  /** Whether the lease is marked as aborted for a cancelled task alone. */
  private cancelled = false;
  private tellCancelled: () => void = () => {};

  constructor(private readonly parts: MainRunnerParts) {
    this.watch = new Alarm(parts.clock, () => {
      this.overdue = true;
      parts.overdue();
    });
    this.cancelAlarm = new Alarm(parts.clock, () => this.tellCancelled());
  }

  /** Its only task is done when its run has ended. */
  readonly doneSoFar = 0;
  /** A function is there already. */
  readonly loaded = true;

  async load(): Promise<LoadOutcome> {
    return { type: 'loaded' };
  }

  start(term: number): void {
    this.term = term;
    this.started = true;
    this.parts.lease.aborted = false;
  }

  async run([task]: readonly QueuedTask[]): Promise<ChunkOutcome> {
    if (!this.started || task === undefined) return chunkOutcome({ type: 'not-run' });
    // What was cancelled has ended.
    if (this.cancelled) this.parts.lease.aborted = false;
    this.cancelled = false;
    const { clock, taskTimeout, took } = this.parts;
    const run = ++this.runs;
    const beganAt = clock.now();
    const outcome = new Promise<WorkOutcome>((settle) => {
      this.running = { run, task, settle };
    });
    this.idle = outcome.then(() => {});
    if (Number.isFinite(taskTimeout)) this.watch.by(clock.now() + taskTimeout);
    this.parts.ask({
      run,
      id: task.id,
      bytes: ofItsOwn(viewOf(task.bytes)),
      term: this.term,
      attempt: task.failed + 1,
      checkpoint: task.checkpoint ?? null,
      ...(task.details === undefined ? {} : { details: task.details }),
    });
    const ended = await outcome;
    task.result = ended.type === 'result' ? ended.result : undefined;
    if (ended.type === 'result' && ended.done) took?.(clock.now() - beganAt);
    return chunkOutcome(ended);
  }

  /** Takes the main thread's answer. One to a run that is not under way is ignored. */
  settled(run: number, outcome: WorkOutcome): void {
    if (this.running?.run !== run) return;
    const { settle } = this.running;
    this.running = undefined;
    this.watch.clear();
    this.cancelAlarm.clear();
    settle(outcome);
    if (!this.overdue) return;
    this.overdue = false;
    this.parts.recovered();
  }

  /** Puts down a checkpoint of the run under way. */
  async putCheckpoint(run: number, bytes: Uint8Array): Promise<void> {
    const { running } = this;
    if (running?.run !== run) throw attemptEnded();
    await this.parts.checkpoint(running.task, bytes);
    running.task.checkpoint = bytes;
  }

  /** Ends the run under way, for a main thread that will not answer any more. Returns whether there was one. */
  abandon(): boolean {
    if (this.running === undefined) return false;
    this.settled(this.running.run, { type: 'not-run' });
    return true;
  }

  /** Resolves when what runs now has ended. */
  whenIdle(): Promise<void> {
    return this.idle;
  }

  /** Does nothing: there is no task after the one that runs. */
  finishCurrent(): void {}

  cancelCurrent(id: TaskId, timeout: number): void {
    const { running } = this;
    if (running === undefined) return;
    this.cancelled = true;
    this.parts.lease.cancel();
    this.parts.abort(CANCELLED);
    this.cancelAlarm.by(this.parts.clock.now() + timeout);
    this.tellCancelled = () => this.parts.goesOn(id, timeout);
  }

  abort(reason: string): void {
    this.parts.lease.aborted = true;
    if (this.running !== undefined) this.parts.abort(reason);
  }

  terminate(): Promise<void> {
    this.started = false;
    return this.idle;
  }
}

function chunkOutcome(outcome: WorkOutcome): ChunkOutcome {
  if (outcome.type !== 'result') return { done: 0, failure: outcome, took: 0 };
  return outcome.done
    ? { done: 1, failure: null, took: 0 }
    : { done: 0, failure: { type: 'result', done: false }, took: 0 };
}

/** A message takes all the memory with it that a view is on, unless that is shared: of a task in an answer, the answer. */
function ofItsOwn(view: Uint8Array): Uint8Array {
  const isAlone = view.byteLength === view.buffer.byteLength;
  return isAlone || view.buffer instanceof SharedArrayBuffer ? view : new Uint8Array(view);
}
