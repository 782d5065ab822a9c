/** A queue that is worked off by one member at a time; what was done leaves the queues of all. */
import type { MemberEvent } from '../coordinator/messages.js';
import { fromWire, TaskError } from '../errors.js';
import type { ResolvedManagedOptions } from '../options.js';
import type { TaskId } from '../task.js';
import { encodeTask } from '../taskCodec.js';
import type { WorkPlace } from '../workPlace.js';
import { Cluster } from './cluster.js';
import type { CoordinatorHandle } from './coordinatorHandle.js';
import { Feeder } from './feeder.js';
import { MainWork } from './mainWork.js';

/** What becomes of a submitted task. */
export interface Submission {
  /** False: a task with this id is queued already, or another member has done it. */
  readonly stored: boolean;
}

export class ManagedCluster<Task extends object = object> extends Cluster {
  /** The tasks that are not done, in their order; a coordinator that takes over from a dead one is fed from it. */
  private readonly backlog = new Map<TaskId, Uint8Array>();
  private readonly feeder = new Feeder((batch) => this.call((remote, cluster) => remote.submit(cluster, batch)));
  private readonly mainWork: MainWork | null;

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
    this.mainWork = work.kind === 'main' ? new MainWork(work.work, this.lease) : null;
  }

  /**
   * Queues a task, before or after `run()`. It is copied: what happens to the object later does not matter. Resolves
   * when the coordinator has it. Feed every member the same tasks: a standby drops what the master has done.
   *
   * @throws TaskError `ERR_INVALID_KEY`, `ERR_TASK_NOT_CLONEABLE`, `ERR_TASK_TOO_LARGE`, `ERR_QUEUE_FULL`: the task was
   * not queued, and what was queued before is untouched. StateError `ERR_STOPPED` after `stop()`.
   */
  async submitWork(task: Task): Promise<Submission> {
    this.mustNotBeStopped();
    const bytes = encodeTask(task, this.options.maxTaskBytes);
    const id = this.keyOf(task);
    if (this.backlog.has(id)) return { stored: false };
    const { maxQueue } = this.options;
    if (this.backlog.size >= maxQueue) {
      throw new TaskError('ERR_QUEUE_FULL', `the queue of '${this.name}' holds ${maxQueue} tasks (maxQueue)`);
    }
    // First of all: a coordinator that is attached now is fed the backlog, which must not hold this task yet.
    this.added();
    this.backlog.set(id, bytes);
    const result = await this.feeder.submit({ id, bytes });
    if (result === 'done') this.backlog.delete(id);
    return { stored: result === 'queued' };
  }

  override stop(): Promise<void> {
    const stopping = super.stop();
    const clear = (): void => this.backlog.clear();
    stopping.then(clear, clear);
    return stopping;
  }

  protected override refeed(): Promise<void> {
    return this.feeder.refeed(Array.from(this.backlog, ([id, bytes]) => ({ id, bytes })));
  }

  protected override kindHappened(event: MemberEvent): void {
    switch (event.type) {
      case 'done':
        this.backlog.delete(event.id);
        this.emit('done', event.id);
        return;
      case 'removed':
        for (const id of event.ids) this.backlog.delete(id);
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
