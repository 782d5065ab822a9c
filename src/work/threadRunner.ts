/** Runs work that is a module: in a task thread that exists only while this member is master. */
import { BroadcastChannel } from 'node:worker_threads';
import type { LeaseView } from '../election/leaseView.js';
import type { QueuedTask, Runner, WorkOutcome } from '../queue/runner.js';
import { TaskPool, type TaskPoolParts } from './taskPool.js';

/** Up to this many bytes a copy crosses faster than the name of a shared block does. */
const COPIED = 16 * 1024;

export interface ThreadRunnerParts {
  readonly pool: TaskPoolParts;
  readonly lease: LeaseView;
}

export class ThreadRunner implements Runner {
  private term = 0;
  private pool: TaskPool | undefined;
  /** The end of the pool before. */
  private ending = Promise.resolve();
  private abortChannel: BroadcastChannel | undefined;

  constructor(private readonly parts: ThreadRunnerParts) {}

  start(term: number): void {
    this.term = term;
    this.parts.lease.aborted = false;
    this.abortChannel = new BroadcastChannel(this.parts.pool.data.abortChannel);
    this.abortChannel.unref();
    // At once, not with the first task: the module is loaded by the time that one comes.
    this.pool = new TaskPool(this.parts.pool);
  }

  async run(task: QueuedTask, attempt: number): Promise<WorkOutcome> {
    if (this.pool === undefined) return { type: 'not-run' };
    if (!this.pool.usable) {
      const before = this.pool;
      await before.end();
      // `end()` may have been called in between.
      if (this.pool !== before) return { type: 'not-run' };
      this.pool = new TaskPool(this.parts.pool);
    }
    const pool = this.pool;
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
