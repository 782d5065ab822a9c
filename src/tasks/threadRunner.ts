/** Runs work that is a module: in a task thread that exists only while this member is master. */
import { BroadcastChannel } from 'node:worker_threads';
import type { Clock } from '../clock.js';
import type { LeaseView } from '../election/leaseView.js';
import { fromWire, toWire, WorkError } from '../errors.js';
import { Alarm } from '../queue/alarm.js';
import type { ChunkOutcome, QueuedTask, Runner } from '../queue/runner.js';
import { failureOf } from './callWork.js';
import { packChunk } from './chunk.js';
import type { ChunkProgress } from './chunkProgress.js';
import { TaskPool, type TaskPoolParts } from './taskPool.js';

const NOT_RUN: ChunkOutcome = { done: 0, failure: { type: 'not-run' }, took: 0 };

export interface ThreadRunnerParts {
  readonly pool: Omit<TaskPoolParts, 'idleExit'>;
  readonly lease: LeaseView;
  readonly progress: ChunkProgress;
  readonly clock: Clock;
  /** How long one task may take, in ms; `Infinity`: without end. */
  readonly taskTimeout: number;
  /** Something is wrong with the module or its thread while no task is there whose failure would tell. */
  trouble(error: Error): void;
}

export class ThreadRunner implements Runner {
  readonly mostTasks = 256;
  private term = 0;
  private started = false;
  private pool: TaskPool | undefined;
  /** Why there is no pool though there should be one. */
  private failure: WorkError | undefined;
  /** The end of the pool before. */
  private ending = Promise.resolve();
  private abortChannel: BroadcastChannel | undefined;
  /** Looks whether the running task has taken too long. */
  private readonly watch: Alarm;
  private timedOut = false;

  constructor(private readonly parts: ThreadRunnerParts) {
    this.watch = new Alarm(parts.clock, () => this.lookAtTime());
  }

  start(term: number): void {
    this.term = term;
    this.started = true;
    this.parts.lease.aborted = false;
    this.abortChannel = new BroadcastChannel(this.parts.pool.data.abortChannel);
    this.abortChannel.unref();
    // At once, not with the first task: the module is loaded by the time that one comes.
    this.open();
    void this.tellWhetherItLoads();
  }

  private open(): void {
    this.pool = undefined;
    this.failure = undefined;
    try {
      const idleExit = (error: WorkError): void => this.parts.trouble(error);
      this.pool = new TaskPool({ ...this.parts.pool, idleExit });
    } catch (cause) {
      // No thread to be had, or limits that none can start with.
      const text = `the task thread does not start: ${toWire(cause).message}`;
      this.failure = new WorkError('ERR_TASK_THREAD_EXITED', text, { cause });
    }
  }

  /** Before a task comes nobody would hear of it. */
  private async tellWhetherItLoads(): Promise<void> {
    if (this.failure !== undefined) return this.parts.trouble(this.failure);
    const { pool } = this;
    const loaded = await pool?.loaded;
    if (loaded?.failure?.type === 'error' && this.pool === pool) this.parts.trouble(fromWire(loaded.failure.error));
  }

  async run(tasks: readonly QueuedTask[]): Promise<ChunkOutcome> {
    if (!this.started) return NOT_RUN;
    if (this.pool === undefined || !this.pool.usable) {
      const before = this.pool;
      await before?.end();
      // `end()` may have been called in between.
      if (!this.started || this.pool !== before) return NOT_RUN;
      this.open();
    }
    const { pool } = this;
    if (pool === undefined) return { ...NOT_RUN, failure: failureOf(this.failure) };
    const loaded = await pool.loaded;
    if (loaded.failure !== null) {
      // A module that failed to load stays failed in its thread; the next try may find it mended, in a new one.
      await pool.end();
      return this.pool === pool ? loaded : NOT_RUN;
    }
    return this.runIn(pool, tasks);
  }

  private async runIn(pool: TaskPool, tasks: readonly QueuedTask[]): Promise<ChunkOutcome> {
    const { progress, clock, taskTimeout } = this.parts;
    const { chunk, transfer } = packChunk(tasks);
    progress.reset();
    this.timedOut = false;
    if (Number.isFinite(taskTimeout)) this.watch.by(clock.now() + taskTimeout);
    const outcome = await pool.run(this.term, chunk, transfer, () => progress.done);
    this.watch.clear();
    // A thread that died while it ran has to be gone before anybody may say that nothing runs.
    if (!pool.usable || exited(outcome)) await pool.end();
    return this.timedOut && exited(outcome) ? { ...outcome, failure: this.overtime() } : outcome;
  }

  private lookAtTime(): void {
    const { progress, clock, taskTimeout } = this.parts;
    const { startedAt } = progress;
    const now = clock.now();
    const due = startedAt === 0 ? now + taskTimeout : startedAt + taskTimeout;
    if (due > now) return this.watch.by(due);
    this.timedOut = true;
    void this.pool?.end();
  }

  private overtime(): ReturnType<typeof failureOf> {
    const text = `the task took longer than ${this.parts.taskTimeout} ms (taskTimeout), and its thread was ended`;
    return failureOf(new WorkError('ERR_TASK_TIMEOUT', text));
  }

  get doneSoFar(): number {
    return this.parts.progress.done;
  }

  finish(): void {
    this.parts.progress.finishing = true;
  }

  abort(reason: string): void {
    this.parts.lease.aborted = true;
    this.abortChannel?.postMessage(reason);
  }

  end(): Promise<void> {
    this.started = false;
    if (this.pool !== undefined) this.ending = this.pool.end();
    this.pool = undefined;
    // One that stays open is never collected, also when its cluster has long stopped.
    this.abortChannel?.close();
    this.abortChannel = undefined;
    return this.ending;
  }
}

function exited({ failure }: ChunkOutcome): boolean {
  return failure?.type === 'error' && failure.error.ours?.code === 'ERR_TASK_THREAD_EXITED';
}
