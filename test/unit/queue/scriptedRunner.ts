/** A runner whose runs and ends come when the test says so, and which holds its user to the contract of `Runner`. */
import assert from 'node:assert/strict';
import type { ChunkOutcome, LoadOutcome, QueuedTask, Runner } from '../../../src/queue/runner.ts';
import type { TaskId } from '../../../src/task/task.ts';

/** How a run of so many tasks ends. */
export type Ending = (given: number) => ChunkOutcome;

const error = { name: 'RangeError', message: 'too much', code: 'E_MUCH', stack: undefined, ours: undefined };
const failures = {
  refused: { type: 'result', done: false },
  thrown: { type: 'error', error },
  notRun: { type: 'not-run' },
  late: null,
} as const;

/** The first tasks are done, and then that; `late`: for the others there was no time. */
export function upTo(done: number, failure: keyof typeof failures, took = 0): Ending {
  return (given) => {
    assert.ok(done <= given, 'no more is done than was given');
    return { done, failure: failures[failure], took };
  };
}
/** All tasks are done, and take so long each. */
export function doneIn(each: number): Ending {
  return (given) => ({ done: given, failure: null, took: given * each });
}
/** The first task fails for good. */
export const forGood: Ending = () => ({
  done: 0,
  failure: { type: 'error', error: { ...error, permanent: true } },
  took: 0,
});
/** The first task asks for another attempt after so many ms. */
export function postponed(delay: number): Ending {
  return () => ({ done: 0, failure: { type: 'postponed', delay }, took: 0 });
}
export const done = doneIn(0);
export const refused = upTo(0, 'refused');
export const thrown = upTo(0, 'thrown');
export const notRun = upTo(0, 'notRun');

export class ScriptedRunner implements Runner {
  /** Everything that was asked of it, in order: `start 1`, `run a #1`, `run a,b #1`, `finish`, `abort: why`, `end`. */
  readonly log: string[] = [];
  mostTasks = 256;
  /** How long the work may take to close what it has opened, as last told. */
  stopUntil = Number.NaN;
  doneSoFar = 0;
  /** Whether `load` is asked for after each start, and ended by `settleLoad`; else the work is there at once. */
  lazy = false;
  /** Whether what loads only waits for its turn. */
  waits = false;
  /** Whether the work is there; a test may take it away while nothing runs. */
  loaded = true;
  state: 'absent' | 'ready' | 'ending' = 'absent';
  /** What the last load was told to ask. */
  awaitsStore = (): boolean => false;
  /** Whether `terminate` resolves by itself as soon as nothing runs; else `finishEnd` does it. */
  endsAtOnce = true;
  /** Answers runs by itself. */
  answer: ((tasks: readonly QueuedTask[]) => ChunkOutcome) | undefined;
  onRun: ((tasks: readonly QueuedTask[]) => void) | undefined;
  private current: { tasks: readonly QueuedTask[]; resolve: (outcome: ChunkOutcome) => void } | undefined;
  private ends: (() => void)[] = [];
  private waiter: ((outcome: LoadOutcome) => void) | undefined;

  /** The first task of the run that goes on. */
  get running(): TaskId | undefined {
    return this.current?.tasks[0]?.id;
  }

  /** How many tasks the run that goes on has. */
  get given(): number {
    return this.current?.tasks.length ?? 0;
  }

  start(term: number): void {
    assert.equal(this.state, 'absent', 'start only when there is nothing');
    this.state = 'ready';
    this.loaded = !this.lazy;
    this.log.push(`start ${term}`);
  }

  load(awaitsStore: () => boolean): Promise<LoadOutcome> {
    this.awaitsStore = awaitsStore;
    assert.equal(this.state, 'ready', 'load only after start and before end');
    assert.ok(!this.loaded && this.waiter === undefined, 'loaded, or loading, already');
    this.log.push('load');
    return new Promise((resolve) => {
      this.waiter = resolve;
    });
  }

  get loading(): boolean {
    return this.waiter !== undefined;
  }

  stopWaiting(): boolean {
    assert.ok(this.loading, 'asked only while it loads');
    if (!this.waits) return false;
    this.log.push('stop waiting');
    this.settleLoad('ended');
    return true;
  }

  /** The load that goes on ends so. */
  settleLoad(outcome: 'loaded' | 'failed' | 'ended'): void {
    const { waiter: resolve } = this;
    assert.ok(resolve, 'nothing loads');
    this.waiter = undefined;
    this.loaded = outcome === 'loaded';
    resolve(outcome === 'failed' ? { type: 'failed', error, exited: true } : { type: outcome });
  }

  run(tasks: readonly QueuedTask[]): Promise<ChunkOutcome> {
    assert.equal(this.state, 'ready', 'run only after start and before end');
    assert.ok(this.loaded, 'run only what is loaded');
    assert.equal(this.current, undefined, 'one run at a time');
    assert.ok(tasks.length > 0 && tasks.length <= this.mostTasks, 'as many tasks as it takes');
    this.doneSoFar = 0;
    this.onRun?.(tasks);
    if (this.answer !== undefined) return Promise.resolve(this.answer(tasks));
    this.log.push(`run ${tasks.map(({ id }) => id).join()} #${(tasks[0]?.failed ?? 0) + 1}`);
    return new Promise((resolve) => {
      this.current = { tasks, resolve };
    });
  }

  finishCurrent(): void {
    assert.ok(this.current, 'asked only while something runs');
    this.log.push('finish');
  }

  cancelCurrent(id: TaskId, timeout: number): void {
    assert.ok(
      this.current?.tasks.some((task) => task.id === id),
      'asked only while it runs',
    );
    this.log.push(`cancel ${id} ${timeout}`);
  }

  abort(reason: string): void {
    this.log.push(`abort: ${reason}`);
  }

  hurry(stopUntil: number): void {
    this.stopUntil = Math.min(this.stopUntil, stopUntil);
  }

  terminate(stopUntil: number): Promise<void> {
    this.stopUntil = stopUntil;
    assert.equal(this.state, 'ready', 'end once per start');
    this.state = 'ending';
    if (this.loading) this.settleLoad('ended');
    this.loaded = !this.lazy;
    this.log.push('end');
    return new Promise((resolve) => {
      this.ends.push(resolve);
      if (this.endsAtOnce) this.finishEnd(notRun);
    });
  }

  /** The run that goes on ends so. */
  settle(ending: Ending): void {
    assert.ok(this.current, 'nothing runs');
    const { tasks, resolve } = this.current;
    this.current = undefined;
    resolve(ending(tasks.length));
  }

  /** What `terminate` asked for has happened; a run that still went on ends so. */
  finishEnd(ending: Ending): void {
    assert.equal(this.state, 'ending', 'no end was asked for');
    this.state = 'absent';
    if (this.current !== undefined) this.settle(ending);
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
