/**
 * Schedules as the store keeps them: one document each. Its cursor is the last slot that was settled. It moves forward
 * only, by writes that name the cursor that they found, so of two masters one moves it.
 */
import type { ResolvedSchedule } from '../schedules/options.js';

/** Keeps a schedule from queueing. */
export interface SchedulePause {
  readonly by: string;
  readonly reason?: string;
  /** For people only. */
  readonly at: Date;
}

/** All times are in ms since 1970. */
export interface StoredSchedule extends ResolvedSchedule {
  /** Tells payloads apart; empty if a function of the program makes them. */
  readonly digest: string;
  /** All slots up to here are settled. */
  readonly cursor: number;
  /** The term of the master that wrote this last. */
  readonly term: number;
  /** The number of the last task that was queued for a slot; null if there is none. */
  readonly lastSeq: number | null;
  /** The last slot that got a task. */
  readonly last: number | null;
  /** The next slot, as the master expects it, with its jitter. */
  readonly next: number | null;
  /** How often slots were missed and got no task, and when that was last found. */
  readonly missedCount: number;
  readonly missedAt: number | null;
  /** When a member was last seen that has it in its program. */
  readonly declared: number;
  /** Whether no member had it for so long that it begins at that time when one has it again. */
  readonly parked: boolean;
  readonly paused: SchedulePause | null;
  /** When its pause ended, by the clock of who ended it, until a master has settled the slots before then; null without. */
  readonly resumed: number | null;
}

/** What a write sets. The pause is an operator's, and none of these touches it. */
export type ScheduleChange = Partial<Omit<StoredSchedule, 'id' | 'paused'>> & {
  readonly cursor: number;
  readonly payload?: Uint8Array | null;
};

export interface ScheduleWrite {
  readonly id: string;
  /** What must still be there. Null: there must be nothing. */
  readonly expected: Pick<StoredSchedule, 'cursor' | 'pattern' | 'timeZone'> | null;
  /** No later master may have written it. */
  readonly term: number;
  /** The higher term that must be there instead: of a life of the store that is over, so no master of it comes again. */
  readonly over?: number;
  readonly set: ScheduleChange;
  /** The pause of one that is made: it was there before. */
  readonly paused?: SchedulePause | null;
}

/** What became of a request to delete a schedule. `declared`: when a member was last seen that has it; null: there is none. */
export type DeletedSchedule =
  | { readonly deleted: true }
  | { readonly deleted: false; readonly declared: number | null };

export interface ScheduleStore {
  /** Returns schedules in the order of their ids; `ids` null: all. Those that cannot be read are missing. */
  readSchedules(name: string, ids: readonly string[] | null): Promise<StoredSchedule[]>;
  /** Returns one schedule with the bytes of its task; null if a function of the program makes them. */
  findSchedule(name: string, id: string): Promise<(StoredSchedule & { readonly payload: Uint8Array | null }) | null>;
  /** Makes those of the writes whose expectations hold. Returns whether all did. Who must know which did not reads them. */
  writeSchedules(name: string, writes: readonly ScheduleWrite[]): Promise<boolean>;
  /** Says that a member has these schedules in its program. */
  touchSchedules(name: string, ids: readonly string[], at: number): Promise<void>;
  /** Pauses a schedule. Returns false if there is none. */
  pauseSchedule(name: string, id: string, pause: SchedulePause): Promise<boolean>;
  /** Ends its pause, if it has one: the master leaves slots up to `at` without a task. Returns false if there is no such schedule. */
  resumeSchedule(name: string, id: string, at: number): Promise<boolean>;
  /** Deletes a schedule that no member has been seen with since then. */
  deleteSchedule(name: string, id: string, since: number): Promise<DeletedSchedule>;
}
