/**
 * Feeds tasks to the coordinator thread in bounded batches, of which few are under way at once. All at once would hold
 * that thread up: it takes every message that waits before it looks at its timers, and beats are timers. More than one,
 * because else one thread waits while the other works.
 */

import { FailoverError } from '../errors.js';
import type { TaskId } from '../task/task.js';
import type { SubmitResult, TaskBatch } from '../wire/messages.js';
import type { TaskBlock, TaskSlot } from './taskBlocks.js';

/** Most tasks and bytes of what is under way: about 1 ms of the coordinator's time. */
const FLIGHT_TASKS_MAX = 1024;
const FLIGHT_BYTES_MAX = 1024 * 1024;

export interface EncodedTask {
  readonly id: TaskId;
  readonly slot: TaskSlot;
  /** How long its id stays taken, in ms. */
  readonly uniqueFor?: number | undefined;
  /** Where it is among the tasks of its call; missing if it is alone. */
  readonly index?: number;
}

/** Hears what became of tasks: of one, or of many that were submitted in one call. */
export interface Receiver {
  /** Whether those of its tasks that were not sent yet shall stay here: each is told `unsent`. */
  readonly over: boolean;
  settle(result: SubmitResult | 'unsent', task: EncodedTask): void;
  fail(error: unknown, task: EncodedTask): void;
}

interface Waiting {
  readonly task: EncodedTask;
  readonly receiver: Receiver;
}

const silent: Receiver = { over: false, settle: () => {}, fail: () => {} };

export class Feeder {
  private waiting: Waiting[] = [];
  /** Where in `waiting` those begin that were not sent: taking them off its front would cost its length. */
  private next = 0;
  private underWay = 0;
  private scheduled = false;
  private readonly mostBatches: number;
  private readonly mostTasks: number;
  private readonly mostBytes: number;

  /**
   * `stored`: the answer says what the store has, so a batch whose coordinator died has failed; and it takes one
   * batch at a time, for two at once would be stored in either order.
   */
  constructor(
    private readonly send: (batch: TaskBatch) => Promise<SubmitResult[]>,
    private readonly stored = false,
  ) {
    this.mostBatches = stored ? 1 : 4;
    this.mostTasks = FLIGHT_TASKS_MAX / this.mostBatches;
    this.mostBytes = FLIGHT_BYTES_MAX / this.mostBatches;
  }

  /** All that is submitted in one turn crosses together. Fails when the coordinator refused the batch. */
  submit(task: EncodedTask, receiver: Receiver): void {
    this.waiting.push({ task, receiver });
    this.schedule();
  }

  /**
   * A new coordinator knows nothing: these come first, in this order. Resolves when it has them, even if more is submitted
   * before that. Tasks that are in the store are not fed again.
   */
  refeed(tasks: Iterable<EncodedTask>): Promise<void> {
    this.schedule();
    if (this.stored) return Promise.resolve();
    const known = new Map(this.waiting.slice(this.next).map((waiting) => [waiting.task.id, waiting]));
    this.waiting = Array.from(tasks, (task) => known.get(task.id) ?? { task, receiver: silent });
    this.next = 0;
    const last = this.waiting.pop();
    if (last === undefined) return Promise.resolve();
    const { task, receiver } = last;
    return new Promise((resolve) => {
      const observed: Receiver = {
        get over() {
          return receiver.over;
        },
        settle: (result) => {
          receiver.settle(result, task);
          resolve();
        },
        fail: (error) => {
          receiver.fail(error, task);
          resolve();
        },
      };
      this.waiting.push({ task, receiver: observed });
    });
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // No `queueMicrotask`, which fake timers of a test runner hold up.
    void Promise.resolve().then(() => {
      this.scheduled = false;
      this.feed();
    });
  }

  private feed(): void {
    while (this.underWay < this.mostBatches) {
      this.leaveOut();
      const block = this.waiting[this.next]?.task.slot.block;
      if (block === undefined) break;
      this.underWay += 1;
      void this.feedBatch(block, this.take(block));
    }
  }

  private async feedBatch(block: TaskBlock, batch: readonly Waiting[]): Promise<void> {
    try {
      const results = await this.send(pack(block, batch));
      for (let index = 0; index < batch.length; index += 1) settle(batch[index], results[index] ?? 'queued');
    } catch (error) {
      // Not lost with the thread: the next one is fed again.
      const lost = !this.stored && error instanceof FailoverError && error.code === 'ERR_COORDINATOR_LOST';
      for (const { receiver, task } of batch) {
        if (lost) receiver.settle('queued', task);
        else receiver.fail(error, task);
      }
    }
    this.underWay -= 1;
    this.schedule();
  }

  /** Takes those at the front that are not to be sent any more. */
  private leaveOut(): void {
    for (let first = this.waiting[this.next]; first?.receiver.over; first = this.waiting[this.next]) {
      this.next += 1;
      settle(first, 'unsent');
    }
    this.shorten();
  }

  /** Takes the next tasks that are in this block: at least one is. */
  private take(block: TaskBlock): Waiting[] {
    const from = this.next;
    let bytes = 0;
    for (let slot = this.waiting[from]?.task.slot; slot?.block === block; slot = this.waiting[this.next]?.task.slot) {
      bytes += slot.length;
      const taken = this.next - from;
      if (taken === this.mostTasks || (taken > 0 && bytes > this.mostBytes)) break;
      this.next += 1;
    }
    const batch = this.waiting.slice(from, this.next);
    this.shorten();
    return batch;
  }

  /** Lets go of those that have left, when they are all or half: if some caller always waits, the line never empties. */
  private shorten(): void {
    if (2 * this.next < this.waiting.length) return;
    this.waiting = this.waiting.slice(this.next);
    this.next = 0;
  }
}

function settle(waiting: Waiting | undefined, result: SubmitResult | 'unsent'): void {
  waiting?.receiver.settle(result, waiting.task);
}

/** All of them are in the block. */
function pack({ bytes: block }: TaskBlock, batch: readonly Waiting[]): TaskBatch {
  const [ids, offsets, lengths]: [TaskId[], number[], number[]] = [[], [], []];
  for (const { task } of batch) {
    ids.push(task.id);
    offsets.push(task.slot.offset);
    lengths.push(task.slot.length);
  }
  const isAny = batch.some(({ task }) => task.uniqueFor !== undefined);
  const extra = isAny ? { uniqueFor: batch.map(({ task }) => task.uniqueFor) } : {};
  return { block, ids, offsets, lengths, ...extra };
}
