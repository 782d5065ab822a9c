/**
 * Hands the tasks of one managed cluster to its runner, in the order of the queue and in one run after another, each of
 * as many tasks as fit into its time (chunkSize.ts), and stops that when the mastership ends. It lives on the coordinator thread and knows of no thread and no timer but the runner and the
 * clock it is given.
 *
 * The modes, what each waits for, and what leaves it:
 *
 *   off       no mastership, nothing runs, no thread. `start` leaves it.
 *   ready     a mastership, and nothing queued, or nothing that may run yet; nothing polls. Left by `poke` for running,
 *             by `fence` and `halt`.
 *             Between two runs it is passed through.
 *   running   one run. Its result leaves it: done, for ready; failed, for waiting, or for ready when the attempts of the
 *             task are used up: then the host decides what becomes of it. `drain` makes it draining.
 *   waiting   the delay before the head is tried again, which no `poke` shortens; or, after 1 ms of dispatching, for the
 *             other events of the thread to have their turn. Left for ready.
 *   draining  `drain` lets the one running task finish. After stopTimeout it is aborted, after `grace` more its runner is ended.
 *             Left for halting, by its result or by whatever else comes first.
 *   fenced    the mastership stands, but its work must stop: the run is aborted, and after grace/4 its runner is ended.
 *             Waits for run and runner to have ended; then goes to parked, or to ready if `resume` came meanwhile.
 *   parked    as fenced, and all has ended: no thread. Left by `resume`, `halt` or `drain`.
 *   halting   the mastership is over, or is to be over: as fenced, but at once once it is over, and ends in off. Work that has not ended in time is
 *             said in a `panic`, once, or ends the process (fencing). A new `start` makes it fenced and resumed: it begins when the old has ended.
 *
 * Fencing. `fence` comes `grace` before the validity of the lease ends, so work that has not ended after `grace` outlives
 * the lease, and may overlap the next master's. With `killProcess` that is prevented, at the price of the process.
 *
 * What a result is worth. `true` is done as long as the mastership under which the run began stands, aborted or not:
 * the task ran to its end inside the lease. Once it is lost, no result counts; the task stays and is the next holder's.
 * A failure after an abort is the abort's doing and counts as no attempt.
 *
 * Longer than other files, because each mode is only right beside the others.
 */
import assert from 'node:assert/strict';
import type { Clock } from '../clock.js';
import { type CodedError, fromWire, WorkError } from '../errors.js';
import type { TaskId } from '../task.js';
import { Alarm } from './alarm.js';
import { ChunkSize } from './chunkSize.js';
import { type RetryOptions, retryDelay } from './retry.js';
import type { ChunkOutcome, QueuedTask, Runner } from './runner.js';
import type { TaskSource } from './taskSource.js';

type Mode = 'off' | 'ready' | 'running' | 'waiting' | 'draining' | 'fenced' | 'parked' | 'halting';

/** Every legal move; `move` asserts that no other is made. */
export const transitions: Readonly<Record<Mode, readonly Mode[]>> = {
  off: ['ready'],
  ready: ['running', 'waiting', 'fenced', 'halting'],
  running: ['ready', 'waiting', 'draining', 'fenced', 'halting'],
  waiting: ['ready', 'fenced', 'halting'],
  draining: ['halting'],
  fenced: ['ready', 'parked', 'halting'],
  parked: ['ready', 'off'],
  halting: ['off', 'fenced'],
};

/** How long runs that end at once may follow each other before other events of the thread have their turn, in ms. */
const TURN = 1;
/** How long a thread in which nothing runs may take to exit before that is worth a panic, in ms. */
const IDLE_EXIT = 1000;
/** Why `drain` aborts work that has had its time to finish. */
const STOPPING = 'the member stops';

/** What the dispatcher tells; nothing of it may throw. It may call back into the dispatcher. */
export interface DispatcherHost {
  /** The tasks are done, in this order, and have left the source. */
  done(tasks: readonly QueuedTask[]): void;
  /** Attempt number `attempt` failed. The task stays at the head and is tried again after the delay, unless it is exhausted. */
  failed(task: QueuedTask, error: CodedError, attempt: number): void;
  /**
   * That attempt was its last. From now on the source gives it no more: the host takes it out, or holds the queue up
   * until somebody decides.
   */
  exhausted(task: QueuedTask, error: CodedError): void;
  /** `ERR_WORK_NOT_STOPPED`: something of the work may still run, though it must not. */
  panic(error: Error): void;
}

export interface DispatcherParts {
  readonly queue: TaskSource;
  readonly runner: Runner;
  readonly clock: Clock;
  /** From 0 up to 1, as `Math.random`. */
  readonly random: () => number;
  /** `attempts`: how often a task is tried. */
  readonly retry: RetryOptions & { readonly attempts: number };
  /** What one run may carry: as much as takes `budget` ms. */
  readonly chunk: { readonly budget: number; readonly mostTasks: number };
  /** How long before the validity of the lease ends `fence` is called, in ms. */
  readonly grace: number;
  /** How long `drain` lets the running task go on, in ms. */
  readonly stopTimeout: number;
  /** Kills the process; called instead of a panic when work has outlived the lease. Null: it is only said. */
  readonly killProcess: (() => void) | null;
  readonly host: DispatcherHost;
}

interface Run {
  /** Not empty. */
  readonly tasks: readonly QueuedTask[];
  /** Whether the mastership under which it began still stands. */
  counts: boolean;
  aborted: boolean;
}

type Drained = 'drained' | 'stuck';

export class Dispatcher {
  private mode: Mode = 'off';
  private term = 0;
  private run: Run | null = null;
  /** In fenced: whether to go on once all has ended. */
  private resumed = false;
  /** How far the end of the runner is: not asked for, asked for, or ended. */
  private ending: 'no' | 'asked' | 'ended' = 'no';
  /** Whether the work that is being ended has been given up, with a panic. */
  private stuck = false;
  /** Resolves what `drain` returned. */
  private readonly drains: ((how: Drained) => void)[] = [];
  private turnBeganAt = 0;
  /** What waiting and draining wait for. */
  private readonly wake: Alarm;
  /** When the runner is ended although a run goes on. */
  private readonly endRun: Alarm;
  private readonly giveUp: Alarm;
  private readonly chunkSize: ChunkSize;

  constructor(private readonly parts: DispatcherParts) {
    const { clock, chunk, runner } = parts;
    this.chunkSize = new ChunkSize(chunk.budget, Math.min(chunk.mostTasks, runner.mostTasks));
    this.wake = new Alarm(clock, () => (this.mode === 'draining' ? this.overdue() : this.goOn()));
    this.endRun = new Alarm(clock, () => {
      if (this.mode === 'draining') this.move('halting');
      this.endRunner();
    });
    this.giveUp = new Alarm(clock, () => this.panic());
  }

  /** The task of a run that has not ended, however it came to be there. */
  get running(): TaskId | null {
    if (this.run === null) return null;
    const { tasks } = this.run;
    return tasks[Math.min(this.parts.runner.doneSoFar, tasks.length - 1)]?.id ?? null;
  }

  /** True when nothing of the user's work runs and no thread is there. */
  get stopped(): boolean {
    return this.mode === 'off' || this.mode === 'parked';
  }

  /** A mastership begins. While the runner is still ending from the one before, its work begins when that has ended. */
  start(term: number): void {
    assert.ok(this.mode === 'off' || this.mode === 'halting', 'the mastership before was not halted');
    assert.equal(this.drains.length, 0, 'who is stopping is not elected');
    this.term = term;
    if (this.mode === 'off') return this.begin();
    this.resumed = true;
    this.move('fenced');
  }

  /** A task was queued, or may run now. */
  poke(): void {
    if (this.mode === 'ready') this.dispatch();
  }

  /** Work must stop now; the mastership may yet be saved. */
  fence(reason: string): void {
    if (this.stopped) return;
    this.end(this.mode === 'draining' || this.mode === 'halting' ? 'halting' : 'fenced', reason);
    this.giveUpAfter(this.parts.grace);
  }

  /** The mastership was saved after a `fence`. */
  resume(): void {
    if (this.mode === 'parked') this.begin();
    else if (this.mode === 'fenced') this.resumed = true;
  }

  /** The mastership is lost, though nobody else can be master for `left` ms: then work has that long to end. */
  halt(reason: string, left = 0): void {
    if (this.run !== null) this.run.counts = false;
    if (this.mode === 'parked') this.move('off');
    if (this.mode === 'off') return;
    this.end('halting', reason);
    // No grace any more: somebody else may be master already.
    this.endRunner();
    this.giveUpAfter(Math.max(left, this.parts.grace));
  }

  /**
   * Lets the running task finish and starts none. Resolves to `drained` when nothing runs any more; to `stuck`, after a
   * panic, when work could not be stopped within stopTimeout + 2 × grace. A result that comes before counts.
   */
  drain(): Promise<Drained> {
    const { stopTimeout, grace, clock } = this.parts;
    if (this.mode === 'parked') this.move('off');
    if (this.mode === 'off') return Promise.resolve('drained');
    if (this.mode === 'running') {
      this.move('draining');
      this.parts.runner.finish();
      this.wake.by(clock.now() + stopTimeout);
    } else if (this.mode !== 'draining' && this.mode !== 'halting') this.end('halting', STOPPING);
    if (this.stuck) return Promise.resolve('stuck');
    this.giveUpAfter(stopTimeout + 2 * grace);
    return new Promise((resolve) => this.drains.push(resolve));
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
    const { queue, runner, clock } = this.parts;
    const tasks = queue.ready(this.chunkSize.tasks);
    if (tasks.length === 0) return;
    // Runs that end at once follow each other by promises alone, which would hold up every timer, heartbeats too.
    if (clock.now() - this.turnBeganAt >= TURN) return this.wait(0);
    assert.equal(this.run, null, 'one run at a time');
    const run: Run = { tasks, counts: true, aborted: false };
    this.run = run;
    this.move('running');
    void runner.run(tasks).then((outcome) => this.ended(run, outcome));
  }

  private wait(delay: number): void {
    this.move('waiting');
    this.wake.by(this.parts.clock.now() + delay);
  }

  private goOn(): void {
    this.turnBeganAt = this.parts.clock.now();
    this.move('ready');
    this.dispatch();
  }

  private ended(run: Run, { done, failure, took }: ChunkOutcome): void {
    assert.equal(this.run, run, 'a run ends once');
    assert.ok(done <= run.tasks.length, 'no more is done than was given');
    this.run = null;
    const counted = failure !== null && failure.type !== 'not-run' && !run.aborted;
    const tried = counted ? run.tasks[done] : undefined;
    if (tried !== undefined) tried.failed += 1;
    this.chunkSize.ran(failure === null ? done : done + 1, took);
    if (this.mode === 'running') {
      // First the mode, then the news: the host may call back.
      if (failure === null || (tried !== undefined && this.isLast(tried))) this.move('ready');
      else this.wait(this.delayAfter(tried));
    }
    if (run.counts && done > 0) {
      this.parts.queue.finish(done);
      this.parts.host.done(run.tasks.slice(0, done));
    }
    if (tried !== undefined && failure !== null) this.fail(tried, failure);
    if (this.mode === 'ready') this.dispatch();
    else if (this.mode === 'draining') this.end('halting', STOPPING);
    else if (this.mode === 'fenced' || this.mode === 'halting') {
      this.endRunner();
      this.afterEnd();
    }
  }

  private delayAfter(tried: QueuedTask | undefined): number {
    const { retry, random } = this.parts;
    return tried === undefined ? retry.minDelay : retryDelay(retry, tried.failed, random);
  }

  private isLast({ failed }: QueuedTask): boolean {
    return failed >= this.parts.retry.attempts;
  }

  private fail(task: QueuedTask, failure: NonNullable<ChunkOutcome['failure']>): void {
    const error =
      failure.type === 'error' ? fromWire(failure.error) : new WorkError('ERR_WORK_FAILED', 'the work returned false');
    this.parts.host.failed(task, error, task.failed);
    if (this.isLast(task)) this.parts.host.exhausted(task, error);
  }

  // ---- ending ----

  /** Stops what runs: aborted at once, the runner ended after grace/4, or at once if nothing runs. */
  private end(to: 'fenced' | 'halting', reason: string): void {
    this.resumed = false;
    if (this.mode !== to) this.move(to);
    if (this.run === null) return this.endRunner();
    this.run.aborted = true;
    this.parts.runner.abort(reason);
    this.endRun.by(this.parts.clock.now() + this.parts.grace / 4);
  }

  /** A drain has taken too long. */
  private overdue(): void {
    const { runner, clock, grace } = this.parts;
    assert.ok(this.run !== null, 'draining lasts as long as its run');
    this.run.aborted = true;
    runner.abort(STOPPING);
    this.endRun.by(clock.now() + grace);
  }

  private endRunner(): void {
    this.endRun.clear();
    if (this.ending !== 'no') return;
    this.ending = 'asked';
    void this.parts.runner.end().then(() => {
      this.ending = 'ended';
      this.afterEnd();
    });
  }

  /** Goes on when both have come, in whichever order: the end of the runner and the result of the last run. */
  private afterEnd(): void {
    if (this.ending !== 'ended' || this.run !== null) return;
    this.ending = 'no';
    this.stuck = false;
    this.giveUp.clear();
    if (this.mode === 'halting') this.move('off');
    else if (this.resumed) this.begin();
    else this.move('parked');
    this.settleDrains('drained');
  }

  private giveUpAfter(delay: number): void {
    const wait = this.run === null ? Math.max(delay, IDLE_EXIT) : delay;
    if (!this.stuck) this.giveUp.by(this.parts.clock.now() + wait);
  }

  private panic(): void {
    if (this.parts.killProcess !== null && this.run !== null) return this.parts.killProcess();
    this.stuck = true;
    this.settleDrains('stuck');
    const what = this.run === null ? 'the task thread' : `the work on task ${JSON.stringify(this.running)}`;
    this.parts.host.panic(new WorkError('ERR_WORK_NOT_STOPPED', `${what} would not stop in time and may still run`));
  }

  private settleDrains(how: Drained): void {
    for (const settle of this.drains.splice(0)) settle(how);
  }

  private move(to: Mode): void {
    assert.ok(transitions[this.mode].includes(to), `no way from ${this.mode} to ${to}`);
    this.mode = to;
    this.wake.clear();
  }
}
