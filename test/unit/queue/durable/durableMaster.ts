/** One member's durable queue over a store in memory, and what it tells. */

import { DurableQueue } from '../../../../src/queue/durable/durableQueue.ts';
import { ReadLimit } from '../../../../src/queue/readLimit.ts';
import type { QueuedTask } from '../../../../src/queue/runner.ts';
import type { TaskId } from '../../../../src/task/task.ts';
import { atOnce, type MemoryTasks, type TaskCall, type TaskFate } from '../../../support/memoryTaskStore.ts';
import type { VirtualClock } from '../../../support/virtualClock.ts';

export const POLL = 100;
export const NAME = 'billing';

export interface MasterOptions {
  readonly keepOutcomes?: number | null;
  readonly attempts?: number;
  readonly exhausted?: 'block' | 'dead-letter';
}

export class Master {
  readonly queue: DurableQueue;
  /** What the owner is told, in order: `acknowledged 1,2`, `buried 3: why`, `trouble: why`. */
  readonly told: string[] = [];
  wakes = 0;
  /** The fate of each call to come. */
  fate: (call: TaskCall) => TaskFate = () => atOnce;
  mayBegin: (origin: string) => boolean = () => true;
  onWake: (() => void) | undefined;
  onAcknowledged: ((ids: readonly TaskId[]) => void) | undefined;
  /** What its dispatcher says of a run under way. */
  onApart: (task: QueuedTask, ends: boolean) => Promise<void> | null = () => null;
  onBuried: ((id: TaskId, error: Error) => void) | undefined;

  constructor(
    readonly store: MemoryTasks,
    clock: VirtualClock,
    readonly holder: string,
    { attempts = Number.POSITIVE_INFINITY, exhausted = 'dead-letter', keepOutcomes = null }: MasterOptions = {},
  ) {
    this.queue = new DurableQueue({
      reads: new ReadLimit(),
      name: NAME,
      store: store.connect((call) => this.fate(call)),
      clock,
      retry: { attempts, exhausted },
      poll: POLL,
      keepOutcomes,
      mayBegin: (origin) => this.mayBegin(origin),
      callbacks: {
        wake: () => {
          this.wakes += 1;
          this.onWake?.();
        },
        acknowledged: (ids) => {
          this.told.push(`acknowledged ${ids.join()}`);
          this.onAcknowledged?.(ids);
        },
        cancelled: (ids) => this.told.push(`cancelled ${ids.join()}`),
        apart: (task, ends) => this.onApart(task, ends),
        buried: (id, error) => {
          this.told.push(`buried ${id}: ${error.message}`);
          this.onBuried?.(id, error);
        },
        trouble: (error) => this.told.push(`trouble: ${error.message}`),
      },
    });
  }

  /** Makes it master; the member that was is no more. */
  elect(term: number, clean: boolean): void {
    const tenure = { name: NAME, term, holder: this.holder };
    this.store.holder = tenure;
    this.queue.start(tenure, clean);
  }

  /** The ids of what may run now. */
  ready(most = 256): TaskId[] {
    return this.queue.ready(most).map(({ id }) => id);
  }

  get head(): QueuedTask {
    const [head] = this.queue.ready(1);
    if (head === undefined) throw new Error('nothing is ready');
    return head;
  }

  /** As the dispatcher tells it. */
  fail(task: QueuedTask, attempts = Number.POSITIVE_INFINITY): void {
    task.failed += 1;
    const isLast = task.failed >= attempts;
    this.queue.failed(task, isLast);
    if (isLast) this.queue.exhausted(task, new Error('too bad'));
  }

  /** What was told since this was last asked. */
  news(): string[] {
    return this.told.splice(0);
  }
}

/** All calls of that name take so long, or fail. */
export function only(name: TaskCall, fate: TaskFate): (call: TaskCall) => TaskFate {
  return (call) => (call === name ? fate : atOnce);
}

export function addAll(store: MemoryTasks, from: number, through: number, length = 0): void {
  for (let id = from; id <= through; id++) store.add({ id, bytes: new Uint8Array(length) });
}
