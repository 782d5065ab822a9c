/** From the plans of one look to its tasks, in order, and from their results to the cursors. */
import type { Plan, PlannedSlot } from '../../schedules/planner.js';
import { slotTaskId } from '../../schedules/slots.js';
import type { ScheduleWrite, StoredSchedule } from '../../store/schedules.js';
import type { SlotResult } from './slotAdder.js';

export interface DueSchedule {
  readonly row: StoredSchedule;
  readonly plan: Plan;
  /** The slots that get a task. */
  readonly slots: readonly PlannedSlot[];
}

export interface SlotToQueue {
  readonly id: string;
  readonly planned: PlannedSlot;
}

/** Returns the slots of all schedules in the order of their times, then ids. */
export function inOrder(due: readonly DueSchedule[]): SlotToQueue[] {
  const all = due.flatMap(({ row, slots }) => slots.map((planned) => ({ id: row.id, planned })));
  return all.sort((a, b) => a.planned.slot - b.planned.slot || (a.id < b.id ? -1 : 1));
}

/**
 * Returns the write that moves the cursor: up to the first slot whose task is not made yet. `results`: by the ids of
 * tasks. `isWhole`: all slots of the plan are settled.
 */
export function settledBy(
  { row, plan, slots }: DueSchedule,
  results: ReadonlyMap<string, SlotResult>,
  { term, now }: { readonly term: number; readonly now: number },
): { readonly write: ScheduleWrite | null; readonly isWhole: boolean } {
  const resultOf = ({ slot }: PlannedSlot) => results.get(slotTaskId(row.id, slot));
  const open = slots.findIndex((slot) => resultOf(slot) === undefined);
  const queued = open < 0 ? slots : slots.slice(0, open);
  const cursor = Math.max(row.cursor, open < 0 ? plan.cursor : (slots[open]?.slot ?? 0) - 1);
  const isWhole = open < 0;
  if (cursor === row.cursor) return { write: null, isWhole };
  const last = queued.at(-1);
  const set = {
    cursor,
    next: plan.next,
    ...(last === undefined ? {} : { last: last.slot, lastSeq: resultOf(last)?.seq ?? null }),
    ...(isWhole && plan.hasLost ? { missedCount: row.missedCount + 1, missedAt: now } : {}),
  };
  return { write: { id: row.id, expected: row, term, set }, isWhole };
}
