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
import { type PoolAnswer, TaskPool, type TaskPoolParts } from './taskPool.js';

/** Least time that a module is given to load where tasks have a limit, in ms: a busy machine is slow at it. */
const LOADING = 60_000;

const notRun: ChunkOutcome = { done: 0, failure: { type: 'not-run' }, took: 0 };

export interface ThreadRunnerParts {
  readonly pool: Omit<TaskPoolParts, 'idleExit'>;
  /** What the data of the pool has too. One for all threads: the one before has exited before the next one starts. */
  readonly progress: ChunkProgress;
  readonly lease: LeaseView;
  readonly clock: Clock;
  /** How long one task may take, in ms; may be `Infinity`. */
  readonly taskTimeout: number;
  /** Something is wrong with the module or its thread while no task is there whose failure would tell. */
  trouble(error: Error): void;
}

export class ThreadRunner implements Runner {
  readonly mostTasks = 1024;
  private term = 0;
  private started = false;
  private pool: TaskPool | undefined;
  /** Why there is no pool though there should be one. */
  private failure: WorkError | undefined;
  /** The end of the pool before. */
  private ending = Promise.resolve();
  private abortChannel: BroadcastChannel | undefined;
  /** Looks whether what the thread does takes too long. */
  private readonly watch: Alarm;
  /** When the run that waits for the module began to; undefined once tasks run. */
  private loadingSince: number | undefined;
  /** Why the thread was ended. */
  private overdue: WorkError | undefined;

  constructor(private readonly parts: ThreadRunnerParts) {
    this.watch = new Alarm(parts.clock, () => this.look());
  }

  get doneSoFar(): number {
    return this.parts.progress.done;
  }

  start(term: number): void {
    this.term = term;
    this.started = true;
    this.parts.progress.finishing = false;
    this.parts.lease.aborted = false;
    this.abortChannel = new BroadcastChannel(this.parts.pool.data.abortChannel);
    this.abortChannel.unref();
    // At once, not with the first task: the module is loaded by the time that one comes.
    this.open();
    void this.tellWhetherItLoads();
  }

  private open(): void {
    const { pool, trouble } = this.parts;
    this.pool = undefined;
    this.failure = undefined;
    try {
      this.pool = new TaskPool({ ...pool, idleExit: (error) => trouble(error) });
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
    this.parts.progress.done = 0;
    this.overdue = undefined;
    if (!this.started) return notRun;
    if (this.pool === undefined || !this.pool.usable) {
      const before = this.pool;
      await before?.end();
      // `end()` may have been called in between.
      if (!this.started || this.pool !== before) return notRun;
      this.open();
    }
    const { pool } = this;
    if (pool === undefined) return { done: 0, failure: failureOf(this.failure), took: 0 };
    const { failure } = await this.load(pool);
    if (failure === null) return this.runIn(pool, tasks);
    // A module that failed to load stays failed in its thread; the next try may find it mended, in a new one.
    await pool.end();
    if (this.pool !== pool) return notRun;
    return { done: 0, failure: this.overdue === undefined ? failure : failureOf(this.overdue), took: 0 };
  }

  private async load(pool: TaskPool): Promise<PoolAnswer> {
    const { clock, taskTimeout } = this.parts;
    if (!Number.isFinite(taskTimeout)) return pool.loaded;
    this.loadingSince = clock.now();
    this.watch.by(this.loadingSince + Math.max(taskTimeout, LOADING));
    const loaded = await pool.loaded;
    this.loadingSince = undefined;
    this.watch.clear();
    return loaded;
  }

  private async runIn(pool: TaskPool, tasks: readonly QueuedTask[]): Promise<ChunkOutcome> {
    const { clock, taskTimeout, trouble } = this.parts;
    const packed = packChunk(tasks);
    this.parts.progress.startedAt = clock.now();
    if (Number.isFinite(taskTimeout)) this.watch.by(clock.now() + taskTimeout);
    const { failure, took, exited } = await pool.run(this.term, packed);
    this.watch.clear();
    // A thread that died while it ran has to be gone before anybody may say that nothing runs.
    if (!pool.usable || exited) await pool.end();
    const { done } = this.parts.progress;
    if (!exited || failure?.type !== 'error') return { done, failure, took };
    if (done < packed.chunk.ids.length) {
      return { done, failure: this.overdue === undefined ? failure : failureOf(this.overdue), took };
    }
    // Something that a task left behind; all of them were done before it, so none of them tells of it.
    if (this.started) trouble(fromWire(failure.error));
    return { done, failure: null, took };
  }

  /** Whether the thread has shown no progress for too long. It may be in a loop, so it is not asked. */
  private look(): void {
    const { clock, taskTimeout } = this.parts;
    const loading = this.loadingSince !== undefined;
    const due = this.loadingSince ?? this.parts.progress.startedAt;
    const limit = loading ? Math.max(taskTimeout, LOADING) : taskTimeout;
    if (clock.now() < due + limit) return this.watch.by(due + limit);
    const what = loading ? 'the work module did not load' : 'the task did not end';
    const text = `${what} within ${limit} ms (taskTimeout), so its thread was ended`;
    this.overdue = new WorkError('ERR_TASK_TIMEOUT', text);
    void this.pool?.end();
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
