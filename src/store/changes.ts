/**
 * What is asked of a queued task, as both stores keep it: to cancel it, or to give it another payload. Any member, or a
 * program without one, writes the request; only the master decides it, because it alone knows what has begun.
 *
 * A request names a task by its number, so it never concerns a later task of the same id. The master puts what it decided on
 * record at the task (`markTask`), proves by an acknowledgement that its mastership lasted until then, and only then answers:
 * each later master reads the tasks after that, and finds the mark. The number of a cancelled task stays in its place, as
 * numbers have no gaps, and masters pass it over; its id is free at once.
 */
import type { TaskId } from '../task/task.js';
import type { Tenure } from './store.js';

/** How many requests of one subsystem may wait for a master. */
export const CHANGES_MAX = 256;
/** How many requests a master reads at once: each may carry a payload. */
export const CHANGES_READ_MAX = 64;
/** How long a request stays good that no master has decided, in ms. */
export const CHANGE_LIFE_MS = 3_600_000;

/**
 * How the master answers. `removed`: it will not begin any more. `updated`: it has the new payload. `done`: it was done,
 * or became a dead letter, before. `unknown`: no such task waits.
 */
export const changeAnswers = ['removed', 'updated', 'done', 'unknown'] as const;
export type ChangeAnswer = (typeof changeAnswers)[number];

export interface TaskChange {
  readonly name: string;
  /** Unique per request, and in the order of time as far as clocks agree: see `changeId`. */
  readonly id: string;
  /** Numbers the task. */
  readonly seq: number;
  readonly key: TaskId;
  /** Whether work on the task that runs is to be ended for it. */
  readonly running: boolean;
  /** The new payload; null: the task is to be cancelled. */
  readonly bytes: Uint8Array | null;
  /** Says who asks. */
  readonly by: string;
  /** When it is forgotten, by the wall clocks of members. */
  readonly until: Date;
}

/** What a master puts on record of a task that it changes. */
export interface TaskMark {
  readonly seq: number;
  readonly key: TaskId;
  /** Counts the marks of the holder, so one that lands after a later one changes nothing. */
  readonly number: number;
  /** The new payload; null: the task is cancelled. */
  readonly bytes: Uint8Array | null;
}

export interface ChangeStore {
  /** Finds the task that has this id now, done or not. Null: there is none. */
  findTask(name: string, id: TaskId): Promise<{ readonly seq: number } | null>;
  /**
   * Writes a request. Returns false, and writes nothing, if `most` of them wait already. Those who ask at the same moment may pass
   * that by as many as they are, a few of each member: a master reads some at a time, however many wait.
   */
  putChange(change: TaskChange, most: number): Promise<boolean>;
  /** Returns requests without an answer, the oldest first, as many as can be read. `except`: without those of these ids. */
  openChanges(name: string, limit: number, except: readonly string[]): Promise<TaskChange[]>;
  /** Keeps masters of lower terms from answering a request. Returns false if it is answered, gone, or of a higher term. */
  takeChange(name: string, id: string, term: number): Promise<boolean>;
  /** Answers a request that was taken under this term. Returns false if it is answered, gone, or another master took it. */
  answerChange(name: string, id: string, term: number, answer: ChangeAnswer): Promise<boolean>;
  /** Returns the answer; null as long as there is none. `gone`: there is no such request. */
  readAnswer(name: string, id: string): Promise<ChangeAnswer | null | 'gone'>;
  removeChange(name: string, id: string): Promise<void>;
  /** Removes requests that are good until before that time, answered or not. */
  trimChanges(name: string, before: Date): Promise<void>;
  /**
   * Puts on record that a task is cancelled, or has another payload. Nothing when the task is not there, or when a mark of a
   * later term, or of this term with a higher number, has come, or a record of a later term. Some stores look at the lease, too.
   */
  markTask(tenure: Tenure, mark: TaskMark): Promise<void>;
}

/** Returns an id that sorts by time. `unique`: a text that no other request has. */
export function changeId(wall: number, unique: string): string {
  return `${Math.max(0, Math.floor(wall)).toString(36).padStart(9, '0')}-${unique}`;
}
