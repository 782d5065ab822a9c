/**
 * The task thread, simulated: the real runner's contract (src/queue/runner.ts) with behaviours in the place of a module.
 * Between two tasks it looks at the lease as src/execution/runChunk.ts does; ended, it takes its time to exit, and a native
 * call takes as long as it likes.
 */
import assert from 'node:assert/strict';
import type { Prober } from '../../../src/coordinator/workLoading.ts';
import { toWire, WorkError } from '../../../src/errors.ts';
import type { ChunkOutcome, LoadOutcome, QueuedTask, Runner } from '../../../src/queue/runner.ts';
import type { TaskId } from '../../../src/task/task.ts';
import type { Cancel, Clock } from '../../../src/time/clock.ts';
import type { Behaviour } from './behaviour.ts';
import type { SimulatedLease } from './simulatedLease.ts';

/** How long a thread that was terminated takes to exit, at most, in ms. */
export const EXIT = 15;
/** After so many ms a run begins no further task, as in runChunk.ts. */
const SIMULATED_RUN_MAX_MS = 20;

const notRun: ChunkOutcome['failure'] = { type: 'not-run' };

/** How long a module may take to load, in ms. */
const LOAD_LIMIT = 100;
/** How long a thread stays without a task, in ms. */
const IDLE = 300;

export type Deploy = 'good' | 'throws' | 'hangs';

interface ThreadParts {
  readonly clock: Clock;
  readonly lease: SimulatedLease;
  readonly taskTimeout: number;
  readonly random: () => number;
  /** A planted bug: it goes on, whatever it is told, and says that it has ended. */
  readonly goesOn: boolean;
  /** How the module loads that is deployed now. */
  deploy(): Deploy;
  begins(task: QueuedTask, term: number): Behaviour;
  completed(task: QueuedTask, term: number): void;
  /** The task asks to be tried again after so many ms. */
  postponed(task: QueuedTask, term: number, delay: number): void;
  /** The process dies of the task. */
  killed(): void;
}

interface Run {
  readonly tasks: readonly QueuedTask[];
  readonly term: number;
  readonly beganAt: number;
  readonly settle: (outcome: ChunkOutcome) => void;
  done: number;
  aborted: boolean;
  /** The task under way, and when a native call of it returns. */
  current: { readonly behaviour: Behaviour; readonly endsAt: number; cancels: Cancel[] } | null;
}

export class SimulatedThread implements Runner, Prober {
  readonly mostTasks = 256;
  private term = 0;
  private started = false;
  private isLoaded = false;
  private loading: ((outcome: LoadOutcome) => void) | null = null;
  private runs = 0;
  private finishing = false;
  private cancelled = false;
  private present: Run | null = null;
  private exiting: Promise<void> | null = null;
  private exited: (() => void) | null = null;

  constructor(private readonly parts: ThreadParts) {}

  get doneSoFar(): number {
    return this.present?.done ?? 0;
  }

  /** Whether the user's code runs, at this moment. */
  get busy(): boolean {
    return this.present?.current != null;
  }

  get isNative(): boolean {
    return this.present?.current?.behaviour.native ?? false;
  }

  start(term: number): void {
    this.term = term;
    this.started = true;
    this.finishing = false;
    this.exiting = null;
    this.parts.lease.aborted = false;
  }

  get loaded(): boolean {
    return this.started && this.isLoaded;
  }

  async load(): Promise<LoadOutcome> {
    const outcome = await this.tryLoading();
    this.isLoaded = this.started && outcome.type === 'loaded';
    return this.started ? outcome : { type: 'ended' };
  }

  probe(): Promise<LoadOutcome> {
    assert.ok(!this.started && this.present === null, 'a probe beside a mastership');
    return this.tryLoading();
  }

  async terminateProbe(): Promise<boolean> {
    this.stopLoading();
    return true;
  }

  private tryLoading(): Promise<LoadOutcome> {
    const { clock, random, deploy } = this.parts;
    assert.equal(this.loading, null, 'one load at a time');
    const how = deploy();
    return new Promise((resolve) => {
      this.loading = resolve;
      clock.at(clock.now() + (how === 'hangs' ? LOAD_LIMIT : 2 + random() * 30), () => {
        if (this.loading !== resolve) return;
        this.loading = null;
        const error = toWire(new WorkError('ERR_WORK_MODULE', 'the module does not load'));
        resolve(how === 'good' ? { type: 'loaded' } : { type: 'failed', error, exited: true });
      });
    });
  }

  private stopLoading(): void {
    this.loading?.({ type: 'ended' });
    this.loading = null;
  }

  run(tasks: readonly QueuedTask[]): Promise<ChunkOutcome> {
    return new Promise((settle) => {
      const { clock } = this.parts;
      const run: Run = { tasks, term: this.term, beganAt: clock.now(), settle, done: 0, aborted: false, current: null };
      this.present = run;
      this.finishing = false;
      // What was cancelled has ended.
      if (this.cancelled) this.parts.lease.aborted = false;
      this.cancelled = false;
      this.runs += 1;
      if (this.loaded) this.next(run);
      else this.settle(run, notRun);
    });
  }

  private settle(run: Run, failure: ChunkOutcome['failure']): void {
    if (this.present !== run) return;
    run.current = null;
    this.present = null;
    const { clock } = this.parts;
    const took = Math.max(0, clock.now() - run.beganAt);
    run.settle({ done: run.done, failure, took: took === 0 ? 0.005 * run.done : took });
    const { runs } = this;
    clock.at(clock.now() + IDLE, () => {
      if (this.runs === runs && this.present === null) this.isLoaded = false;
    });
  }

  /** As many tasks as take no time, and then one that does. */
  private next(run: Run): void {
    const { clock, lease, begins } = this.parts;
    while (this.present === run && !(this.exiting !== null && !this.parts.goesOn)) {
      const task = run.tasks[run.done];
      if (task === undefined) return this.settle(run, null);
      if (run.done > 0 && (this.finishing || clock.now() - run.beganAt > SIMULATED_RUN_MAX_MS))
        return this.settle(run, null);
      if (lease.remaining() === 0 || lease.term !== run.term || lease.aborted) return this.settle(run, notRun);
      const behaviour = begins(task, run.term);
      run.current = { behaviour, endsAt: clock.now() + behaviour.takes, cancels: [] };
      if (behaviour.takes > 0) return this.wait(run, task, run.current);
      if (!this.ends(run, task, behaviour)) return;
    }
  }

  private wait(run: Run, task: QueuedTask, current: NonNullable<Run['current']>): void {
    const { clock, taskTimeout } = this.parts;
    const { behaviour, endsAt } = current;
    const ended = (): void => {
      if (run.current !== current) return;
      for (const cancel of current.cancels) cancel();
      if (this.ends(run, task, behaviour)) this.next(run);
    };
    if (Number.isFinite(endsAt)) current.cancels.push(clock.at(endsAt, ended));
    if (behaviour.takes > taskTimeout) {
      current.cancels.push(clock.at(clock.now() + taskTimeout, () => this.die(run, 'ERR_TASK_TIMEOUT')));
    }
  }

  /** The present task ends by itself. True: the next one may begin. */
  private ends(run: Run, task: QueuedTask, { ends, delay = 0 }: Behaviour): boolean {
    run.current = null;
    if (this.exiting !== null && !this.parts.goesOn) return false;
    switch (ends) {
      case 'done':
        run.done += 1;
        this.parts.completed(task, run.term);
        return true;
      case 'refused':
        this.settle(run, { type: 'result', done: false });
        return false;
      case 'throws':
        this.settle(run, { type: 'error', error: toWire(new Error('the task threw')) });
        return false;
      case 'postpones':
        this.parts.postponed(task, run.term, delay);
        this.settle(run, { type: 'postponed', delay });
        return false;
      case 'exit':
        this.die(run, 'ERR_TASK_THREAD_EXITED');
        return false;
      case 'kill':
        this.parts.killed();
        return false;
    }
  }

  /** The thread ends before its time; the next run makes a new one. */
  private die(run: Run, code: 'ERR_CANCELLED' | 'ERR_TASK_TIMEOUT' | 'ERR_TASK_THREAD_EXITED'): void {
    if (this.present !== run || this.exiting !== null) return;
    this.isLoaded = false;
    this.leave(run, () => {
      this.settle(run, { type: 'error', error: toWire(new WorkError(code, 'the thread has ended')) });
    });
  }

  /** The thread is terminated: what runs stops with its exit. */
  private leave(run: Run | null, then: () => void): void {
    const { clock, random } = this.parts;
    const current = run?.current ?? null;
    for (const cancel of current?.cancels ?? []) cancel();
    const soon = clock.now() + random() * EXIT;
    const native = current?.behaviour.native ? current.endsAt : 0;
    clock.at(Math.max(soon, native), () => {
      if (run !== null) run.current = null;
      then();
    });
  }

  finishCurrent(): void {
    this.finishing = true;
  }

  abort(): void {
    this.end(this.present);
  }

  cancelCurrent(_id: TaskId, timeout: number): void {
    const run = this.present;
    this.cancelled = true;
    this.end(run);
    const current = run?.current;
    if (run === null || current == null || this.parts.goesOn) return;
    const { clock } = this.parts;
    current.cancels.push(clock.at(clock.now() + timeout, () => this.die(run, 'ERR_CANCELLED')));
  }

  private end(run: Run | null): void {
    const { clock, lease, goesOn } = this.parts;
    lease.aborted = true;
    if (run === null || goesOn) return;
    run.aborted = true;
    const { current } = run;
    const lingers = current?.behaviour.lingers ?? null;
    if (current === null || lingers === null) return;
    const stop = (): void => {
      if (run.current !== current) return;
      for (const cancel of current.cancels) cancel();
      this.settle(run, { type: 'result', done: false });
    };
    current.cancels.push(clock.at(clock.now() + lingers, stop));
  }

  terminate(): Promise<void> {
    this.started = false;
    this.isLoaded = false;
    this.stopLoading();
    if (this.exiting !== null) return this.exiting;
    const run = this.present;
    this.exiting = new Promise((resolve) => {
      this.exited = resolve;
    });
    if (this.parts.goesOn) {
      this.exited?.();
      return this.exiting;
    }
    const told = toWire(new WorkError('ERR_TASK_THREAD_EXITED', 'the thread was ended'));
    const failure: ChunkOutcome['failure'] = run?.current == null ? notRun : { type: 'error', error: told };
    // Which of the two the dispatcher hears of first is not certain.
    const runFirst = this.parts.random() < 0.5;
    this.leave(run, () => {
      const settle = (): void => {
        if (run !== null) this.settle(run, failure);
      };
      if (runFirst) settle();
      this.exited?.();
      if (!runFirst) settle();
    });
    return this.exiting;
  }
}
