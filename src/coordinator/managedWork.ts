/**
 * A managed queue: a master works it off, a standby keeps it in step with what the lease says was done. Task ids and
 * bytes pass through; nobody here looks into a task.
 */
import type { Clock } from '../clock.js';
import { toWire } from '../errors.js';
import { logFor } from '../log.js';
import type { ResolvedManagedOptions } from '../options.js';
import { Dispatcher } from '../queue/dispatcher.js';
import { DoneWindow } from '../queue/doneWindow.js';
import { Fifo } from '../queue/fifo.js';
import { Follower } from '../queue/follower.js';
import type { Runner } from '../queue/runner.js';
import type { Lease, Progress } from '../store/store.js';
import type { TaskId } from '../task.js';
import type { MemberWork } from './memberWork.js';
import type { MemberEvent, SubmitResult, TaskBatch } from './messages.js';

export interface ManagedWorkParts {
  readonly name: string;
  readonly options: ResolvedManagedOptions;
  readonly runner: Runner;
  readonly clock: Clock;
  emit(event: MemberEvent): void;
  /** Called when there is something for the standbys. */
  progressed(): void;
}

const log = logFor('failover:managed');

export class ManagedWork implements MemberWork {
  private readonly queue = new Fifo();
  private readonly done = new DoneWindow();
  private readonly follower = new Follower(this.queue);
  private readonly dispatcher: Dispatcher;
  private fallingBack = false;

  constructor(private readonly parts: ManagedWorkParts) {
    const { options, runner, clock, emit } = parts;
    this.dispatcher = new Dispatcher({
      queue: this.queue,
      runner,
      clock,
      retry: options.retry,
      grace: options.grace,
      stopTimeout: options.stopTimeout,
      host: {
        done: (id) => this.taskDone(id),
        failed: (id, error, attempt) => {
          log('%s: task %o failed, attempt %d: %s', parts.name, id, attempt, error.message);
          emit({ type: 'failed', id, error: toWire(error), attempt });
        },
        panic: (error) => emit({ type: 'panic', error: toWire(error) }),
      },
    });
  }

  get queued(): number {
    return this.queue.size;
  }

  get queuedBytes(): number {
    return this.queue.bytes;
  }

  get running(): TaskId | null {
    return this.dispatcher.running;
  }

  submit({ block, ids, lengths }: TaskBatch): SubmitResult[] {
    let offset = 0;
    const results = ids.map((id, index): SubmitResult => {
      const length = lengths[index] ?? 0;
      const bytes = new Uint8Array(block, offset, length);
      offset += length;
      // Fed late: another member did it, and said so, before this one heard of it.
      if (this.follower.arrives(id)) return 'done';
      return this.queue.push({ id, bytes }) ? 'queued' : 'known';
    });
    this.dispatcher.poke();
    return results;
  }

  private taskDone(id: TaskId): void {
    this.done.add(id);
    log('%s: task %o done', this.parts.name, id);
    this.parts.emit({ type: 'done', id });
    this.parts.progressed();
  }

  progress(): Progress {
    return this.done.progress();
  }

  elected(term: number, progress: Progress, continued: boolean): void {
    log('%s: works under term %d, %d tasks wait', this.parts.name, term, this.queue.size);
    if (!continued) this.done.start(progress);
    this.dispatcher.start(term);
  }

  fence(reason: string): void {
    this.dispatcher.fence(reason);
  }

  resume(): void {
    this.dispatcher.resume();
  }

  deposed(reason: string): void {
    this.dispatcher.halt(reason);
    // Its last tasks may not have reached the lease, so its own count is not what the next lease goes on from.
    this.follower.continueFrom(undefined);
  }

  seenNothing(): void {
    // There is no lease, so the first one tells of nothing that was done before.
    this.follower.continueFrom(0);
  }

  drain(): Promise<'drained' | 'stuck'> {
    return this.dispatcher.drain();
  }

  seen(lease: Lease): void {
    const { removed, fellBack, missed } = this.follower.see(lease);
    if (removed.length > 0) {
      log('%s: %d tasks done by the holder of term %d', this.parts.name, removed.length, lease.term);
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
