/**
 * What waits to be moved into the queues: tasks that are due later, and those that were written in a user's own transaction. The
 * master of a subsystem moves its entries (src/relay). As in `TaskStore`, every call may fail, and can be made again.
 */
import type { TaskId } from '../task/task.js';

/** An entry of ours, for a task that is due later. */
export interface NewEntry {
  readonly id: TaskId;
  readonly bytes: Uint8Array;
  readonly at: Date;
  /** Unique for each call, so a task of the same id that comes later is another one. Those that come later are higher. */
  readonly origin: string;
}

/** Names an entry in the store. */
export interface EntryRef {
  readonly key: unknown;
  /** The origin of its task. */
  readonly origin: string;
  /** What another program gave as its origin, where that is another. */
  readonly given?: string;
}

export interface Entry extends EntryRef {
  readonly id: TaskId;
  readonly bytes: Uint8Array;
  /** Not before then; null: at once. */
  readonly at: Date | null;
  /** Whether a master has marked it as due. */
  readonly marked: boolean;
}

/** An entry that cannot become a task: another program wrote something else. */
export interface BadEntry extends EntryRef {
  readonly problem: string;
  /** What says when it is due, whatever that is; missing if nothing does. */
  readonly at?: unknown;
}

/** Where a program writes entries in transactions of its own. */
export interface OutboxPlace {
  readonly database: string;
  /** Names the life of the store, as `Observation` does. */
  readonly epoch: string;
}

export interface OutboxStore {
  /** Stores entries. Returns for each whether it was stored; false: one of this id is there, and stays as it is. */
  putEntries(name: string, entries: readonly NewEntry[]): Promise<boolean[]>;
  /**
   * Returns those of the names that have entries which are due or marked. It may be behind, and miss some that cannot be read. Makes
   * entries due again whose refusal another program has taken back.
   */
  namesWaiting(names: readonly string[], now: Date): Promise<string[]>;
  /**
   * Returns entries that are due or marked: the marked ones first, then by their time, those without first; at most `most`, fewer where
   * they are large, and none if there are none. What has been written before it is called, it sees.
   */
  readEntries(name: string, now: Date, most: number): Promise<(Entry | BadEntry)[]>;
  /** Marks entries as due for all masters, whatever their clocks say. */
  markEntries(name: string, entries: readonly EntryRef[]): Promise<void>;
  /** Puts down why entries cannot become tasks. They stay, and are not read any more, nor passed by a look. */
  refuseEntries(name: string, entries: readonly BadEntry[]): Promise<void>;
  /** Removes those entries, and none that came later in the place of one. */
  removeEntries(name: string, entries: readonly EntryRef[]): Promise<void>;
  /** Returns where transactions write, once all is there that they need; null if the store has no such. */
  outboxPlace(): Promise<OutboxPlace | null>;
}
