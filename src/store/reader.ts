/**
 * A store as people look at it: what is there, in pages, and nothing is ever written. No index, collection, folder or file
 * is made, so a database user who may only read is enough. No answer grows with the number of tasks or subsystems.
 */

import type { TaskId } from '../task/task.js';
import type { StoreFacts } from './facts.js';
import type { Drain, SeenOrders } from './orders.js';
import type { StoredSchedule } from './schedules.js';
import type { SeenOutbox } from './seenOutbox.js';
import type { ServerAhead } from './serverAhead.js';
import type { Lease, Member, TermRecord } from './store.js';
import type { FoundDeadLetter, OutcomeLook, QueueState, StoredTask } from './taskStore.js';

/** The lease of one subsystem, as far as it can be read. */
export interface LeaseEntry {
  readonly name: string;
  /** Null if it cannot be read; its `recent` is empty, because it is not asked for. */
  readonly lease: Lease | null;
  readonly state: QueueState;
  /** When the document was last written, by the wall clock of the member that did. */
  readonly at: Date | null;
  /** Why the lease cannot be read. */
  readonly problem: string | null;
}

export interface TermEntry extends TermRecord {
  /** When that mastership was won, by the wall clock of its member. */
  readonly at: Date | null;
}

/** Without its payload if that was not asked for: then `bytes` is empty. */
export type TaskEntry = StoredTask;
export type LetterEntry = FoundDeadLetter;

/** What a page begins after, and how much it holds at most. */
export interface Page<Key> {
  readonly after: Key;
  readonly limit: number;
}

export interface StoreReader {
  /** The store as messages call it. */
  readonly label: string;
  /** @throws StoreError if there is no store */
  open(): Promise<void>;
  /** Never rejects. */
  close(): Promise<void>;
  /** Returns the leases in the order of their names. */
  leases(page: Page<string>): Promise<LeaseEntry[]>;
  /** Returns the leases of these names, those that are there, in one read for each hundred. */
  leasesOf(names: readonly string[]): Promise<LeaseEntry[]>;
  /** Returns the last masterships, the newest first. */
  terms(name: string, limit: number): Promise<TermEntry[]>;
  /** Returns the members of one subsystem, or of all. */
  members(name: string | null): Promise<Member[]>;
  /** Returns what operators ask of these subsystems, in order. */
  orders(names: readonly string[]): Promise<SeenOrders[]>;
  drains(): Promise<Drain[]>;
  /** Returns the highest number of a stored task; 0 without any. */
  highestTask(name: string): Promise<number>;
  /** Returns some of the names that there are stored tasks of, except these. It finds each by an index. */
  taskNames(except: readonly string[], limit: number): Promise<string[]>;
  /** Returns stored tasks in the order of their numbers, those that are done included. */
  tasks(name: string, page: Page<number>, withPayload: boolean): Promise<TaskEntry[]>;
  /** Counts dead letters, and stops at `max`. */
  countLetters(name: string, max: number): Promise<number>;
  /** Returns dead letters in the order of their numbers. */
  letters(name: string, page: Page<number>, withPayload: boolean): Promise<LetterEntry[]>;
  /** Tells how the last tasks with these ids ended, as far as that is kept. */
  outcomes(name: string, ids: readonly TaskId[]): Promise<OutcomeLook>;
  clockAhead(): Promise<ServerAhead>;
  /** Looks for entries of the outbox that no master takes. `known`: the names that members have; `before`: what was due by then is late. */
  outbox(known: readonly string[], before: Date): Promise<SeenOutbox>;
  /** Asks the store what it is, and how fast it answers. */
  examine(): Promise<StoreFacts>;
  /** Returns the oldest dead letter with this id. */
  letterOf(name: string, id: TaskId): Promise<LetterEntry | null>;
  /** Returns the schedules of a subsystem, those that can be read, without their payloads. */
  schedules(name: string): Promise<StoredSchedule[]>;
  /** Returns the dead letter with this number, with its payload. It finds it by its key. */
  letterAt(name: string, seq: number): Promise<LetterEntry | null>;
}

/** At most so many leases, members, tasks or letters are in one answer. */
export const PAGE_MAX = 500;

/** No payload was asked for. */
export const NO_BYTES = new Uint8Array();
