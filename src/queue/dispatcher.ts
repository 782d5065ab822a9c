/**
 * Hands the tasks of one managed cluster to its runner, in chunks and in the order of their source, and stops that when
 * the mastership ends. It lives on the coordinator thread and knows of no thread and no timer but the runner and the
 * clock it is given.
 *
 * modes.ts has its modes: what each waits for, and what leaves it.
 * endWatch.ts says what becomes of work that does not end.
 *
 * What an outcome is worth. Tasks that are done leave the source while the rest of their run goes on, so however
 * long it is, listeners, standbys and the store hear of them. They count as long as the mastership under which the run
 * began lasts, aborted or not: they ran to their end inside the lease. Once it is lost, none counts; they stay and are
 * the next master's. A failure after an abort is the abort's doing and counts as no attempt.
 */
import assert from 'node:assert/strict';
import { type CodedError, fromWire, WorkError } from '../errors.js';
import type { TaskId } from '../task/task.js';
import { Alarm } from '../time/alarm.js';
import { ChunkSize } from './chunkSize.js';
import { type DispatcherParts, EXIT_REASON, STOP_REASON, UNHELD_EXIT_MAX_MS } from './dispatcherParts.js';
import { type Drained, EndWatch } from './endWatch.js';
import { type Mode, transitions } from './modes.js';
import { retryDelay } from './retry.js';
import { newRun, type Run, toCancel } from './run.js';
import type { ChunkOutcome, LoadOutcome, QueuedTask } from './runner.js';

/** How long runs that end at once may follow each other before other events of the thread have their turn, in ms. */
const DISPATCH_TURN_MS = 1;
/** Between two looks at what a run has done so far, in ms. */
const PROGRESS_POLL_MS = 10;

type Failure = NonNullable<ChunkOutcome['failure']>;

export class Dispatcher {
  private mode: Mode = 'off';
  private term = 0;
  private run: Run | null = null;
  /** One object for each time in loading: what is loaded for an earlier one is of no use. */
  private loading: object | null = null;
  private readonly chunkSize: ChunkSize;
  /** Whether the work did not load, and the mastership is to be given up for it: nothing more is begun under it. */
  private givenUp = false;
  /** In fenced: whether to go on once all has ended. */
  private resumed = false;
  /** How far the end of the runner is: not asked for, asked for, or ended. */
  private ending: 'no' | 'asked' | 'ended' = 'no';
  private readonly endWatch: EndWatch;
  /** How long what ends may take to close what it has opened. */
  private stopUntil = 0;
  private turnBeganAt = 0;
  /** In waiting: the task that is to be tried again. */
  private waitsFor: QueuedTask | null = null;
  /** Whether nothing more is begun, though the mastership lasts. It may be said at any time. */
  private held = false;
  private readonly idleWaiters: (() => void)[] = [];
  /** What waiting and draining wait for. */
  private readonly wake: Alarm;
  /** When the runner is ended although a run goes on. */
  private readonly terminateAlarm: Alarm;
  /** When to see what the run has done so far. */
  private readonly progressAlarm: Alarm;

  constructor(private readonly parts: DispatcherParts) {
    const { clock, chunk, runner, killProcess, callbacks } = parts;
    this.chunkSize = new ChunkSize(chunk.budget, Math.min(chunk.mostTasks, runner.mostTasks));
    this.wake = new Alarm(clock, () => (this.mode === 'draining' ? this.overdue() : this.dispatchAgain()));
    this.terminateAlarm = new Alarm(clock, () => {
      if (this.mode === 'draining') this.move('halting');
      this.terminateRunner();
    });
    this.endWatch = new EndWatch({
      clock,
      killProcess,
      isRunning: () => this.run !== null,
      runningTask: () => this.running,
      panic: (error) => callbacks.panic(error),
    });
    this.progressAlarm = new Alarm(clock, () => this.pollProgress());
  }

  /** Returns the first task of the run under way that is not known to be done. */
  get running(): TaskId | null {
    return this.run?.tasks[this.parts.runner.doneSoFar]?.id ?? null;
  }

  /** Returns true if nothing of the user's work runs and no thread is there. */
  get stopped(): boolean {
    return this.mode === 'off' || this.mode === 'parked';
  }

  /** Returns true if no run and no load of the work is under way. */
  get idle(): boolean {
    return this.run === null && this.loading === null;
  }

  /** Returns true from `hold` to `unhold`. */
  get isHeld(): boolean {
    return this.held;
  }

  /** Begins a mastership. If the runner is still ending from the one before, its work begins after that. */
  start(term: number): void {
    assert.ok(this.mode === 'off' || this.mode === 'halting', 'the mastership before was not halted');
    assert.ok(!this.endWatch.awaited, 'who is stopping is not elected');
    this.term = term;
    this.givenUp = false;
    if (this.mode === 'off') return this.begin();
    this.move('fenced');
    this.leaseSaved();
  }

  /** Asks the source again, which may have something to run. The wait for a task that has left it is over. */
  poke(): void {
    if (this.mode === 'ready') return this.dispatch();
    if (this.waitsFor !== null && this.parts.queue.isHead?.(this.waitsFor) === false) this.dispatchAgain();
  }

  /** Begins nothing more, in this mastership and later ones, until `unhold`. What runs comes to its end. */
  hold(): void {
    this.held = true;
    if (this.mode === 'running') this.parts.runner.finishCurrent();
    // Who holds it must not wait for the tasks of others.
    else if (this.mode === 'loading' && this.parts.runner.stopWaiting?.()) this.wait(0);
  }

  unhold(): void {
    this.held = false;
    this.poke();
  }

  /** Resolves when no run and no load of the work is under way. While it is held, none follows. */
  async whenIdle(): Promise<void> {
    if (!this.idle) await new Promise<void>((resolve) => this.idleWaiters.push(resolve));
  }

  /**
   * Returns null if the task is in no run under way, or was done there. Else the run ends after the task that runs, and then
   * it resolves. `ends`: if that is the task itself, its work is told to end, which counts as no attempt.
   */
  apart(task: QueuedTask, ends: boolean): Promise<void> | null {
    const { run } = this;
    if (run === null || run.tasks.indexOf(task) < run.left) return null;
    this.parts.runner.finishCurrent();
    if (ends) run.cancels.add(task);
    this.cancelCurrent(run);
    return new Promise((resolve) => run.waiters.push(resolve));
  }

  /** Tells the work on a cancelled task to end, once it runs. */
  private cancelCurrent(run: Run): void {
    const { runner, cancelTimeout } = this.parts;
    const task = toCancel(run, runner.doneSoFar);
    if (task !== null) runner.cancelCurrent(task.id, cancelTimeout);
  }

  /** Stops the work now; the mastership may yet be saved. */
  fence(reason: string): void {
    if (this.stopped) return;
    this.endWatch.toLeaseEnd();
    this.stopUntil = this.parts.clock.now() + this.parts.grace / 4;
    this.stopWork(this.mode === 'draining' || this.mode === 'halting' ? 'halting' : 'fenced', reason);
    this.endWatch.giveUpAfter(this.parts.grace);
  }

  /** Goes on after a `fence`, because the lease was saved. A mastership that is to be given up begins nothing. */
  resume(): void {
    if (this.mode === 'parked' && !this.givenUp) this.begin();
    else if (this.mode === 'fenced') this.leaseSaved();
  }

  /** Ends a mastership that is lost. Work has `left` ms to end, in which no other member can be master. */
  halt(reason: string, left = 0): void {
    if (this.run !== null) this.run.counts = false;
    if (this.mode === 'parked') this.move('off');
    if (this.mode === 'off') return;
    this.endWatch.toLeaseEnd();
    const { grace, killProcess, clock } = this.parts;
    this.stopUntil = clock.now() + Math.min(grace, left) / 4;
    this.stopWork('halting', reason);
    this.terminateRunner();
    this.endWatch.giveUpAfter(Math.max(left, killProcess === null ? grace : Math.min(grace, UNHELD_EXIT_MAX_MS)));
  }

  /**
   * Lets the running task finish and starts none. Resolves to `drained` when nothing runs any more; to `stuck`, after a
   * panic, when work could not be stopped within stopTimeout + 2 × grace. A result that comes before counts.
   */
  drain(): Promise<Drained> {
    const { stopTimeout, grace, clock } = this.parts;
    if (this.mode === 'parked') this.move('off');
    if (this.mode === 'off') return Promise.resolve('drained');
    if (this.mode !== 'halting' && this.mode !== 'fenced') this.stopUntil = clock.now() + stopTimeout;
    if (this.mode === 'running') {
      this.move('draining');
      this.parts.runner.finishCurrent();
      this.wake.by(clock.now() + stopTimeout);
    } else if (this.mode !== 'draining' && this.mode !== 'halting') this.stopWork('halting', STOP_REASON);
    this.endWatch.giveUpAfter(stopTimeout + 2 * grace);
    return this.endWatch.whenEnded();
  }

  /** Ends at once what runs, because the process exits. A result that comes before counts. `drain` waits for the end. */
  endNow(): void {
    if (this.stopped) return;
    this.stopUntil = this.parts.clock.now();
    if (this.mode !== 'halting') this.stopWork('halting', EXIT_REASON);
    this.terminateRunner();
  }

  /** Resolves when nothing runs any more, or when what does was given up: with a panic, or by killing the process. */
  async whenEnded(): Promise<void> {
    if (!this.stopped) await this.endWatch.whenEnded();
  }

  // ---- dispatching ----

  private begin(): void {
    assert.ok(this.run === null && this.ending === 'no', 'the runner has ended before it starts again');
    this.parts.runner.start(this.term);
    this.turnBeganAt = this.parts.clock.now();
    this.move('ready');
    this.dispatch();
  }

  private dispatch(): void {
    if (this.held) return;
    const { queue, runner, clock } = this.parts;
    if (!runner.loaded) {
      if (queue.waits) this.load();
      return;
    }
    const tasks = queue.ready(this.chunkSize.tasks);
    if (tasks.length === 0) return;
    // Runs that end at once follow each other by promises alone, which would hold up every timer, beats too.
    if (clock.now() - this.turnBeganAt >= DISPATCH_TURN_MS) return this.wait(0);
    assert.equal(this.run, null, 'one run at a time');
    this.parts.began?.();
    const run = newRun(tasks);
    this.run = run;
    this.move('running');
    if (tasks.length > 1) this.progressAlarm.by(clock.now() + PROGRESS_POLL_MS);
    void runner.run(tasks).then((outcome) => this.runEnded(run, outcome));
  }

  private load(): void {
    const loading = {};
    this.move('loading');
    this.loading = loading;
    const awaitsStore = (): boolean => this.mode === 'ready' && !this.held && this.parts.queue.awaitsStore;
    void this.parts.runner.load(awaitsStore).then((outcome) => {
      if (this.loading === loading) this.loadEnded(outcome);
    });
  }

  private loadEnded(outcome: LoadOutcome): void {
    const { callbacks, retry } = this.parts;
    if (outcome.type === 'loaded') {
      callbacks.loaded();
      return this.dispatchAgain();
    }
    // The dispatcher did not terminate the runner, so it asks again.
    if (outcome.type === 'ended') return this.wait(retry.minDelay);
    this.givenUp = true;
    this.move('waiting');
    callbacks.unloadable(fromWire(outcome.error), outcome.exited);
  }

  private wait(delay: number): void {
    this.move('waiting');
    this.wake.by(this.parts.clock.now() + delay);
  }

  private dispatchAgain(): void {
    this.turnBeganAt = this.parts.clock.now();
    this.move('ready');
    this.dispatch();
  }

  private runEnded(run: Run, { done, failure, took }: ChunkOutcome): void {
    assert.equal(this.run, run, 'a run ends once');
    assert.ok(done <= run.tasks.length, 'no more is done than was given');
    this.run = null;
    this.progressAlarm.clear();
    const isCancelled = run.told !== null && run.told === run.tasks[done];
    const isFailure = failure !== null && failure.type !== 'not-run' && !run.aborted && !isCancelled;
    const failed = isFailure ? failure : null;
    for (const resolve of run.waiters) resolve();
    this.chunkSize.ran(failed === null ? done : done + 1, took);
    // First the mode, then the news: the owner may call back. In waiting, nothing that it queues is begun before it has
    // heard of the failure too.
    if (this.mode === 'running') this.move(failure === null || isCancelled ? 'ready' : 'waiting');
    this.removeDone(run, done);
    const delay = failed === null ? this.parts.retry.minDelay : this.recordFailure(run.tasks[done], failed);
    if (this.mode === 'waiting' && failure !== null) {
      this.waitsFor = run.tasks[done] ?? null;
      this.wake.by(this.parts.clock.now() + delay);
    } else if (this.mode === 'ready') this.dispatch();
    else if (this.mode === 'draining') this.stopWork('halting', STOP_REASON);
    else if (this.mode === 'fenced' || this.mode === 'halting') {
      this.terminateRunner();
      this.afterTermination();
    }
  }

  private pollProgress(): void {
    if (this.run === null || !this.run.counts) return;
    this.progressAlarm.by(this.parts.clock.now() + PROGRESS_POLL_MS);
    this.removeDone(this.run, this.parts.runner.doneSoFar);
    if (this.run !== null) this.cancelCurrent(this.run);
  }

  /** Removes the tasks up to `done` from the source, unless they have left, or are the next master's now. */
  private removeDone(run: Run, done: number): void {
    const { tasks, left, counts } = run;
    if (!counts || done <= left) return;
    run.left = done;
    const { queue, callbacks } = this.parts;
    queue.remove(done - left);
    callbacks.done(left === 0 && done === tasks.length ? tasks : tasks.slice(left, done));
  }

  /** Returns how long to wait before the source is asked again. A task that was postponed has not failed. */
  private recordFailure(task: QueuedTask | undefined, failure: Exclude<Failure, { type: 'not-run' }>): number {
    const { callbacks, retry, random } = this.parts;
    assert.ok(task !== undefined, 'only a task that was given fails');
    if (failure.type === 'postponed') {
      // No loop is hot.
      const delay = Math.max(failure.delay, retry.minDelay);
      callbacks.postponed(task, delay);
      return delay;
    }
    task.failed += 1;
    const error: CodedError =
      failure.type === 'error' ? fromWire(failure.error) : new WorkError('ERR_WORK_FAILED', 'the work returned false');
    const isLast = task.failed >= retry.attempts || error.permanent === true;
    callbacks.failed(task, error, task.failed, isLast);
    if (!isLast) return retryDelay(retry, task.failed, random);
    callbacks.exhausted(task, error);
    return 0;
  }

  // ---- ending ----

  /** Stops what runs: aborted at once, the runner ended after grace/4, or at once if nothing runs. */
  private stopWork(to: 'fenced' | 'halting', reason: string): void {
    this.resumed = false;
    if (this.mode !== to) this.move(to);
    if (this.run === null) return this.terminateRunner();
    this.run.aborted = true;
    this.parts.runner.abort(reason);
    this.terminateAlarm.by(this.parts.clock.now() + this.parts.grace / 4);
  }

  /** Aborts a drain that has taken too long. */
  private overdue(): void {
    const { runner, clock, grace } = this.parts;
    assert.ok(this.run !== null, 'draining lasts as long as its run');
    this.run.aborted = true;
    runner.abort(STOP_REASON);
    this.terminateAlarm.by(clock.now() + grace);
  }

  private terminateRunner(): void {
    const { runner } = this.parts;
    this.terminateAlarm.clear();
    // It may have been given longer, before the lease was about to end.
    if (this.ending === 'asked') runner.hurry?.(this.stopUntil);
    if (this.ending !== 'no') return;
    this.ending = 'asked';
    void runner.terminate(this.stopUntil).then(() => {
      this.ending = 'ended';
      this.afterTermination();
    });
  }

  /** Goes on when both have come, in any order: the end of the runner and the result of the last run. */
  private afterTermination(): void {
    if (this.ending !== 'ended' || this.run !== null) return;
    this.ending = 'no';
    this.endWatch.clear();
    if (this.mode === 'halting') this.move('off');
    else if (this.resumed && !this.givenUp) this.begin();
    else this.move('parked');
    this.endWatch.settle('drained');
  }

  private leaseSaved(): void {
    this.resumed = true;
    this.endWatch.leaseSaved();
  }

  private move(to: Mode): void {
    assert.ok(transitions[this.mode].includes(to), `no way from ${this.mode} to ${to}`);
    this.mode = to;
    this.loading = null;
    this.waitsFor = null;
    this.wake.clear();
    if (this.idle) for (const resolve of this.idleWaiters.splice(0)) resolve();
  }
}
