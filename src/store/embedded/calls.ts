/** What crosses between the coordinator thread and the thread of the embedded store. */
import type { WireError } from '../../errors.js';
import type { OwnThreadData } from '../../surroundings/ownThreads.js';
import type { TaskId } from '../../task/task.js';
import type { Drain, OrdersAsked, OrdersChange, Preferred, SeenOrders } from '../orders.js';
import type { Presence } from '../presence.js';
import type {
  DeadTenure,
  Lease,
  Look,
  Member,
  Notice,
  Observation,
  Progress,
  Tenure,
  TermRecord,
  Tip,
} from '../store.js';
import type { Success } from '../successes.js';
import type { SlotTake, TakenSlot } from '../takenSlots.js';
import type {
  Acknowledgement,
  AttemptsRecord,
  Checkpoint,
  DeadLetter,
  FoundDeadLetter,
  LaterTask,
  OutcomeLook,
  QueueCounts,
  QueueState,
  RecordMark,
} from '../taskStore.js';
import type { ChangeCalls } from './changes.js';
import type { SharedGate } from './gate.js';
import type { InspectionCalls } from './inspection.js';
import type { ManyCalls } from './manyCalls.js';
import type { OutboxCalls } from './outbox.js';
import type { OutboxLookCalls } from './outboxLook.js';
import type { PackedOutcomes } from './outcomeBytes.js';
import type { EmbeddedPlace } from './place.js';
import type { ScheduleCalls } from './schedules.js';
import type { PackedRelayed, PackedStored, PackedTasks } from './taskBytes.js';

export interface EmbeddedCalls
  extends InspectionCalls,
    ManyCalls,
    ChangeCalls,
    OutboxCalls,
    OutboxLookCalls,
    ScheduleCalls {
  open(): void;
  settle(epoch: string, wait: number): void;
  highestTerm(name: string): Tip;
  observe(asked: readonly Look[]): (Observation & SeenOrders)[];
  compareAndSetLease(name: string, expected: Lease | null, next: Lease): boolean;
  insertTerm(record: TermRecord): { inserted: true } | { inserted: false; claim: string };
  beat(tenure: Tenure, beat: number, progress: Progress): boolean;
  release(tenure: Tenure, beat: number, progress: Progress, died?: string): boolean;
  releaseDead(tenure: DeadTenure): boolean;
  trimTerms(name: string, below: number): void;
  putMember(member: Member): void;
  removeMember(id: string): void;
  /** Removes the lines of members that did not take them away. */
  removeOldMembers(): void;
  putNotice(notice: Notice): void;
  readNotices(name: string): Notice[];
  listMembers(name: string): Member[];
  readOrders(asked: readonly OrdersAsked[]): SeenOrders[];
  writeOrders(name: string, expectedVersion: number | null, change: OrdersChange): boolean;
  putDrain(drain: Drain): void;
  removeDrain(key: string): void;
  listDrains(): Drain[];
  putPreferred(preferred: Preferred): void;
  putPresence(presence: Presence): void;
  readPresences(known: readonly string[]): Presence[];
  putSuccess(success: Omit<Success, 'at'>): void;
  findSuccess(name: string, key: string): Success | null;
  takeSlot(take: SlotTake): TakenSlot;
  addTasks(name: string, tasks: PackedTasks, maxQueue: number): number[];
  /** Null: the lease is not of that tenure. */
  relayTasks(tenure: Tenure, tasks: PackedRelayed): number[] | null;
  queueState(name: string): QueueState;
  tasksAfter(name: string, seq: number, limit: { readonly tasks: number; readonly bytes: number }): PackedStored;
  acknowledge(tenure: Tenure, acknowledgement: Acknowledgement, outcomes?: PackedOutcomes): boolean;
  setAttempts(tenure: Tenure, record: AttemptsRecord): void;
  clearAttempts(name: string, seq: number, recordedBy: RecordMark | null): void;
  /** Returns whether nothing is left to trim. */
  trimTasks(name: string, through: number): boolean;
  countTasks(name: string): QueueCounts;
  countDeadLetters(name: string): number;
  putDeadLetter(letter: DeadLetter): boolean;
  oldestDeadLetter(name: string, id: TaskId): FoundDeadLetter | null;
  deadLettersAfter(name: string, seq: number, limit: number): FoundDeadLetter[];
  deadLetterAt(name: string, seq: number): FoundDeadLetter | null;
  claimDeadLetter(name: string, seq: number, expected: string | null, claim: string | null): boolean;
  removeDeadLetter(name: string, seq: number): void;
  setCheckpoint(tenure: Tenure, checkpoint: Checkpoint): boolean;
  putOutcomes(name: string, outcomes: PackedOutcomes): void;
  readOutcomes(name: string, ids: readonly TaskId[], later: readonly LaterTask[]): OutcomeLook;
  /** Returns whether nothing is left to trim. */
  trimOutcomes(name: string, before: Date): boolean;
}

export type CallName = keyof EmbeddedCalls;

/** Calls that a lease, or the progress of a master, hangs on. They go before all others, and have a limit. */
const urgent: ReadonlySet<CallName> = new Set([
  'acknowledge',
  'beat',
  'beatAll',
  'claimAll',
  'compareAndSetLease',
  'highestTerm',
  'highestTerms',
  'insertTerm',
  'insertTerms',
  'observe',
  'observeAll',
  'open',
  'queueState',
  'release',
  'releaseAll',
  'releaseDead',
  'setAttempts',
]);

export function isUrgent(call: CallName): boolean {
  return urgent.has(call);
}

export interface Request {
  readonly id: number;
  readonly call: CallName;
  readonly args: readonly unknown[];
  /** When its caller gives up, by the monotonic clock of the process. Callers that can wait may wait longer. */
  readonly deadline: number;
}

export type StoreReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: WireError };

/** Which slots of wakeups.ts were marked; and for which names, if that is known: names that share a slot are not among them. */
export interface MarkedMessage {
  readonly marked: readonly number[];
  readonly names?: readonly string[];
}

/** What the thread says: answers, or what was marked. */
export type StoreMessage = readonly StoreReply[] | MarkedMessage;

export interface StoreThreadData extends OwnThreadData {
  readonly place: EmbeddedPlace;
  /** The buffer of its `StoreActivity`. */
  readonly activity: SharedArrayBuffer;
  readonly gate: SharedGate;
  /** Names the thread among those of this process. */
  readonly thread: string;
}
