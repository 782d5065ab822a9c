/**
 * The store as a durable queue sees it: tasks in the order of their number, how far they are done, and dead letters.
 *
 * The numbers of one queue (`seq`) count up from 1 without a gap: a task gets n only when n - 1 is there. A member that
 * finds n missing while n + 1 is there, and looks once more and still does, knows that n was done and trimmed. A number
 * is never given to two tasks, nor one at or below `done` to a new one, whatever is trimmed in between.
 *
 * How far the queue is done is in the lease, so one conditional write both acknowledges and proves that the
 * mastership lasts. As in `Store`, every call ends within the time limit, may fail with a `StoreError`, and then its
 * outcome is unknown; all of them can be called again.
 */
import type { TaskDetails, TaskId } from '../task/task.js';
import type { ChangeStore } from './changes.js';
import type { ManyStore } from './manyStore.js';
import type { OutboxStore } from './outbox.js';
import type { ScheduleStore } from './schedules.js';
import type { Store, Tenure } from './store.js';

export type IdRule = number | 'requeued';

export interface NewTask {
  readonly id: TaskId;
  readonly bytes: Uint8Array;
  /** What the context of the work is made of beside the task. */
  readonly details?: TaskDetails | undefined;
  /**
   * How long its id stays taken after it is stored, in ms, though it may be done before; or `requeued`: it is a dead letter that
   * is put back, and stored though its id is taken by one that is done. Missing: its id is free when it is done.
   */
  readonly idRule?: IdRule | undefined;
}

/** A task that a master moves into the queue from elsewhere: once, although the call is repeated, by it or by the next one. */
export interface RelayedTask extends NewTask {
  /** Names what it was made from, as no other task of the queue is named. Stays with the task until that is trimmed. */
  readonly origin: string;
}

/** What is on record of a task's failures. */
export interface Attempts {
  /** How often it was tried and did not end well. */
  readonly attempts: number;
  /** How many of those were begun under suspicion (see durableQueue.ts), and never heard of again. */
  readonly deaths: number;
}

/** Which of all records of a task was written last: the higher term, and within it the higher number. */
export interface RecordMark {
  readonly term: number;
  readonly number: number;
}

export interface StoredTask extends NewTask, Attempts {
  readonly seq: number;
  /** Missing if a member submitted it. */
  readonly origin?: string;
  /** Which record the attempts are from; null as long as there is none. */
  readonly recordedBy: RecordMark | null;
  /** When it was stored, by the wall clock of the member that did: for people only. */
  readonly at: Date;
  /** Whether it was cancelled, and is only passed over. Missing: it was not. */
  readonly cancelled?: boolean;
  /** Whether it failed for good (`permanent`), however many attempts are left. */
  readonly permanent?: boolean;
  /** What its last attempt put down as its checkpoint; undefined: it did not. */
  readonly checkpoint?: Uint8Array | undefined;
}

/** What a master puts on record of a task. */
export interface AttemptsRecord extends Attempts {
  readonly seq: number;
  /** Whether it failed for good, until its record is cleared. */
  readonly permanent?: boolean;
  /** Counts the records of the holder, so one which lands after a later one changes nothing. */
  readonly number: number;
}

/**
 * `known`: a task with this id is queued already, is being moved to the dead letters, or is done and keeps its id for longer.
 * `full`: `maxQueue` tasks are queued.
 */
export type AddResult =
  | { readonly type: 'stored'; readonly seq: number }
  | { readonly type: 'known' }
  | { readonly type: 'full' };

/** `relayed`: a task of this origin is there; its number, where that is known. `known`: a task of another origin that has this id is queued. */
export type RelayResult =
  | { readonly type: 'stored'; readonly seq: number }
  | { readonly type: 'relayed'; readonly seq?: number }
  | { readonly type: 'known' };

/** A time by both clocks, of which the one that ran further counts. */
export interface Moment {
  readonly now: number;
  readonly sinceBoot: number;
}

/** Why a task was given up. */
export interface Verdict {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly attempts: number;
  /** Whether the error said that trying again is of no use. */
  readonly permanent?: true;
}

/** A task that is being moved to the dead letters: acknowledged already, and still to be put there. */
export interface Burial extends Verdict {
  readonly seq: number;
}

export interface Acknowledgement {
  /**
   * Counts the attempts of the holder, so one which lands after a later one changes nothing, and each leaves a lease
   * as it never was before, which is what claims rely on.
   */
  readonly number: number;
  readonly done: number;
  readonly burial: Burial | null;
  /** How tasks ended that it takes, kept before it counts. Missing, or empty: none are. */
  readonly outcomes?: readonly TaskOutcome[];
}

export interface QueueState {
  /** All tasks up to this number are done, or dead letters; 0 at the beginning. */
  readonly done: number;
  readonly burial: Burial | null;
}

export interface DeadLetter extends NewTask, Verdict {
  readonly queue: string;
  readonly seq: number;
  readonly at: Date;
}

/** A dead letter as it is found. */
export interface FoundDeadLetter extends DeadLetter {
  /** Names the call that is putting it back; null when none is. */
  readonly claim: string | null;
}

/** What a running task puts down, for its next attempt. */
export interface Checkpoint {
  readonly seq: number;
  /** Counts the writes of the holder, so one which lands after a later one changes nothing. */
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** How a task ended. Of two outcomes of one id the one of the higher number counts, then that of the higher term. */
export interface TaskOutcome {
  readonly id: TaskId;
  readonly seq: number;
  /** That of its task; missing if a member submitted it. */
  readonly origin?: string | undefined;
  readonly term: number;
  readonly state: 'done' | 'failed' | 'cancelled';
  readonly attempts: number;
  /** Of a task that failed. */
  readonly error: Omit<Verdict, 'attempts'> | null;
  /** What the work returned, encoded; null if it returned nothing but that the task is done. */
  readonly result: Uint8Array | null;
  readonly at: Date;
  /** When it may be deleted. */
  readonly until: Date;
}

/** What is known of some ids. `done` was read first, so the outcome of a number up to there is among these, or is nowhere. */
export interface OutcomeLook {
  readonly done: number;
  /** For each id the number of the task that has it; null if none is stored. It may be done already. */
  readonly stored: readonly (number | null)[];
  /** For each id. An outcome of a number above `done` does not count: its task is not acknowledged. */
  readonly outcomes: readonly (TaskOutcome | null)[];
  /** For each of the tasks that come from the outbox. Their entries were read before all else. */
  readonly later: readonly SeenLater[];
}

/** Names a task that comes from the outbox, which has no number at first. */
export interface LaterTask {
  readonly id: TaskId;
  /** The ObjectId of its entry, in hexadecimal digits; null: its entry is that of a task that is due later. */
  readonly key: string | null;
  /** What was written as its origin; null: that of the entry which is there. */
  readonly origin: string | null;
}

export interface SeenLater {
  /** The origin that its task has, or will have; null if that was asked for, and no entry is there. */
  readonly origin: string | null;
  /** Whether its entry is in the outbox. */
  readonly waits: boolean;
  /** The number of the stored task of that origin which has the id; null if there is none. It may be done already. */
  readonly seq: number | null;
}

export interface QueueCounts {
  readonly queued: number;
  readonly dead: number;
  /** When the oldest queued task was stored; null when nothing is queued. */
  readonly headAt: Date | null;
}

/**
 * How far apart the numbers are that a letter may have: the first is that of its task, and if that is taken by another task's
 * letter, the next one is so much higher. Above all numbers of tasks.
 */
export const LETTERS_APART = 2 ** 45;

/** How many dead letters a store counts at least, before it may stop. */
export const DEAD_LETTERS_COUNTED_MAX = 100_000;

/** How many ids one look at outcomes may ask for: 64 KiB of result each must fit into one answer. */
export const OUTCOMES_READ_MAX = 200;

export interface TaskStore extends ChangeStore {
  /**
   * Stores the tasks in this order, with consecutive numbers among themselves, unless other members store in between.
   * On a failure a beginning of them may have been stored. Two with the same id in one call: the second is `known`.
   */
  addTasks(name: string, tasks: readonly NewTask[], maxQueue: number): Promise<AddResult[]>;
  /**
   * Stores the tasks as `addTasks` does, however many are queued, but for those whose origin a task has that is stored, be it
   * done or not. `since`: from before their source was read; too long after that it fails, as the source may be gone and the
   * task trimmed. Null: the tenure is over, where the store can tell. What the source of a task is must outlast the task's
   * trimming by nothing: `trimTasks` is told of a task only when its source is gone for sure.
   */
  relayTasks(tenure: Tenure, tasks: readonly RelayedTask[], since: Moment): Promise<RelayResult[] | null>;
  queueState(name: string): Promise<QueueState>;
  /** Tasks with higher numbers than `seq`, in order: at most `tasks` of them, and, but for the first, at most `bytes`. */
  tasksAfter(
    name: string,
    seq: number,
    limit: { readonly tasks: number; readonly bytes: number },
  ): Promise<StoredTask[]>;
  /**
   * Raises `done`, never lowers it, and sets the burial, if the lease is still of this tenure and no acknowledgement of a
   * higher number has come. False: it is not, or one has. Its outcomes are kept before, as by `putOutcomes`, or by the same
   * transaction where the store has one, and then none of one that is refused. If they cannot be kept, it fails.
   */
  acknowledge(tenure: Tenure, acknowledgement: Acknowledgement): Promise<boolean>;
  /**
   * Puts on record how often a task was tried; new tasks have zeros. Nothing when the task is not there, or when a record
   * of a later term, or of this term with a higher number, has come.
   */
  setAttempts(tenure: Tenure, record: AttemptsRecord): Promise<void>;
  /**
   * Gives a task all its attempts again, whichever member is master, if its last record is still that one. The record stays the
   * last one, so an earlier one that lands later changes nothing.
   */
  clearAttempts(name: string, seq: number, recordedBy: RecordMark | null): Promise<void>;
  /**
   * Puts down the checkpoint of a task. False, and nothing is written: the task is not there, a master of a later term has put
   * its attempts on record, or a checkpoint of a later term, or of this term with a higher number, has come.
   */
  setCheckpoint(tenure: Tenure, checkpoint: Checkpoint): Promise<boolean>;
  /**
   * Deletes, now or later, tasks up to `through`, which must be done. Of those whose id is taken for longer, it keeps what says
   * so until that time is over. May be called often.
   */
  trimTasks(name: string, through: number): Promise<void>;
  /** Numbers and times for people; counts may be behind. */
  countTasks(name: string): Promise<QueueCounts>;

  /**
   * Writes the letter unless it is there. Returns false, and writes nothing, if its number is that of another task's
   * letter: numbers begin again where the lease or the tasks were dropped and the letters were not.
   */
  putDeadLetter(letter: DeadLetter): Promise<boolean>;
  /** May stop counting at `DEAD_LETTERS_COUNTED_MAX`. Its cost does not grow with the number of letters beyond that. */
  countDeadLetters(name: string): Promise<number>;
  /** Returns the oldest dead letter with this id. */
  oldestDeadLetter(name: string, id: TaskId): Promise<FoundDeadLetter | null>;
  /** Returns letters with higher numbers than `seq`, in order, without their payload. */
  deadLettersAfter(name: string, seq: number, limit: number): Promise<FoundDeadLetter[]>;
  deadLetterAt(name: string, seq: number): Promise<FoundDeadLetter | null>;
  /** Replaces the claim of a letter, if it is still `expected`. Returns false if it is another, or the letter is gone. */
  claimDeadLetter(name: string, seq: number, expected: string | null, claim: string | null): Promise<boolean>;
  removeDeadLetter(name: string, seq: number): Promise<void>;

  /** Keeps how tasks of different ids ended, but for those whose id has an outcome that counts more, or the same. Returns when all are kept. */
  putOutcomes(name: string, outcomes: readonly TaskOutcome[]): Promise<void>;
  /** At most `OUTCOMES_READ_MAX` different ids. The ids of those from the outbox are among them. */
  readOutcomes(name: string, ids: readonly TaskId[], later?: readonly LaterTask[]): Promise<OutcomeLook>;
  /** Deletes a bounded number of those whose time was over before then. Returns whether it has come to the end. */
  trimOutcomes(name: string, before: Date): Promise<boolean>;
}

/** All that a store of ours does. */
export interface FullStore extends Store {
  readonly tasks: TaskStore;
  readonly outbox: OutboxStore;
  readonly many: ManyStore;
  readonly schedules: ScheduleStore;
}
