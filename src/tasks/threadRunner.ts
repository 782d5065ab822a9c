/** Runs work that is a module: in a task thread that exists only while this member is master. */
import { BroadcastChannel } from 'node:worker_threads';
import type { LeaseView } from '../election/leaseView.js';
import { fromWire, toWire, WorkError } from '../errors.js';
import type { QueuedTask, Runner, WorkOutcome } from '../queue/runner.js';
import { TaskPool, type TaskPoolParts } from './taskPool.js';

/** Up to this many bytes a copy crosses faster than the name of a shared block does. */
const COPIED = 16 * 1024;

export interface ThreadRunnerParts {
  readonly pool: Omit<TaskPoolParts, 'idleExit'>;
  readonly lease: LeaseView;
  /** Something is wrong with the module or its thread while no task is there whose failure would tell. */
  trouble(error: Error): void;
}

export class ThreadRunner implements Runner {
  private term = 0;
  private started = false;
  private pool: TaskPool | undefined;
  /** Why there is no pool though there should be one. */
  private failure: WorkError | undefined;
  /** The end of the pool before. */
  private ending = Promise.resolve();
  private abortChannel: BroadcastChannel | undefined;

  constructor(private readonly parts: ThreadRunnerParts) {}

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
    if (loaded?.type === 'error' && this.pool === pool) this.parts.trouble(fromWire(loaded.error));
  }

  async run(task: QueuedTask, attempt: number): Promise<WorkOutcome> {
    if (!this.started) return { type: 'not-run' };
    if (this.pool === undefined || !this.pool.usable) {
      const before = this.pool;
      await before?.end();
      // `end()` may have been called in between.
      if (!this.started || this.pool !== before) return { type: 'not-run' };
      this.open();
    }
    const { pool } = this;
    if (pool === undefined) return { type: 'error', error: toWire(this.failure) };
    const loaded = await pool.loaded;
    if (loaded.type === 'error') {
      // A module that failed to load stays failed in its thread; the next try may find it mended, in a new one.
      await pool.end();
      return this.pool === pool ? loaded : { type: 'not-run' };
    }
    const outcome = await pool.call({ type: 'run', id: task.id, bytes: toSend(task.bytes), term: this.term, attempt });
    // A thread that died while it ran has to be gone before anybody may say that nothing runs.
    if (!pool.usable || (outcome.type === 'error' && outcome.error.code === 'ERR_TASK_THREAD_EXITED')) await pool.end();
    return outcome;
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

function toSend(bytes: Uint8Array): Uint8Array {
  return bytes.length <= COPIED ? bytes.slice() : bytes;
}
