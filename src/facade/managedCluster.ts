/** A queue that is worked off by one member at a time; what was done leaves the queues of all. */

import { showValue } from '../diagnostics/showValue.js';
import { fromWire, TaskError } from '../errors.js';
import type { CancelOptions, RequeueAllOptions, ResolvedManagedOptions, UpdateOptions } from '../options/options.js';
import type { WorkTarget } from '../options/workTarget.js';
import type { TaskId } from '../task/task.js';
import { encodeTask } from '../task/taskCodec.js';
import { asTaskId, taskIdRule } from '../task/taskId.js';
import { realTime } from '../time/realTime.js';
import { systemClock } from '../time/systemClock.js';
import type { MemberEvent, RequeuedAll, SubmitResult } from '../wire/messages.js';
import { mustBeFresh } from '../wire/takenLetter.js';
import { Admission } from './admission.js';
import { Answers } from './answers.js';
import type * as api from './api.js';
import type { CoordinatorHandle } from './coordinatorHandle.js';
import { type EncodedTask, Feeder, type Receiver } from './feeder.js';
import { isLater, LaterTasks, resolveSubmit } from './laterTasks.js';
import { MainPulse } from './mainPulse.js';
import { MainWork } from './mainWork.js';
import { encodeEach, ManyTasks } from './manyTasks.js';
import { ScheduledCluster } from './scheduledCluster.js';
import { Scheduling } from './scheduling.js';
import type {
  Outcome,
  PendingSubmission,
  PendingSubmissions,
  Submission,
  Submissions,
  SubmitOptions,
  TransactionOptions,
} from './submissionsApi.js';
import { durableBlocks, memoryBlocks, TaskBlocks, type TaskSlot } from './taskBlocks.js';
import type { CancelOutcome, UpdateOutcome } from './taskChanger.js';
import { TaskChanges } from './taskChanges.js';

/** Why it cannot wait for room. */
const OWN_ROOM = ', and the work that would make room is what waits';

/** Its public members are described in `api.ts`. */
export class ManagedCluster<Task extends object = object>
  extends ScheduledCluster<Task>
  implements api.ManagedCluster<Task>
{
  /**
   * The tasks that are not done, in their order; a coordinator that takes over from a dead one is fed from it. Empty when
   * they are in the store.
   */
  private readonly backlog = new Map<TaskId, TaskSlot>();
  private readonly blocks: TaskBlocks;
  private readonly reserve: TaskBlocks['write'] = (most, write) => this.blocks.write(most, write);
  private readonly feeder: Feeder;
  private readonly later: LaterTasks;
  private readonly submitRules: { readonly name: string; readonly durable: boolean };
  private readonly mainWork: MainWork | null;
  private readonly room = new Admission();
  private readonly pulse: MainPulse | null;
  protected readonly scheduling: Scheduling;
  private readonly changes: TaskChanges;
  private readonly answers: Answers;

  constructor(
    handle: CoordinatorHandle,
    name: string,
    private readonly keyOf: (task: object) => TaskId,
    work: WorkTarget,
    private readonly options: ResolvedManagedOptions,
    /** Null: it is a function. */
    key: string | null,
    priority: number,
  ) {
    super(handle, name, {
      identifier: null,
      priority,
      managed: { module: work.kind === 'module' ? work.href : null, key, options },
    });
    const encode = (task: object): EncodedTask => this.encode(task);
    const free = ({ slot }: EncodedTask): void => this.blocks.free(slot);
    this.submitRules = { name, durable: options.durable };
    this.blocks = new TaskBlocks(options.durable ? durableBlocks : memoryBlocks);
    this.feeder = new Feeder((batch) => this.call('submit', batch), options.durable);
    this.scheduling = new Scheduling({
      ...{ name, key, options, clock: systemClock },
      call: (call) => this.call('schedules', call),
      failed: (error) => this.emit('error', error),
    });
    this.mainWork = work.kind === 'main' ? new MainWork(work.work, this.lease, options.results) : null;
    this.changes = new TaskChanges({
      name,
      options,
      call: (call, ...args) => this.call(call, ...args),
      mustNotBeStopped: () => this.mustNotBeStopped(),
      encode: (task) => this.encodeApart(task),
      removed: (id) => this.answers.cancelled([id]),
    });
    this.answers = new Answers({
      name,
      kept: options.keepOutcomes !== null,
      time: realTime,
      poll: handle.poll,
      look: (ids, later) => this.call('outcomes', ids, later),
    });
    this.later = new LaterTasks({
      ...{ name, durable: options.durable, encode, free, answers: this.answers },
      caller: () => this.caller(),
    });
    this.pulse = work.kind === 'main' ? new MainPulse(this.lease, options.mainTimeout) : null;
  }

  submitWork(task: Task, options?: SubmitOptions): Promise<Submission>;
  submitWork(task: Task, options: TransactionOptions): Promise<PendingSubmission>;
  submitWork(task: Task, options?: SubmitOptions | TransactionOptions): Promise<Submission | PendingSubmission> {
    try {
      this.mustNotBeStopped();
      const request = resolveSubmit(options, this.submitRules);
      if (isLater(request)) return this.later.submitOne(task, request);
      const encoded = this.encode(task, request.uniqueFor);
      if (request.wait) return this.waitForRoom(encoded);
      return this.submit(encoded, (result) => this.submission(encoded, result));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  submitMany(tasks: readonly Task[], options?: SubmitOptions): Promise<Submissions>;
  submitMany(tasks: readonly Task[], options: TransactionOptions): Promise<PendingSubmissions>;
  async submitMany(
    tasks: readonly Task[],
    options?: SubmitOptions | TransactionOptions,
  ): Promise<Submissions | PendingSubmissions> {
    this.mustNotBeStopped();
    const request = resolveSubmit(options, this.submitRules);
    if (isLater(request)) return this.later.submit(tasks, request);
    const { wait, uniqueFor } = request;
    const encoded = encodeEach(
      tasks,
      (task, index) => this.encode(task, uniqueFor, index),
      (task) => this.blocks.free(task.slot),
      (count) => this.blocks.expect(count),
    );
    const many = new ManyTasks(encoded, {
      admit: (task) => this.admit(task),
      feed: (task, receiver) => this.feeder.submit(task, receiver),
      answered: (task, result) => this.answered(task, result),
      free: ({ slot }) => this.blocks.free(slot),
      submission: (id, result) => this.answers.submission(id, result),
    });
    try {
      const result = await this.whenRoom(wait, many);
      if (result === 'full') throw this.queueFull(wait ? OWN_ROOM : '');
      return result;
    } catch (error) {
      throw many.failure(error);
    }
  }

  /** Resolves to `full` if it must not wait. */
  private whenRoom(wait: boolean, many: ManyTasks): Promise<Submissions | 'full'> {
    if (!wait || this.isOwnWork) return many.feed();
    return this.room.serveAlone(async () => {
      this.mustNotBeStopped();
      return many.feed();
    });
  }

  private encode(task: object, uniqueFor?: number, index = 0): EncodedTask {
    const slot = encodeTask(task, this.options.maxTaskBytes, this.reserve);
    try {
      return { id: this.keyOf(task), slot, uniqueFor, index };
    } catch (error) {
      this.blocks.free(slot);
      throw error;
    }
  }

  private encodeApart(task: object): { readonly id: TaskId; readonly bytes: Uint8Array } {
    const { id, slot } = this.encode(task);
    const { block, offset, length } = slot;
    const bytes = new Uint8Array(block.bytes.subarray(offset, offset + length));
    this.blocks.free(slot);
    return { id, bytes };
  }

  async requeue(id: TaskId): Promise<boolean> {
    this.mustNotBeStopped();
    const known = asTaskId(id);
    if (known === undefined)
      throw new TaskError('ERR_INVALID_KEY', `an id must be ${taskIdRule}, not ${showValue(id)}`);
    if (!this.options.durable) return this.requeueHere(known);
    const outcome = await this.call('requeue', known);
    if (outcome === 'full') throw this.queueFull();
    return outcome;
  }

  /**
   * Requeues a dead letter of a queue in memory, by several calls: the letter goes only after its task is in the backlog
   * here. If one call did all of it on the coordinator, a coordinator that dies after it would lose the task.
   */
  private async requeueHere(id: TaskId): Promise<boolean> {
    // One thread for all: the claim and the tasks of a dead one are worth nothing to the next.
    const call = this.caller();
    const letter = await call('takeDeadLetter', id);
    if (letter === 'elsewhere') return false;
    const unblock = (): Promise<boolean> => call('unblock', id);
    if (letter === 'none') return unblock();
    const finish = (how: 'queued' | 'stays'): Promise<void> => call('finishDeadLetter', letter, how);
    const submit = (): Promise<Submission> => {
      mustBeFresh(letter, systemClock);
      const slot = this.blocks.copy(letter.bytes);
      return this.submit({ id, slot }, (result) => this.submission({ id, slot }, result));
    };
    let stored: boolean;
    try {
      // Done elsewhere was this letter itself, and that is said once.
      stored = (await submit()).stored || (await submit()).stored;
    } catch (error) {
      await finish('stays').catch(() => {});
      throw error;
    }
    await finish(stored ? 'queued' : 'stays');
    // A queued task with that id, not the letter, may be the one that blocks the queue.
    return stored || unblock();
  }

  requeueAll(options?: RequeueAllOptions): Promise<RequeuedAll> {
    return this.changes.requeueAll(options);
  }

  cancel(id: TaskId, options?: CancelOptions): Promise<CancelOutcome> {
    return this.changes.cancel(id, options);
  }

  update(id: TaskId, task: Task, options?: UpdateOptions): Promise<UpdateOutcome> {
    return this.changes.update(id, task, options);
  }

  async outcome<Result>(id: TaskId): Promise<Outcome<Result> | null> {
    this.mustNotBeStopped();
    return this.answers.outcome(id);
  }

  private async waitForRoom(task: EncodedTask): Promise<Submission> {
    const { isOwnWork } = this;
    const attempt = async (): Promise<SubmitResult> => {
      this.mustNotBeStopped();
      return this.submit(task, (result) => result);
    };
    // Its own task leaves the queue when the work returns, so there would be no room before that.
    if (isOwnWork) return this.submission(task, await attempt(), OWN_ROOM);
    return this.submission(task, await this.room.serve(attempt));
  }

  private get isOwnWork(): boolean {
    return this.mainWork?.isCaller ?? false;
  }

  private submission({ id, slot }: EncodedTask, result: SubmitResult, why = ''): Submission {
    // In memory, what is queued is read until it leaves.
    if (this.options.durable || result !== 'queued') this.blocks.free(slot);
    if (result === 'full') throw this.queueFull(why);
    return this.answers.submission(id, result);
  }

  /** One promise and no more: this is what a task costs the thread of the user. */
  private submit<Answer>(task: EncodedTask, answer: (result: SubmitResult) => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const refused = this.admit(task);
      if (refused !== null) return resolve(answer(refused));
      const settle: Receiver['settle'] = (result) => {
        if (result === 'unsent') return;
        if (result === 'done') this.backlog.delete(task.id);
        try {
          resolve(answer(result));
        } catch (error) {
          reject(error);
        }
      };
      this.feeder.submit(task, { over: false, settle, fail: reject });
    });
  }

  /** Makes room for the task, and keeps it until it is done if it is not in the store. Null: it is to be fed. */
  private admit({ id, slot }: EncodedTask): 'known' | 'full' | null {
    const { backlog, options } = this;
    if (options.durable) {
      this.ensureAdded();
      return null;
    }
    if (backlog.has(id)) return 'known';
    if (backlog.size >= options.maxQueue) return 'full';
    // First of all: a coordinator that is attached now is fed the backlog, which must not hold this task yet.
    this.ensureAdded();
    backlog.set(id, slot);
    return null;
  }

  /** A task of many has its answer. In memory, what is queued is read until it leaves. */
  private answered({ id, slot }: EncodedTask, result: SubmitResult): void {
    if (result === 'done') this.backlog.delete(id);
    if (this.options.durable || result !== 'queued') this.blocks.free(slot);
  }

  private queueFull(why = ''): TaskError {
    const { maxQueue } = this.options;
    return new TaskError('ERR_QUEUE_FULL', `the queue of '${this.name}' holds ${maxQueue} tasks (maxQueue)${why}`);
  }

  override run(): Promise<void> {
    const running = super.run();
    this.pulse?.start();
    return running;
  }

  /**
   * As the other kind does. Called by the work itself, if that is a function, it resolves at once, because the end waits
   * for the work: no further task begins, and the event `stopped` tells the end.
   */
  override stop(): Promise<void> {
    const stopping = super.stop();
    this.room.close();
    this.answers.stop();
    const clear = (): void => {
      this.backlog.clear();
      this.pulse?.stop();
    };
    stopping.then(clear, clear);
    return this.mainWork?.isCaller ? Promise.resolve() : stopping;
  }

  protected override async refeed(): Promise<void> {
    const declared = this.scheduling.declareAgain();
    await this.feeder.refeed(Array.from(this.backlog, ([id, slot]) => ({ id, slot })));
    await declared;
  }

  protected override kindHappened(event: MemberEvent): void {
    switch (event.type) {
      case 'done':
        this.leave(event.ids);
        this.answers.soon();
        if (this.listenerCount('done') > 0) for (const id of event.ids) this.emit('done', id);
        return;
      case 'removed':
        return this.leave(event.ids);
      case 'cancelled':
        this.room.makeRoom(event.ids.length);
        this.answers.cancelled(event.ids);
        for (const id of event.ids) this.emit('cancelled', id);
        return;
      case 'deadletter':
        this.leave([event.id]);
        this.answers.soon();
        this.emit('deadletter', event.id, fromWire(event.error));
        return;
      case 'duplicate':
        this.emit('duplicate', event.id);
        return;
      case 'failed':
        this.emit('failed', event.id, fromWire(event.error), event.attempt);
        return;
      case 'work':
        void this.runHere(event);
        return;
      case 'makeSlotTask':
        void this.scheduling.make(event);
        return;
      case 'abortWork':
        this.mainWork?.abort(event.reason);
        return;
    }
  }

  private leave(ids: readonly TaskId[]): void {
    for (const id of ids) {
      const slot = this.backlog.get(id);
      if (slot === undefined) continue;
      this.backlog.delete(id);
      this.blocks.free(slot);
    }
    this.room.makeRoom(ids.length);
  }

  protected override kindLost(): void {
    this.mainWork?.abort('the coordinator thread died');
  }

  private async runHere(request: Extract<MemberEvent, { type: 'work' }>): Promise<void> {
    if (this.mainWork === null) return;
    const call = this.caller();
    const outcome = await this.mainWork.run(request, (bytes) => call('checkpoint', request.run, bytes));
    // A coordinator that has died in the meantime has no use for it; the next one asks again, by numbers of its own.
    await call('worked', request.run, outcome).catch(() => {});
  }
}
