/**
 * Runs work that is a function: on the main thread, which is asked to by an event and answers by a call. Nothing can
 * end it there, so `end()` waits for it.
 */
import type { Clock } from '../clock.js';
import type { LeaseView } from '../election/leaseView.js';
import { Alarm } from '../queue/alarm.js';
import type { ChunkOutcome, QueuedTask, Runner, WorkOutcome } from '../queue/runner.js';
import type { TaskId } from '../task.js';

/** What the main thread is asked to run. */
export interface MainRun {
  readonly run: number;
  readonly id: TaskId;
  readonly bytes: Uint8Array;
  readonly term: number;
  readonly attempt: number;
}

export interface MainRunnerParts {
  readonly lease: LeaseView;
  readonly clock: Clock;
  /** How long one task may take, in ms; `Infinity`: without end. */
  readonly taskTimeout: number;
  /** Asks the main thread to run; it answers through `settled`. */
  ask(run: MainRun): void;
  /** Tells the main thread that the running work should end. */
  abort(reason: string): void;
  /** A task has taken longer than `taskTimeout`, and nothing can end it. Once for each. */
  overdue(): void;
  /** One that was overdue has ended. */
  recovered(): void;
}

export class MainRunner implements Runner {
  /** Each crosses by itself: the cost of a call on the main thread is not what a chunk could save. */
  readonly mostTasks = 1;
  readonly doneSoFar = 0;
  private term = 0;
  private started = false;
  private runs = 0;
  private running: { readonly run: number; readonly settle: (outcome: WorkOutcome) => void } | undefined;
  private idle = Promise.resolve();
  private late = false;
  private readonly watch: Alarm;

  constructor(private readonly parts: MainRunnerParts) {
    this.watch = new Alarm(parts.clock, () => {
      this.late = true;
      parts.overdue();
    });
  }

  start(term: number): void {
    this.term = term;
    this.started = true;
    this.parts.lease.aborted = false;
  }

  async run([task]: readonly QueuedTask[]): Promise<ChunkOutcome> {
    if (!this.started || task === undefined) return { done: 0, failure: { type: 'not-run' }, took: 0 };
    const { clock, taskTimeout, ask, recovered } = this.parts;
    const run = ++this.runs;
    const answer = new Promise<WorkOutcome>((settle) => {
      this.running = { run, settle };
    });
    this.idle = answer.then(() => {});
    const startedAt = clock.now();
    if (Number.isFinite(taskTimeout)) this.watch.by(startedAt + taskTimeout);
    ask({ run, id: task.id, bytes: task.bytes, term: this.term, attempt: task.failed + 1 });
    const outcome = await answer;
    this.watch.clear();
    if (this.late) recovered();
    this.late = false;
    const took = clock.now() - startedAt;
    if (outcome.type !== 'result') return { done: 0, failure: outcome, took };
    return outcome.done
      ? { done: 1, failure: null, took }
      : { done: 0, failure: { type: 'result', done: false }, took };
  }

  /** Resolves when nothing that was asked for runs any more. */
  whenIdle(): Promise<void> {
    return this.idle;
  }

  /** The main thread's answer; one to a run that is not under way is ignored. */
  settled(run: number, outcome: WorkOutcome): void {
    if (this.running?.run !== run) return;
    const { settle } = this.running;
    this.running = undefined;
    settle(outcome);
  }

  /** A run is one task, which comes to its end anyway. */
  finish(): void {}

  abort(reason: string): void {
    this.parts.lease.aborted = true;
    if (this.running !== undefined) this.parts.abort(reason);
  }

  end(): Promise<void> {
    this.started = false;
    return this.idle;
  }
}
