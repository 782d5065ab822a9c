/** What crosses between the main thread and the coordinator thread; types alone, so both ends agree. */
import type { MessagePort } from 'node:worker_threads';
import type { Phase } from '../election/transitions.js';
import type { WireError } from '../errors.js';
import type { ResolvedManagedOptions, ResolvedOptions } from '../options/options.js';
import type { WorkOutcome } from '../queue/runner.js';
import type { SharedGate } from '../store/embedded/gate.js';
import type { OutboxPlace } from '../store/outbox.js';
import type { AskedTake, TakeAnswer } from '../store/takenSlots.js';
import type { LaterTask, OutcomeLook } from '../store/taskStore.js';
import type { OwnThreadData } from '../surroundings/ownThreads.js';
import type { TaskDetails, TaskId } from '../task/task.js';
import type { GroupEnd, GroupNews, OwnedGroup } from './groups.js';
import type { MakeSlotTask, ScheduleAnswer, ScheduleCall } from './schedules.js';
import type { MemberStatus, PauseInfo } from './status.js';
import type { TakenLetter } from './takenLetter.js';

export interface ManagedSpec {
  readonly module: string | null;
  /** The property that holds the id of a task; null: a function reads it. */
  readonly key: string | null;
  readonly options: ResolvedManagedOptions;
}

/** What the coordinator needs to host one cluster. */
export interface ClusterSpec {
  /** Number of the cluster within its coordinator handle. */
  readonly cluster: number;
  readonly name: string;
  readonly holder: string;
  readonly identifier: TaskId | null;
  /** From 0 to 100. */
  readonly priority: number;
  /** The buffer of the cluster's `SharedLease`. */
  readonly lease: SharedArrayBuffer;
  /** The buffer of the cluster's `MemberCounts`. */
  readonly counts: SharedArrayBuffer;
  /** `module` is the URL of the work; null: a function, on the main thread. */
  readonly managed: ManagedSpec | null;
}

/** What is seen of a `failover()` from any thread. */
export interface WatchedService {
  /** The buffer of its `ServiceCounts`. */
  readonly counts: SharedArrayBuffer;
  /** Name of the broadcast channel on which its coordinator is asked to measure the queues. */
  readonly channel: string;
}

/** Given to the coordinator thread when it starts. */
export interface CoordinatorData extends OwnThreadData {
  readonly options: ResolvedOptions;
  /** Where it is called, over Comlink. */
  readonly calls: MessagePort;
  /** Where the events of its clusters go, as arrays of `CoordinatorEvent`. */
  readonly events: MessagePort;
  /** Of the `Gate` of the embedded store. */
  readonly gate: SharedGate;
  /** Of the `ExitSignal`. */
  readonly exit: SharedArrayBuffer;
  readonly watched: WatchedService;
}

/** Tasks that are in one shared block, in the order of submission; they are not decoded on the way. */
export interface TaskBatch {
  readonly block: Uint8Array<SharedArrayBuffer>;
  readonly ids: readonly TaskId[];
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
  /** How long the id of each stays taken, in ms. Missing if no task has any. */
  readonly uniqueFor?: readonly (number | undefined)[];
}

/** `queued`, or its number if outcomes are kept, so they can be waited for; or not: queued already, done already by another member, or no room. */
export type SubmitResult = 'queued' | 'known' | 'done' | 'full' | number;

/** What `handOver` asks for. */
export interface HandOverRequest {
  /** The id of a member, or the beginning of one; null: any. */
  readonly to: string | null;
  /** Only in this term; null: in any. */
  readonly ifTerm: number | null;
  readonly reason: string | null;
  /** After so many ms the request is taken back. */
  readonly timeout: number;
}

/** What `cancel` and `update` ask for. */
export interface ChangeTaskRequest {
  readonly id: TaskId;
  /** The new payload; null: the task is to be cancelled. */
  readonly bytes: Uint8Array | null;
  readonly running: boolean;
  /** How long to wait for the answer, in ms. */
  readonly timeout: number;
}

/** What becomes of it. `requested`: no master has decided in that time. `full`: too many requests wait, and this one was not written. */
export type ChangeOutcome = 'removed' | 'updated' | 'done' | 'unknown' | 'requested' | 'full';

/** A dead letter as `requeueAll` chooses it. */
export interface ListedLetter {
  readonly seq: number;
  readonly id: TaskId;
  /** As `TypeError ERR_X: it failed`. */
  readonly error: string;
}

export type RequeuedLetter = 'queued' | 'known' | 'full' | 'none';

/** Tells what became of dead letters. */
export interface RequeuedAll {
  /** Counts those that are in the queue again. */
  readonly requeued: number;
  /** Counts those that stay, because a task with their id is queued. */
  readonly duplicates: number;
  /** Is true if it ended because the queue is full. */
  readonly full: boolean;
}

/** Tells which mastership followed a hand-over. */
export interface HandedOver {
  /** Numbers it. */
  readonly term: number;
  /** Names the member that has it. */
  readonly holder: string;
}

/** What `pause` asks for. */
export interface PauseRequest {
  readonly reason: string | null;
  /** After so many ms it ends by itself; null: it does not. */
  readonly for: number | null;
  readonly standby: boolean;
}

/** What the coordinator does for a cluster that is open there. */
export interface ClusterCalls {
  run(): Promise<void>;
  stop(): Promise<void>;
  submit(batch: TaskBatch): Promise<SubmitResult[]>;
  /** Stores tasks that are due at this time, in ms since 1970. Resolves to the origin of each; null: it was not stored. */
  submitLater(batch: TaskBatch, at: number): Promise<(string | null)[]>;
  /** Resolves to where transactions write tasks; null if the store has no such. */
  outboxPlace(): Promise<OutboxPlace | null>;
  /** Resolves to false if this member is not master: then the identifier was dropped. */
  synchronize(id: TaskId): Promise<boolean>;
  status(): Promise<MemberStatus>;
  /** Puts the oldest dead letter with this id into the stored queue, or clears the record of the head. */
  requeue(id: TaskId): Promise<boolean | 'full'>;
  /** Claims the oldest dead letter with this id, for a queue in memory. `elsewhere`: another call has put it back. */
  takeDeadLetter(id: TaskId): Promise<TakenLetter | 'none' | 'elsewhere'>;
  /** Ends what `takeDeadLetter` began. */
  finishDeadLetter(letter: TakenLetter, how: 'queued' | 'stays'): Promise<void>;
  /** Asks the master to cancel a stored task, or to give it another payload, and resolves with its answer. */
  changeTask(request: ChangeTaskRequest): Promise<ChangeOutcome>;
  /** Returns a number that the tasks of all dead letters so far have at most, and few or none of those that are to come. */
  newestLetter(): Promise<number>;
  /** Returns some dead letters with numbers above that one, the oldest first. */
  listDeadLetters(after: number): Promise<ListedLetter[]>;
  /** Puts this very letter back into the stored queue. `none`: it is not there any more. */
  requeueLetter(id: TaskId, seq: number): Promise<RequeuedLetter>;
  /** Clears the record of a task whose attempts are used up and that holds the queue up. False: there is no such. */
  unblock(id: TaskId): Promise<boolean>;
  /**
   * Owns a group of processes from now on. Resolves to true when the guard knows it and the lease lasts; false: the lease does
   * not last, or the group is being ended.
   */
  ownGroup(group: OwnedGroup): Promise<boolean>;
  /** Ends that group by this signal, and kills it after `patience` ms; null takes what the group was given with. */
  endGroup(number: number, signal: NodeJS.Signals | null, patience: number | null): Promise<GroupEnd>;
  /** Returns whether this key is on record as succeeded. */
  hasSucceeded(key: string): Promise<boolean>;
  /** Puts on record that this key has succeeded under this term. */
  recordSuccess(key: string, term: number): Promise<void>;
  /** Takes a slot of a job for this member. */
  takeSlot(asked: AskedTake): Promise<TakeAnswer>;
  /** Asks the master to hand over, and resolves with the next mastership. */
  handOver(request: HandOverRequest): Promise<HandedOver>;
  pause(request: PauseRequest): Promise<void>;
  resume(): Promise<void>;
  /** Makes a call about the schedules of a durable cluster. */
  schedules(call: ScheduleCall): Promise<ScheduleAnswer>;
  /** Puts down a checkpoint of the run under that number. */
  checkpoint(run: number, bytes: Uint8Array): Promise<void>;
  /** Tells how tasks ended, as far as the store knows: at most `OUTCOMES_READ_MAX` of them. `later`: those from the outbox. */
  outcomes(ids: readonly TaskId[], later: readonly LaterTask[]): Promise<OutcomeLook>;
  /** Answers a `work` event. */
  worked(run: number, outcome: WorkOutcome): Promise<void>;
}

export type CallName = keyof ClusterCalls;
export type CallArgs<N extends CallName> = Parameters<ClusterCalls[N]>;
export type CallAnswer<N extends CallName> = Awaited<ReturnType<ClusterCalls[N]>>;

/** The same calls, by name. */
export type CallsByName = { readonly [N in CallName]: (...args: CallArgs<N>) => Promise<CallAnswer<N>> };
/** Makes the calls of one cluster. */
export type Caller = <N extends CallName>(name: N, ...args: CallArgs<N>) => Promise<CallAnswer<N>>;

/** What a member tells its facade, in order. */
export type MemberEvent =
  | { readonly type: 'statechange'; readonly from: Phase; readonly to: Phase }
  | { readonly type: 'synchronize'; readonly id: TaskId }
  | { readonly type: 'error'; readonly error: WireError }
  | { readonly type: 'panic'; readonly error: WireError }
  | { readonly type: 'info'; readonly text: string }
  | { readonly type: 'paused'; readonly info: PauseInfo }
  | { readonly type: 'resumed' }
  | { readonly type: 'done'; readonly ids: readonly TaskId[] }
  | { readonly type: 'failed'; readonly id: TaskId; readonly error: WireError; readonly attempt: number }
  | { readonly type: 'cancelled'; readonly ids: readonly TaskId[]; readonly again?: boolean }
  | { readonly type: 'deadletter'; readonly id: TaskId; readonly error: WireError }
  | { readonly type: 'duplicate'; readonly id: TaskId }
  /** Tasks that another member did and that left this queue. */
  | { readonly type: 'removed'; readonly ids: readonly TaskId[] }
  /** Work that is a function on the main thread: call it, and answer with `worked`. */
  | {
      readonly type: 'work';
      readonly run: number;
      readonly id: TaskId;
      readonly bytes: Uint8Array;
      readonly term: number;
      readonly attempt: number;
      /** What the attempt before put down. */
      readonly checkpoint: Uint8Array | null;
      readonly details?: TaskDetails;
    }
  | MakeSlotTask
  | { readonly type: 'abortWork'; readonly reason: string }
  | GroupNews
  | { readonly type: 'stopped' };

export type CoordinatorEvent = { readonly cluster: number; readonly event: MemberEvent };

/** A call's answer as it crosses. */
export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: WireError };

/** What is called over Comlink. Failures come back as data, because Comlink's errors lose class and code. */
export interface WireApi {
  open(spec: ClusterSpec): Promise<Reply<void>>;
  call<N extends CallName>(cluster: number, name: N, args: CallArgs<N>): Promise<Reply<CallAnswer<N>>>;
  /** Drains this process. */
  drain(reason: string | null): Promise<Reply<void>>;
  undrain(): Promise<Reply<void>>;
  /** Asks all members. */
  status(): Promise<Reply<MemberStatus[]>>;
  /** `undrain`: ends the drain of this process, too. */
  close(undrain: boolean): Promise<Reply<void>>;
  /** The process exits: ends at once what runs, and releases every lease. Then it gives the `ExitSignal`. */
  exit(): Promise<Reply<void>>;
}
