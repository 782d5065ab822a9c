/**
 * Feeds tasks to the coordinator thread, one bounded batch after the answer to the one before. All at once would hold
 * that thread up: it takes every message that waits before it looks at its timers, and beats are timers.
 */
import type { SubmitResult, TaskBatch } from '../coordinator/messages.js';
import { FailoverError } from '../errors.js';
import type { TaskId } from '../task.js';

/** Most tasks and bytes of one batch: about 1 ms of the coordinator's time. */
const BATCH_TASKS = 1000;
const BATCH_BYTES = 1024 * 1024;

export interface EncodedTask {
  readonly id: TaskId;
  readonly bytes: Uint8Array;
}

interface Waiting {
  readonly task: EncodedTask;
  settle(result: SubmitResult): void;
  fail(error: unknown): void;
}

export class Feeder {
  private waiting: Waiting[] = [];
  /** Where in `waiting` those begin that were not sent: taking them off its front would cost its length. */
  private next = 0;
  private feeding: Promise<void> | undefined;

  /** `stored`: the answer says what the store has, so that a batch whose coordinator died has failed. */
  constructor(
    private readonly send: (batch: TaskBatch) => Promise<SubmitResult[]>,
    private readonly stored = false,
  ) {}

  /** All that is submitted in one turn crosses together. Rejects when the coordinator refused the batch. */
  submit(task: EncodedTask): Promise<SubmitResult> {
    return new Promise((settle, fail) => {
      this.waiting.push({ task, settle, fail });
      void this.feed();
    });
  }

  /** A new coordinator knows nothing: these come first, in this order. Resolves when it has them. */
  refeed(tasks: Iterable<EncodedTask>): Promise<void> {
    if (this.stored) return this.feed();
    const known = new Map(this.waiting.slice(this.next).map((waiting) => [waiting.task.id, waiting]));
    this.waiting = Array.from(tasks, (task) => known.get(task.id) ?? { task, settle: () => {}, fail: () => {} });
    this.next = 0;
    return this.feed();
  }

  private feed(): Promise<void> {
    this.feeding ??= this.feedAll().finally(() => {
      this.feeding = undefined;
    });
    return this.feeding;
  }

  private async feedAll(): Promise<void> {
    await null;
    for (let batch = this.take(); batch.length > 0; batch = this.take()) {
      try {
        const results = await this.send(pack(batch.map(({ task }) => task)));
        for (const [index, { settle }] of batch.entries()) settle(results[index] ?? 'queued');
      } catch (error) {
        // Not lost with the thread: the next one is fed again.
        const lost = !this.stored && error instanceof FailoverError && error.code === 'ERR_COORDINATOR_LOST';
        for (const { settle, fail } of batch) {
          if (lost) settle('queued');
          else fail(error);
        }
      }
    }
  }

  private take(): Waiting[] {
    const from = this.next;
    let bytes = 0;
    for (let task = this.waiting[this.next]?.task; task !== undefined; task = this.waiting[this.next]?.task) {
      bytes += task.bytes.length;
      const taken = this.next - from;
      if (taken === BATCH_TASKS || (taken > 0 && bytes > BATCH_BYTES)) break;
      this.next += 1;
    }
    const batch = this.waiting.slice(from, this.next);
    if (this.next === this.waiting.length) {
      this.waiting = [];
      this.next = 0;
    }
    return batch;
  }
}

/** The tasks end to end in one block of shared memory. */
function pack(tasks: readonly EncodedTask[]): TaskBatch {
  const block = new SharedArrayBuffer(tasks.reduce((total, { bytes }) => total + bytes.length, 0));
  const view = new Uint8Array(block);
  let offset = 0;
  for (const { bytes } of tasks) {
    view.set(bytes, offset);
    offset += bytes.length;
  }
  return { block, ids: tasks.map(({ id }) => id), lengths: tasks.map(({ bytes }) => bytes.length) };
}
