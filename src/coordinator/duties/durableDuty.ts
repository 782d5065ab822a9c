/**
 * Managed work whose tasks are in the store: any member stores them, the master works them off. A standby keeps nothing
 * of them, so a backlog costs it nothing.
 */

import { logFor } from '../../diagnostics/log.js';
import { type CodedError, toWire } from '../../errors.js';
import type { Dispatcher } from '../../queue/dispatcher.js';
import { DurableQueue } from '../../queue/durable/durableQueue.js';
import { Pacing } from '../../queue/durable/pacing.js';
import { unblockHead } from '../../queue/durable/unblockHead.js';
import type { ReadLimit } from '../../queue/readLimit.js';
import type { QueuedTask } from '../../queue/runner.js';
import type { OutboxWatch } from '../../relay/outboxWatch.js';
import { Relay } from '../../relay/relay.js';
import type { OutboxStore } from '../../store/outbox.js';
import type { ScheduleStore } from '../../store/schedules.js';
import type { Lease, Progress, Store } from '../../store/store.js';
import type { AddResult, NewTask, StoredTask, TaskStore } from '../../store/taskStore.js';
import type { TaskId } from '../../task/task.js';
import { viewOf } from '../../task/taskBytes.js';
import { endsBy } from '../../time/pause.js';
import type { RequeuedLetter, SubmitResult, TaskBatch } from '../../wire/messages.js';
import type { TakenLetter } from '../../wire/takenLetter.js';
import { type SubmittedTask, tasksOf } from '../../wire/taskBatch.js';
import type { DeadLetters } from '../deadLetters.js';
import { ClusterSchedules } from '../schedules/clusterSchedules.js';
import type { DutyLoad, Election } from './duty.js';
import { drainAnd, makeDispatcher, type QueueDuty, type QueueDutyParts } from './queueDuty.js';

/** A chunk of half the size, so one can run while the one before is acknowledged: see durableQueue.ts. */
const DURABLE_CHUNK = { budget: 5, mostTasks: 128 };

export interface DurableDutyParts extends QueueDutyParts {
  readonly store: TaskStore;
  readonly outbox: OutboxStore;
  /** Shared by all queues of the coordinator. */
  readonly outboxes: OutboxWatch;
  /** Returns a text that no other call returns, anywhere, and that is higher than those before. */
  newOrigin(): string;
  readonly schedules: ScheduleStore;
  readonly clockAhead: Store['clockAhead'];
  /** The property that holds the id of a task; null: a function reads it. */
  readonly key: string | null;
  readonly holder: string;
  readonly poll: number;
  /** Shared by all queues of the coordinator. */
  readonly reads: ReadLimit;
  /** Called when this member has stored tasks, or has unblocked the head, and has told its own queue. */
  stored(): void;
}

const log = logFor('failover:managed');

export class DurableDuty implements QueueDuty {
  private readonly queue: DurableQueue;
  private readonly relay: Relay;
  private leaveOutbox: () => void = () => {};
  private readonly dispatcher: Dispatcher;
  /** Null without a `minInterval`. */
  private readonly pacing: Pacing | null;
  readonly schedules: ClusterSchedules;
  private current: Progress = { identifier: null, count: 0, recent: [] };
  /** Whether the last lease that was seen, if there was one, had been released by a holder that did not die. */
  private released = false;
  private queuedBefore = 0;
  /** Whether the process exits amid a task, whose record stays if it is a suspect. */
  private isCutShort = false;
  /** How many masterships have begun. */
  private elections = 0;

  constructor(private readonly parts: DurableDutyParts) {
    const { name, store, clock, options, poll, reads, emit } = parts;
    this.relay = this.makeRelay();
    this.queue = new DurableQueue({
      name,
      store: relayed(store, this.relay),
      trimLimit: () => this.relay.trimLimit(),
      clock,
      retry: options.retry,
      poll,
      reads,
      mayBegin: (origin) => this.schedules.timetable.mayBegin(origin),
      keepOutcomes: options.keepOutcomes,
      callbacks: {
        wake: () => this.dispatcher.poke(),
        acknowledged: (ids) => this.acknowledged(ids),
        cancelled: (ids, again) => emit({ type: 'cancelled', ids, ...(again ? { again } : {}) }),
        apart: (task, ends) => this.dispatcher.apart(task, ends),
        buried: (id, error) => emit({ type: 'deadletter', id, error: toWire(error) }),
        trouble: (error) => emit({ type: 'error', error: toWire(error) }),
      },
    });
    this.schedules = this.makeSchedules();
    const { minInterval } = options;
    const { beginsLate = false } = parts.runner;
    const due = (): void => this.dispatcher.poke();
    this.pacing = minInterval === 0 ? null : new Pacing(this.queue, { clock, minInterval, beginsLate, due });
    this.dispatcher = makeDispatcher(parts, this.pacing ?? this.queue, DURABLE_CHUNK, {
      began: () => this.pacing?.began(),
      done: () => {},
      failed: (task, isLast) => this.queue.failed(task, isLast),
      postponed: (task) => this.queue.postponed(task),
      exhausted: (task, error) => this.queue.exhausted(task, error),
      unloadable: (error, exited) => void this.unloadable(error, exited),
    });
  }

  private makeRelay(): Relay {
    const { name, store, outbox, clock, poll, reads, emit } = this.parts;
    return new Relay({
      ...{ name, store, outbox, clock, poll, reads },
      through: () => this.queue.through,
      stored: (tasks) => this.stored(tasks),
      duplicate: (id) => emit({ type: 'duplicate', id }),
      trouble: (error) => emit({ type: 'error', error: toWire(error) }),
    });
  }

  private makeSchedules(): ClusterSchedules {
    const { name, holder, clock, schedules, clockAhead, store: tasks, key, options, emit } = this.parts;
    return new ClusterSchedules({
      ...{ name, holder, clock, schedules, clockAhead, tasks, key, emit, maxQueue: options.maxQueue },
      stored: () => {
        this.queue.hinted();
        this.parts.stored();
      },
      mayBegin: () => this.queue.originsSettled(),
    });
  }

  // ---- what any member does ----

  async submit(batch: TaskBatch): Promise<SubmitResult[]> {
    const added = await this.add(tasksOf(batch).map(newTask));
    const isAwaited = this.parts.options.keepOutcomes !== null;
    return added.map((result) => (result.type === 'stored' && isAwaited ? result.seq : resultOf(result)));
  }

  putCheckpoint(task: QueuedTask, bytes: Uint8Array): Promise<void> {
    return this.queue.putCheckpoint(task, bytes);
  }

  /** Queues the letter again. A queued task with this id may be the one that blocks the queue. */
  async requeue(id: TaskId, letters: DeadLetters): Promise<boolean | 'full'> {
    const result = await letters.requeue(id, async ({ bytes, details }) => {
      const [added] = await this.add([{ id, bytes, details, idRule: 'requeued' }]);
      return added === undefined ? 'known' : resultOf(added);
    });
    if (result === 'full') return result;
    return result === 'none' || result === 'known' ? this.unblock(id) : result === 'queued';
  }

  /** Queues this very letter again. */
  async requeueLetter(id: TaskId, seq: number, letters: DeadLetters): Promise<RequeuedLetter> {
    const { store, name } = this.parts;
    const add = async ({ bytes, details }: TakenLetter) =>
      resultOf((await this.add([{ id, bytes, details, idRule: 'requeued' }]))[0] ?? { type: 'known' });
    const result = await letters.requeue(id, add, () => store.deadLetterAt(name, seq));
    return result === 'queued' || result === 'full' || result === 'known' ? result : 'none';
  }

  private async add(tasks: readonly NewTask[]): Promise<AddResult[]> {
    const { store, name, options, clock } = this.parts;
    const added = await store.addTasks(name, tasks, options.maxQueue);
    const at = new Date(clock.wall());
    const stored: StoredTask[] = [];
    for (const [index, result] of added.entries()) {
      const task = tasks[index];
      if (result.type === 'stored' && task !== undefined) {
        const { id, bytes, details } = task;
        stored.push({ seq: result.seq, id, bytes, details, attempts: 0, deaths: 0, recordedBy: null, at });
      }
    }
    this.stored(stored);
    return added;
  }

  private stored(tasks: readonly StoredTask[]): void {
    this.queue.offer(tasks);
    if (tasks.length > 0) this.parts.stored();
  }

  /** Stores tasks that are due then. Returns the origin of each, null for those that were not stored. */
  async submitLater(batch: TaskBatch, time: number): Promise<(string | null)[]> {
    const at = new Date(time);
    const { name, outbox, clock, newOrigin } = this.parts;
    const entries = tasksOf(batch).map(({ id, bytes }) => ({ id, bytes: viewOf(bytes), at, origin: newOrigin() }));
    const stored = await outbox.putEntries(name, entries);
    if (time <= clock.wall()) this.relay.look();
    return entries.map(({ origin }, index) => (stored[index] ? origin : null));
  }

  /** Another member may have stored tasks. */
  hinted(): void {
    this.queue.hinted();
  }

  /** There may be requests to change a task. */
  changesAsked(): void {
    this.queue.changesAsked();
  }

  async unblock(id: TaskId): Promise<boolean> {
    const isUnblocked = await unblockHead(this.parts.store, this.parts.name, id);
    if (!isUnblocked) return false;
    this.queue.hinted();
    this.parts.stored();
    return true;
  }

  async load(): Promise<DutyLoad> {
    const { store, name, clock } = this.parts;
    const counts = await store.countTasks(name).catch(() => null);
    const { bytes: queuedBytes, blocked } = this.queue;
    const { running } = this.dispatcher;
    if (counts === null) return { queued: this.queuedBefore, queuedBytes, running, blocked, dead: null, headAge: null };
    const { queued, dead, headAt } = counts;
    this.queuedBefore = queued;
    const headAge = headAt === null ? null : Math.max(0, clock.wall() - headAt.getTime());
    return { queued, queuedBytes, running, blocked, dead, headAge };
  }

  // ---- what the election says ----

  progress(): Progress {
    return this.current;
  }

  elected({ term, progress, continued }: Election): void {
    const { name, holder } = this.parts;
    this.elections += 1;
    if (!continued) this.current = { ...progress, recent: [] };
    log('%s: works off the stored queue under term %d', name, term);
    this.schedules.timetable.start(term);
    this.queue.start({ name, term, holder }, continued || this.released);
    this.pacing?.rest();
    this.dispatcher.start(term);
    this.relay.start({ name, term, holder });
    this.leaveOutbox();
    this.leaveOutbox = this.parts.outboxes.add(name, () => this.relay.look());
  }

  private endRelay(): void {
    this.leaveOutbox();
    this.relay.end();
  }

  /** Gives the lease away once what has run is acknowledged, and no suspect is on record: none was begun. */
  private async unloadable(error: CodedError, exited: boolean): Promise<void> {
    const { clock, options, poll } = this.parts;
    const { elections } = this;
    const settled = await endsBy(clock, clock.now() + Math.max(poll, options.grace), this.queue.flush(true));
    // Under another mastership the work may have loaded, and run. Under this one nothing more is begun.
    if (this.elections === elections) this.parts.unloadable(error, exited && settled && this.dispatcher.idle);
  }

  held(validUntil: number): void {
    this.schedules.timetable.heldUntil(validUntil);
  }

  fence(reason: string): void {
    this.dispatcher.fence(reason);
    this.schedules.timetable.fence();
  }

  resume(): void {
    this.dispatcher.resume();
    this.schedules.timetable.resume();
  }

  deposed(reason: string, left: number): void {
    this.released = false;
    this.schedules.timetable.end();
    this.pacing?.end();
    this.dispatcher.halt(reason, left);
    this.endRelay();
    this.queue.endReign();
  }

  hold(): void {
    this.dispatcher.hold();
  }

  unhold(): void {
    this.dispatcher.unhold();
  }

  async settled(): Promise<void> {
    await this.dispatcher.whenIdle();
    // If it was taken back, work runs again, whose records must stay.
    await this.queue.flush(() => this.dispatcher.isHeld && this.dispatcher.idle);
  }

  /**
   * Has what ran acknowledged before the lease is given away. Should the store refuse that, and the beats not, the
   * lease is left to run out: no member could take over while this one retries for ever.
   */
  async drain(): Promise<'drained' | 'stuck'> {
    this.endRelay();
    this.schedules.timetable.end();
    const flush = (how: 'drained' | 'stuck') => this.queue.flush(how === 'drained' && !this.isCutShort);
    const { how, inTime } = await drainAnd(flush, this.dispatcher, this.parts);
    // A member that drains is not told `deposed`. Without this it would ask the store for ever.
    this.queue.endReign();
    this.pacing?.end();
    return inTime ? how : 'stuck';
  }

  exit(isCutShort: boolean): void {
    this.isCutShort = isCutShort;
    this.dispatcher.endNow();
  }

  whenEnded(): Promise<void> {
    return this.dispatcher.whenEnded();
  }

  seen(lease: Lease): void {
    this.released = lease.holder === null && lease.died === undefined;
  }

  seenNothing(): void {
    this.released = true;
  }

  /** Nothing of the stored queue ran there: what was known of the last durable holder is still the newest. */
  seenOtherKind(): void {}

  private acknowledged(ids: readonly TaskId[]): void {
    const identifier = ids.at(-1) ?? null;
    this.current = { identifier, count: this.current.count + ids.length, recent: [] };
    log('%s: %d tasks done', this.parts.name, ids.length);
    this.parts.emit({ type: 'done', ids });
    this.parts.progressed();
  }
}

/** Returns a store of the same calls, by which the relay sees which tasks it has moved. */
function relayed(store: TaskStore, relay: Relay): TaskStore {
  return {
    ...store,
    tasksAfter: async (...args) => {
      const found = await store.tasksAfter(...args);
      relay.saw(found);
      return found;
    },
  };
}

function newTask({ id, bytes, idRule }: SubmittedTask): NewTask {
  return idRule === undefined ? { id, bytes: viewOf(bytes) } : { id, bytes: viewOf(bytes), idRule };
}

function resultOf({ type }: AddResult): Exclude<SubmitResult, number> {
  return type === 'stored' ? 'queued' : type;
}
