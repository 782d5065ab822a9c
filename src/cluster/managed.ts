/** A queue that is worked off by one member at a time; what was done leaves the queues of all. */
import type { MemberEvent, SubmitResult } from '../coordinator/messages.js';
import { fromWire, TaskError } from '../errors.js';
import { checkBoolean, readFields } from '../optionChecks.js';
import type { ResolvedManagedOptions } from '../options.js';
import type { TaskId } from '../task.js';
import { encodeTask } from '../taskCodec.js';
import type { WorkPlace } from '../workPlace.js';
import { Cluster } from './cluster.js';
import type { CoordinatorHandle } from './coordinatorHandle.js';
import { Feeder } from './feeder.js';
import { MainPulse } from './mainPulse.js';
import { MainWork } from './mainWork.js';
import { Waiters } from './waiters.js';

/** What becomes of a submitted task. */
export interface Submission {
  /** False: a task with this id is queued already, or another member has done it. */
  readonly stored: boolean;
}

export interface SubmitOptions {
  /** Wait for room when the queue is full, instead of failing with `ERR_QUEUE_FULL`. Default false. */
  readonly wait?: boolean | undefined;
}

export class ManagedCluster<Task extends object = object> extends Cluster {
  /**
   * The tasks that are not done, in their order; a coordinator that takes over from a dead one is fed from it. Empty when
   * they are in the store.
   */
  private readonly backlog = new Map<TaskId, Uint8Array>();
  private readonly feeder: Feeder;
  private readonly mainWork: MainWork | null;
  private readonly room = new Waiters();
  private readonly pulse: MainPulse | null;

  constructor(
    handle: CoordinatorHandle,
    name: string,
    private readonly keyOf: (task: object) => TaskId,
    work: WorkPlace,
    private readonly options: ResolvedManagedOptions,
  ) {
    super(handle, name, {
      identifier: null,
      managed: { module: work.kind === 'module' ? work.href : null, options },
    });
    this.feeder = new Feeder((batch) => this.call((remote, cluster) => remote.submit(cluster, batch)), options.durable);
    this.mainWork = work.kind === 'main' ? new MainWork(work.work, this.lease) : null;
    this.pulse = work.kind === 'main' ? new MainPulse(this.lease, options.mainTimeout) : null;
  }

  /**
   * Queues a task, before or after `run()`. It is copied: what happens to the object later does not matter.
   *
   * In memory it resolves when the coordinator has it: feed every member the same tasks, and a standby drops what the
   * master has done. Durable, it resolves when the store has it, by majority: any one member may store it, once. When it
   * rejects with `ERR_STORE_UNAVAILABLE` or `ERR_COORDINATOR_LOST` the task may be stored or not; submit it again, for
   * one that is queued is not stored twice.
   *
   * @throws TaskError `ERR_INVALID_KEY`, `ERR_TASK_NOT_CLONEABLE`, `ERR_TASK_TOO_LARGE`, `ERR_QUEUE_FULL`: the task was
   * not queued, and what was queued before is untouched. StateError `ERR_STOPPED` after `stop()`. InvalidOptionError
   * `ERR_INVALID_OPTION`. Durable: StoreError, and FailoverError `ERR_COORDINATOR_LOST`.
   */
  async submitWork(task: Task, options?: SubmitOptions): Promise<Submission> {
    this.mustNotBeStopped();
    const wait = resolveWait(options);
    const bytes = encodeTask(task, this.options.maxTaskBytes);
    return this.submitBytes(this.keyOf(task), bytes, wait);
  }

  /**
   * Puts a dead letter back at the end of the queue, with all its attempts; or lets a queue that stands still
   * (`retry.exhausted: 'block'`) try its head again. Resolves to false when there is no such task. A queue in memory is
   * that of this member alone.
   *
   * @throws StateError `ERR_STOPPED`; StoreError; TaskError `ERR_QUEUE_FULL`.
   */
  async requeue(id: TaskId): Promise<boolean> {
    this.mustNotBeStopped();
    const letter = await this.call((remote, cluster) => remote.findDeadLetter(cluster, id));
    if (letter === null) return this.call((remote, cluster) => remote.unblock(cluster, id));
    // First queued, then removed: a crash in between leaves both, and a second call finds it queued already.
    const { stored } = await this.submitBytes(id, letter.bytes, false);
    // Done elsewhere, for a queue in memory, was this letter itself, and that is said once.
    if (!stored && !this.options.durable) await this.submitBytes(id, letter.bytes, false);
    await this.call((remote, cluster) => remote.removeDeadLetter(cluster, letter.seq));
    return true;
  }

  private async submitBytes(id: TaskId, bytes: Uint8Array, wait: boolean): Promise<Submission> {
    const attempt = async (): Promise<SubmitResult> => {
      this.mustNotBeStopped();
      return this.options.durable ? this.feed(id, bytes) : this.queue(id, bytes);
    };
    const result = await (wait ? this.room.serve(attempt) : attempt());
    if (result === 'full') throw this.queueFull();
    return { stored: result === 'queued' };
  }

  private feed(id: TaskId, bytes: Uint8Array): Promise<SubmitResult> {
    this.added();
    return this.feeder.submit({ id, bytes });
  }

  private async queue(id: TaskId, bytes: Uint8Array): Promise<SubmitResult> {
    if (this.backlog.has(id)) return 'known';
    if (this.backlog.size >= this.options.maxQueue) return 'full';
    // First of all: a coordinator that is attached now is fed the backlog, which must not hold this task yet.
    this.added();
    this.backlog.set(id, bytes);
    const result = await this.feeder.submit({ id, bytes });
    if (result === 'done') this.backlog.delete(id);
    return result;
  }

  private queueFull(): TaskError {
    const { maxQueue } = this.options;
    return new TaskError('ERR_QUEUE_FULL', `the queue of '${this.name}' holds ${maxQueue} tasks (maxQueue)`);
  }

  override run(): Promise<void> {
    const running = super.run();
    this.pulse?.start();
    return running;
  }

  override stop(): Promise<void> {
    const stopping = super.stop();
    this.room.all();
    const clear = (): void => {
      this.backlog.clear();
      this.pulse?.stop();
    };
    stopping.then(clear, clear);
    return stopping;
  }

  protected override refeed(): Promise<void> {
    return this.feeder.refeed(Array.from(this.backlog, ([id, bytes]) => ({ id, bytes })));
  }

  protected override kindHappened(event: MemberEvent): void {
    switch (event.type) {
      case 'done':
        this.leave(event.ids);
        if (this.listenerCount('done') > 0) for (const id of event.ids) this.emit('done', id);
        return;
      case 'removed':
        return this.leave(event.ids);
      case 'deadletter':
        this.leave([event.id]);
        this.emit('deadletter', event.id, fromWire(event.error));
        return;
      case 'failed':
        this.emit('failed', event.id, fromWire(event.error), event.attempt);
        return;
      case 'work':
        void this.runHere(event);
        return;
      case 'abortWork':
        this.mainWork?.abort(event.reason);
        return;
    }
  }

  private leave(ids: readonly TaskId[]): void {
    if (!this.options.durable) for (const id of ids) this.backlog.delete(id);
    this.room.some(ids.length);
  }

  protected override kindLost(): void {
    this.mainWork?.abort('the coordinator thread died');
  }

  private async runHere(request: Extract<MemberEvent, { type: 'work' }>): Promise<void> {
    if (this.mainWork === null) return;
    const outcome = await this.mainWork.run(request);
    // A coordinator that has died in the meantime has no use for it; the next one asks again.
    await this.call((remote, cluster) => remote.worked(cluster, request.run, outcome)).catch(() => {});
  }
}

function resolveWait(given: unknown): boolean {
  if (given === undefined) return false;
  const { wait } = readFields(given, '', ['wait']);
  return wait === undefined ? false : checkBoolean(wait, 'wait');
}
