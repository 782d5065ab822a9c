/** A runner whose runs and ends come when the test says so, and which holds its user to the contract of `Runner`. */
import assert from 'node:assert/strict';
import type { QueuedTask, Runner, WorkOutcome } from '../../../src/queue/runner.ts';
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
  private current: { id: TaskId; resolve: (outcome: WorkOutcome) => void } | undefined;
  private ends: (() => void)[] = [];

  get running(): TaskId | undefined {
    return this.current?.id;
  }

  start(term: number): void {
    assert.equal(this.state, 'absent', 'start only when there is nothing');
    this.state = 'ready';
    this.log.push(`start ${term}`);
  }

  run(task: QueuedTask, attempt: number): Promise<WorkOutcome> {
    assert.equal(this.state, 'ready', 'run only after start and before end');
    assert.equal(this.current, undefined, 'one run at a time');
    this.onRun?.(task, attempt);
    if (this.answer !== undefined) return Promise.resolve(this.answer(task, attempt));
    this.log.push(`run ${task.id} #${attempt}`);
    return new Promise((resolve) => {
      this.current = { id: task.id, resolve };
    });
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

  /** The run that goes on ends so. */
  finish(outcome: WorkOutcome): void {
    assert.ok(this.current, 'nothing runs');
    const { resolve } = this.current;
    this.current = undefined;
    resolve(outcome);
  }

  /** What `end` asked for has happened; a run that still went on gets `outcome`. */
  finishEnd(outcome: WorkOutcome): void {
    assert.equal(this.state, 'ending', 'no end was asked for');
    this.state = 'absent';
    if (this.current !== undefined) this.finish(outcome);
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
