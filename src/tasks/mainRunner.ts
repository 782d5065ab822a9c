/**
 * Runs work that is a function: on the main thread, which is asked to by an event and answers by a call. Nothing can
 * end it there, so `end()` waits for it.
 */
import type { LeaseView } from '../election/leaseView.js';
import type { QueuedTask, Runner, WorkOutcome } from '../queue/runner.js';

/** What the main thread is asked to run. */
export interface MainRun extends QueuedTask {
  readonly run: number;
  readonly term: number;
  readonly attempt: number;
}

export interface MainRunnerParts {
  readonly lease: LeaseView;
  /** Asks the main thread to run; it answers through `settled`. */
  ask(run: MainRun): void;
  /** Tells the main thread that the running work should end. */
  abort(reason: string): void;
}

export class MainRunner implements Runner {
  private term = 0;
  private started = false;
  private runs = 0;
  private running: { readonly run: number; readonly settle: (outcome: WorkOutcome) => void } | undefined;
  private idle = Promise.resolve();

  constructor(private readonly parts: MainRunnerParts) {}

  start(term: number): void {
    this.term = term;
    this.started = true;
    this.parts.lease.aborted = false;
  }

  async run(task: QueuedTask, attempt: number): Promise<WorkOutcome> {
    if (!this.started) return { type: 'not-run' };
    const run = ++this.runs;
    const outcome = new Promise<WorkOutcome>((settle) => {
      this.running = { run, settle };
    });
    this.idle = outcome.then(() => {});
    this.parts.ask({ run, id: task.id, bytes: task.bytes, term: this.term, attempt });
    return outcome;
  }

  /** The main thread's answer; one to a run that is not under way is ignored. */
  settled(run: number, outcome: WorkOutcome): void {
    if (this.running?.run !== run) return;
    const { settle } = this.running;
    this.running = undefined;
    settle(outcome);
  }

  abort(reason: string): void {
    this.parts.lease.aborted = true;
    if (this.running !== undefined) this.parts.abort(reason);
  }

  end(): Promise<void> {
    this.started = false;
    return this.idle;
  }
}
