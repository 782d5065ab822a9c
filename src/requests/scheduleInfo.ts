/** A schedule as people see it. */
import type { Missed, Overlap } from '../schedules/options.js';
import { readPattern } from '../schedules/pattern.js';
import type { StoredSchedule } from '../store/schedules.js';

/** Describes a schedule as the store has it. */
export interface ScheduleInfo {
  /** Names the schedule. */
  readonly id: string;
  /** Holds the cron pattern. */
  readonly pattern: string;
  /** Names the time zone in which it is read. */
  readonly timeZone: string;
  /** Says what becomes of slots that were missed. */
  readonly missed: Missed;
  /** Says what becomes of a slot while the task of the slot before is queued or running. */
  readonly overlap: Overlap;
  /** Is the next slot; null if there is none, or the schedule is paused or parked. */
  readonly next: Date | null;
  /** Is the last slot that got a task; null if none has. */
  readonly last: Date | null;
  /** Counts the looks of a master that found missed slots and gave them no task. */
  readonly missedCount: number;
  /** Says when that was last so; null if it never was. */
  readonly missedAt: Date | null;
  /** Says when a member was last seen that has it in its program. */
  readonly declared: Date;
  /** Says whether it sleeps because no member has had it in its program for a day. */
  readonly parked: boolean;
  /** Says who paused it; null if it is not paused. */
  readonly paused: PausedSchedule | null;
}

/** Says who paused a schedule, when and why. */
export interface PausedSchedule {
  /** Names the one who asked for it. */
  readonly by: string;
  /** Says why; absent if no reason was given. */
  readonly reason?: string;
  /** Says when. */
  readonly at: Date;
}

export function scheduleInfo(row: StoredSchedule, now: number): ScheduleInfo {
  const { id, pattern, timeZone, missed, overlap, missedCount, parked, paused } = row;
  return {
    ...{ id, pattern, timeZone, missed, overlap, missedCount, parked, paused },
    next: parked || paused !== null ? null : dateOf(nextOf(row, now)),
    last: dateOf(row.last),
    missedAt: dateOf(row.missedAt),
    declared: new Date(row.declared),
  };
}

function nextOf({ pattern, timeZone, cursor, from, until }: StoredSchedule, now: number): number | null {
  const next = slotAfter(pattern, timeZone, Math.max(cursor, now, (from ?? 0) - 1));
  return next === null || next > (until ?? next) ? null : next;
}

/** A pattern that another version wrote may be none for this one, and people see the rest. */
function slotAfter(pattern: string, timeZone: string, after: number): number | null {
  try {
    return readPattern(pattern, timeZone, after).next(after);
  } catch {
    return null;
  }
}

function dateOf(at: number | null): Date | null {
  return at === null ? null : new Date(at);
}
