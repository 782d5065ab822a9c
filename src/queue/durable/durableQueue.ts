/**
 * A stored queue, as the master works it off: a window of its next tasks, the acknowledgement of what is done, by one
 * conditional write for as many tasks as there are, and the record of what failed. Each mastership begins with a takeover
 * (takeover.ts), and the rest of it is a `Reign` (reign.ts), which says what holds the queue up.
 *
 * How much a crash repeats: no more than `UNACKNOWLEDGED_MAX` tasks are ever done or running without an acknowledgement, so
 * that is the most. While the acknowledgement of one chunk is under way the next may run, within that limit.
 *
 * Suspects. A master that died did not say why: one of its unacknowledged tasks may have taken its process down. So
 * after a takeover those run one at a time, each put on record before it starts. Who finds such a record knows that a
 * process died at that very task, and, because only a suspect has one, that it was among the suspects of the death
 * before. So the recorded deaths count with the one before them, and after `attempts` deaths (at least 2; 3 if attempts
 * are without end) the task is not run any more. Nothing is begun, nor put on record, before the suspect ahead of it is
 * acknowledged: or that one would be charged with what follows. A clean hand-over leaves no suspects, nor a record of
 * one that was not let run to its end. A member that takes its own lease again keeps one suspect: the task that it was
 * running, which goes on under the record that it has.
 */
import assert from 'node:assert/strict';
import type { CodedError } from '../../errors.js';
import type { Tenure } from '../../store/store.js';
import type { StoredTask, TaskStore } from '../../store/taskStore.js';
import type { TaskId } from '../../task/task.js';
import { checkpointLost } from '../checkpointErrors.js';
import type { ReadLimit } from '../readLimit.js';
import type { QueuedTask } from '../runner.js';
import type { TaskSource } from '../taskSource.js';
import { Reign } from './reign.js';
import type { ReignParts, Suspicion } from './reignParts.js';
import { takeOver } from './takeover.js';
import { TenureStore } from './tenureStore.js';

interface DurableQueueParts extends ReignParts {
  readonly store: TaskStore;
  /** Shared by all queues of the coordinator. */
  readonly reads: ReadLimit;
}

export class DurableQueue implements TaskSource {
  /** Null before the takeover has ended. */
  private reign: Reign | null = null;
  private tenureStore: TenureStore | null = null;
  /** Whether a hint came before the takeover had ended: what that has fetched may be from before. */
  private wasHinted = false;
  /** The suspicion with which the last mastership ended, though this process did not die. */
  private survived: Suspicion | null = null;
  /** How many acknowledgements and records were sent, under all masterships. */
  private sent = 0;

  constructor(private readonly parts: DurableQueueParts) {}

  /** Begins a mastership. `clean`: nothing of the one before was running when it ended. */
  start(tenure: Tenure, clean: boolean): void {
    assert.equal(this.tenureStore, null, 'the mastership before has ended');
    const { name, store, clock, poll, reads, callbacks } = this.parts;
    const tenureStore = new TenureStore(tenure, {
      name,
      store,
      clock,
      poll,
      reads,
      nextNumber: () => this.nextNumber(),
      trouble: (error) => callbacks.trouble(error),
    });
    this.tenureStore = tenureStore;
    this.wasHinted = false;
    void this.load(tenureStore, clean);
  }

  private async load(store: TenureStore, clean: boolean): Promise<void> {
    const { survived } = this;
    const buried = (id: TaskId, error: CodedError) => this.parts.callbacks.buried(id, error);
    const takeover = await takeOver({ store, clean, survived, buried });
    if (takeover === null || store.ended) return;
    const reign = new Reign(this.parts, store, takeover);
    // First it is known: it wakes the dispatcher, which asks here.
    this.reign = reign;
    reign.begin();
    if (this.wasHinted) reign.hinted();
  }

  private nextNumber(): number {
    this.sent += 1;
    return this.sent;
  }

  /** Ends the mastership. */
  endReign(): void {
    this.tenureStore?.end();
    if (this.reign !== null) this.survived = this.reign.end();
    this.tenureStore = null;
    this.reign = null;
  }

  /** Resolves as `Reign.flush`, and at once when there is nothing that could be flushed. */
  async flush(nothingRuns: boolean | (() => boolean)): Promise<void> {
    await this.reign?.flush(nothingRuns);
  }

  /** Returns how many bytes the window holds. */
  get bytes(): number {
    return this.reign?.bytes ?? 0;
  }

  /** Returns the task whose attempts are used up, and for which everything waits. */
  get blocked(): TaskId | null {
    return this.reign?.blocked ?? null;
  }

  /** Returns up to which number all tasks are done, and acknowledged; null before that is known. */
  get through(): number | null {
    return this.reign?.through ?? null;
  }

  get waits(): boolean {
    return this.reign?.waits ?? false;
  }

  get awaitsStore(): boolean {
    return this.reign?.awaitsStore ?? false;
  }

  ready(most: number): readonly QueuedTask[] {
    return this.reign?.ready(most) ?? [];
  }

  isHead(task: QueuedTask): boolean {
    return this.reign?.isHead(task) ?? true;
  }

  remove(count: number): void {
    this.reign?.remove(count);
  }

  /** Puts on record that the head failed, before it is tried again. */
  failed(task: QueuedTask, isLast: boolean): void {
    this.reign?.failed(task, isLast);
  }

  /** Lets the head wait, which has neither failed nor been done. */
  postponed(task: QueuedTask): void {
    this.reign?.postponed(task);
  }

  /** Gives the task up, after `failed`: its attempts are used up. */
  exhausted(task: QueuedTask, error: CodedError): void {
    this.reign?.exhausted(task, error);
  }

  /** Puts down a checkpoint of a task that runs. Rejects if the mastership has ended, or the task is done. */
  async putCheckpoint(task: QueuedTask, bytes: Uint8Array): Promise<void> {
    if (this.reign === null) throw checkpointLost();
    await this.reign.putCheckpoint(task, bytes);
  }

  /** Looks for new tasks at once, because there may be some. */
  hinted(): void {
    if (this.reign === null) this.wasHinted = true;
    else this.reign.hinted();
  }

  /** Tasks that were not to begin, by their origin, may do so. */
  originsSettled(): void {
    // It looks again at what it has.
    this.reign?.offer([]);
  }

  /** Looks for requests to change tasks. */
  changesAsked(): void {
    this.reign?.changesAsked();
  }

  /** Takes tasks that this member has just stored, in order. */
  offer(tasks: readonly StoredTask[]): void {
    if (this.reign !== null) this.reign.offer(tasks);
    else if (tasks.length > 0) this.wasHinted = true;
  }
}
