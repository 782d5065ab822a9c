/**
 * A managed queue in memory: a master works it off, a standby keeps it in step with what the lease says was done. Task
 * ids and bytes pass through; nothing here decodes a task.
 */

import { logFor } from '../../diagnostics/log.js';
import { type CodedError, toWire } from '../../errors.js';
import { checkpointNowhere } from '../../queue/checkpointErrors.js';
import type { Dispatcher } from '../../queue/dispatcher.js';
import { queueBlocked, verdictOn } from '../../queue/givingUp.js';
import { DoneWindow } from '../../queue/memory/doneWindow.js';
import { Follower } from '../../queue/memory/follower.js';
import { MemoryQueue } from '../../queue/memory/memoryQueue.js';
import type { QueuedTask } from '../../queue/runner.js';
import type { Lease, Progress } from '../../store/store.js';
import type { DeadLetter, TaskStore } from '../../store/taskStore.js';
import type { TaskId } from '../../task/task.js';
import { viewOf } from '../../task/taskBytes.js';
import { untilAnswered } from '../../time/untilAnswered.js';
import type { SubmitResult, TaskBatch } from '../../wire/messages.js';
import { tasksOf } from '../../wire/taskBatch.js';
import type { DutyLoad, Election } from './duty.js';
import { drainAnd, makeDispatcher, type QueueDuty, type QueueDutyParts } from './queueDuty.js';

/** Long, beside what it takes to cross threads: half a millisecond, where both have slept. */
const MEMORY_CHUNK = { budget: 100, mostTasks: 1024 };
/**
 * A letter's number is its term times this, and which letter of that term it is, because the queue itself has no numbers.
 * So they are unique, and rise with time: the lowest is the oldest. There is room for 134 million terms.
 */
const TERM_LETTERS_MAX = 2 ** 26;

interface Reign {
  readonly term: number;
  /** How many numbers of letters were used under it. */
  letters: number;
}

interface MemoryDutyParts extends QueueDutyParts {
  /** Where dead letters go. */
  readonly store: TaskStore;
  /** Before a letter that could not be written is tried again, in ms. */
  readonly poll: number;
}

const log = logFor('failover:managed');

export class MemoryDuty implements QueueDuty {
  private readonly queue = new MemoryQueue();
  private readonly done = new DoneWindow();
  private readonly follower = new Follower(this.queue.tasks);
  private readonly dispatcher: Dispatcher;
  private fallingBack = false;
  /** One object for each mastership, so what waits for an answer knows whether its own still lasts. */
  private reign: Reign | null = null;
  /** The last dead letter. */
  private burying: Promise<void> = Promise.resolve();

  constructor(private readonly parts: MemoryDutyParts) {
    this.dispatcher = makeDispatcher(parts, this.queue, MEMORY_CHUNK, {
      done: (tasks) => this.tasksDone(tasks.map(({ id }) => id)),
      failed: () => {},
      postponed: () => {},
      exhausted: (task, error) => this.giveUp(task, error),
      // What was done is in the progress that the release carries.
      unloadable: (error, exited) => parts.unloadable(error, exited),
    });
  }

  async load(): Promise<DutyLoad> {
    const { tasks, blocked, headSince } = this.queue;
    const { clock, name, store } = this.parts;
    const dead = await store.countDeadLetters(name).catch(() => null);
    return {
      queued: tasks.size,
      queuedBytes: tasks.bytes,
      running: this.dispatcher.running,
      blocked: this.reign === null ? null : blocked,
      dead,
      headAge: headSince === null ? null : Math.max(0, clock.now() - headSince),
    };
  }

  async submit(batch: TaskBatch): Promise<SubmitResult[]> {
    const since = this.parts.clock.now();
    const results = tasksOf(batch).map(({ id, bytes }): SubmitResult => {
      // Fed late: another member did it, and said so, before this one heard of it.
      if (this.follower.arrives(id)) return 'done';
      return this.queue.push(id, bytes, since) ? 'queued' : 'known';
    });
    this.dispatcher.poke();
    return results;
  }

  private tasksDone(ids: readonly TaskId[]): void {
    for (const id of ids) this.done.add(id);
    log('%s: %d tasks done', this.parts.name, ids.length);
    this.parts.emit({ type: 'done', ids });
    this.parts.progressed();
  }

  // ---- tasks whose attempts are used up ----

  private giveUp(task: QueuedTask, error: CodedError): void {
    const { emit, name, options } = this.parts;
    this.queue.hold();
    if (options.retry.exhausted === 'block')
      return emit({ type: 'error', error: toWire(queueBlocked(name, task.id, error)) });
    this.burying = this.bury(task, error);
  }

  private async bury(task: QueuedTask, error: CodedError): Promise<void> {
    const { name: queue, clock, emit } = this.parts;
    const { reign } = this;
    const { id, failed } = task;
    if (reign === null) return;
    const bytes = viewOf(task.bytes);
    const letter = { ...verdictOn(error, failed), queue, id, bytes, at: new Date(clock.wall()) };
    if (!(await this.write(reign, letter)) || !this.queue.drop(task)) return;
    this.done.add(id);
    emit({ type: 'deadletter', id, error: toWire(error) });
    this.parts.progressed();
    this.dispatcher.poke();
  }

  /** Tries until the letter is written. Returns false if the mastership ended: the task is the next master's. */
  private async write(reign: Reign, letter: Omit<DeadLetter, 'seq'>): Promise<boolean> {
    const { store, clock, poll, emit } = this.parts;
    for (;;) {
      reign.letters += 1;
      const numbered = { ...letter, seq: reign.term * TERM_LETTERS_MAX + reign.letters };
      const written = await untilAnswered(() => store.putDeadLetter(numbered), {
        clock,
        poll,
        wanted: () => this.reign === reign,
        failed: (error) => emit({ type: 'error', error: toWire(error) }),
      });
      // The number is taken if terms began again and the letters stayed.
      if (written !== false) return written !== null;
    }
  }

  async putCheckpoint(): Promise<void> {
    throw checkpointNowhere(this.parts.name);
  }

  async unblock(id: TaskId): Promise<boolean> {
    if (this.queue.blocked !== id || this.parts.options.retry.exhausted !== 'block') return false;
    this.queue.release(true);
    this.dispatcher.poke();
    return true;
  }

  // ---- what the election says ----

  progress(): Progress {
    return this.done.progress();
  }

  elected({ term, progress, continued }: Election): void {
    log('%s: works under term %d, %d tasks wait', this.parts.name, term, this.queue.tasks.size);
    this.reign = { term, letters: 0 };
    if (!continued) this.done.start(progress);
    this.queue.release(false);
    this.dispatcher.start(term);
  }

  fence(reason: string): void {
    this.dispatcher.fence(reason);
  }

  resume(): void {
    this.dispatcher.resume();
  }

  deposed(reason: string, left: number): void {
    this.reign = null;
    this.dispatcher.halt(reason, left);
    // Its last tasks may not have reached the lease, so its own count is not what the next lease goes on from.
    this.follower.continueFrom(undefined);
  }

  seenNothing(): void {
    // There is no lease, so the first one tells of nothing that was done before.
    this.follower.continueFrom(0);
  }

  seenOtherKind(): void {
    // Its count goes on from the one that was seen here, and is of other tasks.
    this.follower.continueFrom(undefined);
  }

  hold(): void {
    this.dispatcher.hold();
  }

  unhold(): void {
    this.dispatcher.unhold();
  }

  async settled(): Promise<void> {
    await this.dispatcher.whenIdle();
    await this.burying;
  }

  async drain(): Promise<'drained' | 'stuck'> {
    const { how } = await drainAnd(() => this.burying, this.dispatcher, this.parts);
    // A member that releases its lease is not told `deposed`. A letter that is not written by then is the next master's task.
    this.reign = null;
    return how;
  }

  exit(): void {
    this.dispatcher.endNow();
  }

  whenEnded(): Promise<void> {
    return this.dispatcher.whenEnded();
  }

  seen(lease: Lease): void {
    const { removed, fellBack, missed } = this.follower.see(lease);
    if (removed.length > 0) {
      log('%s: %d tasks done by the master of term %d', this.parts.name, removed.length, lease.term);
      this.parts.emit({ type: 'removed', ids: removed });
    }
    const first = fellBack && !this.fallingBack;
    this.fallingBack = fellBack;
    // Once, not with every look for as long as it goes on.
    if (!first) return;
    const text = `more tasks were done between two looks than the lease can list (${missed}), so all up to the oldest listed were dropped`;
    this.parts.emit({ type: 'info', text });
  }
}
