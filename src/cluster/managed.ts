/** A queue that is worked off by one member at a time; what was done leaves the queues of all. */
import type { MemberEvent, SubmitResult } from '../coordinator/messages.js';
import { FailoverError, fromWire, TaskError } from '../errors.js';
import type { ResolvedManagedOptions } from '../options.js';
import type { TaskId } from '../task.js';
import { encodeTask } from '../taskCodec.js';
import type { WorkPlace } from '../workPlace.js';
import { Backlog, type EncodedTask, inBatches } from './backlog.js';
import { Cluster } from './cluster.js';
import type { CoordinatorHandle } from './coordinatorHandle.js';
import { MainWork } from './mainWork.js';

/** What becomes of a submitted task. */
export interface Submission {
  /** False: a task with this id is queued already, or another member has done it. */
  readonly stored: boolean;
}

interface Waiting {
  readonly task: EncodedTask;
  settle(result: SubmitResult): void;
  fail(error: unknown): void;
}

export class ManagedCluster<Task extends object = object> extends Cluster {
  private readonly backlog = new Backlog();
  private readonly mainWork: MainWork | null;
  private waiting: Waiting[] = [];

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
    const encoded = { id, bytes };
    this.backlog.add(encoded);
    const result = await new Promise<SubmitResult>((settle, fail) => {
      if (this.waiting.push({ task: encoded, settle, fail }) === 1) queueMicrotask(() => this.flush());
    });
    if (result === 'done') this.backlog.delete(id);
    return { stored: result === 'queued' };
  }

  override stop(): Promise<void> {
    const stopping = super.stop();
    void stopping.then(() => this.backlog.clear());
    return stopping;
  }

  /** All calls of one turn cross as one batch. */
  private flush(): void {
    const waiting = this.waiting;
    this.waiting = [];
    let from = 0;
    for (const batch of inBatches(waiting.map(({ task }) => task))) {
      const calls = waiting.slice(from, from + batch.ids.length);
      from += calls.length;
      this.call((remote, cluster) => remote.submit(cluster, batch)).then(
        (results) => {
          for (const [index, call] of calls.entries()) call.settle(results[index] ?? 'queued');
        },
        (error: unknown) => {
          // Not lost with the thread: the next one is fed it from the backlog.
          const lost = error instanceof FailoverError && error.code === 'ERR_COORDINATOR_LOST';
          for (const call of calls) {
            if (lost) call.settle('queued');
            else call.fail(error);
          }
        },
      );
    }
  }

  protected override tasksToFeed(): ReturnType<Backlog['batches']> {
    return this.backlog.batches();
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
        this.mainWork?.abort();
        return;
    }
  }

  protected override kindLost(): void {
    this.mainWork?.abort();
  }

  private async runHere(request: Extract<MemberEvent, { type: 'work' }>): Promise<void> {
    if (this.mainWork === null) return;
    const outcome = await this.mainWork.run(request);
    // A coordinator that has died in the meantime has no use for it; the next one asks again.
    await this.call((remote, cluster) => remote.worked(cluster, request.run, outcome)).catch(() => {});
  }
}
