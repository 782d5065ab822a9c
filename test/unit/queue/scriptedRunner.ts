/** A runner whose runs and ends come when the test says so, and which holds its user to the contract of `Runner`. */
import assert from 'node:assert/strict';
import type { ChunkOutcome, QueuedTask, Runner, WorkOutcome } from '../../../src/queue/runner.ts';
import type { TaskId } from '../../../src/task.ts';

export const done: WorkOutcome = { type: 'result', done: true };
export const refused: WorkOutcome = { type: 'result', done: false };
export const notRun: WorkOutcome = { type: 'not-run' };
export const thrown: WorkOutcome = {
  type: 'error',
  error: { name: 'RangeError', message: 'too much', code: 'E_MUCH', stack: undefined, ours: undefined },
};

export class ScriptedRunner implements Runner {
  /** Everything that was asked of it, in order: `start 1`, `run a #1`, `abort: why`, `end`. */
  readonly log: string[] = [];
  state: 'absent' | 'ready' | 'ending' = 'absent';
  /** Whether `end` resolves by itself as soon as nothing runs; else `finishEnd` does it. */
  endsAtOnce = true;
  /** Answers runs by itself. */
  answer: ((task: QueuedTask, attempt: number) => WorkOutcome | Promise<WorkOutcome>) | undefined;
  onRun: ((task: QueuedTask, attempt: number) => void) | undefined;
  /** How many tasks it takes at once. */
  mostTasks = 1;
  doneSoFar = 0;
  /** What every run says that it took, in ms; 0: it was not measured. */
  took = 0;
  private current: { tasks: readonly QueuedTask[]; resolve: (outcome: ChunkOutcome) => void } | undefined;
  private ends: (() => void)[] = [];

  get running(): TaskId | undefined {
    return this.current?.tasks[0]?.id;
  }

  start(term: number): void {
    assert.equal(this.state, 'absent', 'start only when there is nothing');
    this.state = 'ready';
    this.log.push(`start ${term}`);
  }

  async run(tasks: readonly QueuedTask[]): Promise<ChunkOutcome> {
    assert.equal(this.state, 'ready', 'run only after start and before end');
    assert.equal(this.current, undefined, 'one run at a time');
    const [task] = tasks;
    assert.ok(task !== undefined, 'a run has a task');
    assert.ok(tasks.length <= this.mostTasks, 'no more than it takes');
    const attempt = task.failed + 1;
    this.onRun?.(task, attempt);
    if (this.answer !== undefined) return outcomeOf(await this.answer(task, attempt), tasks.length);
    this.log.push(`run ${tasks.map(({ id }) => id).join(' ')} #${attempt}`);
    return new Promise((resolve) => {
      this.current = { tasks, resolve };
    });
  }

  finish(): void {
    this.log.push('finish');
  }

  abort(reason: string): void {
    this.log.push(`abort: ${reason}`);
  }

  end(): Promise<void> {
    assert.equal(this.state, 'ready', 'end once per start');
    this.state = 'ending';
    this.log.push('end');
    return new Promise((resolve) => {
      this.ends.push(resolve);
      if (this.endsAtOnce) this.finishEnd(notRun);
    });
  }

  /** The run that goes on ends so: the tasks before `failing` are done, or all if it is done. */
  settle(outcome: WorkOutcome, failing = 0): void {
    assert.ok(this.current, 'nothing runs');
    const { resolve, tasks } = this.current;
    this.current = undefined;
    resolve({ ...outcomeOf(outcome, tasks.length, failing), took: this.took });
  }

  /** The run that goes on ends for lack of time, with so many of its tasks done. */
  settleSome(count: number): void {
    assert.ok(this.current, 'nothing runs');
    const { resolve } = this.current;
    this.current = undefined;
    resolve({ done: count, failure: null, took: this.took });
  }

  /** What `end` asked for has happened; a run that still went on gets `outcome`. */
  finishEnd(outcome: WorkOutcome): void {
    assert.equal(this.state, 'ending', 'no end was asked for');
    this.state = 'absent';
    if (this.current !== undefined) this.settle(outcome);
    for (const resolve of this.ends.splice(0)) resolve();
  }

  /** As `finishEnd`, but the last run has not been told yet. */
  finishEndFirst(): void {
    assert.equal(this.state, 'ending', 'no end was asked for');
    this.state = 'absent';
    for (const resolve of this.ends.splice(0)) resolve();
  }

  /** The log since this was last asked. */
  news(): string[] {
    return this.log.splice(0);
  }
}

function outcomeOf(outcome: WorkOutcome, count: number, failing = 0): ChunkOutcome {
  if (outcome.type !== 'result') return { done: failing, failure: outcome, took: 0 };
  if (outcome.done) return { done: count, failure: null, took: 0 };
  return { done: failing, failure: { type: 'result', done: false }, took: 0 };
}
