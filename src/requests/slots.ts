/** What people ask of one schedule: a task now, or the tasks of slots that have passed. For members and for programs without one. */
import { FailoverError, InvalidOptionError } from '../errors.js';
import { readPattern } from '../schedules/pattern.js';
import { type StoredSlot, slotTaskId, triggeredTaskId } from '../schedules/slots.js';
import type { ScheduleStore, StoredSchedule } from '../store/schedules.js';
import type { Store } from '../store/store.js';
import { withText } from '../task/withText.js';

/** Slots that one `backfill` may have. */
const BACKFILL_MAX = 1000;

export type SlotKind = 'trigger' | 'backfill';

/** A task for a slot, as it is stored. */
export interface SlotTask {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly details: StoredSlot;
}

export function taskIdOf(id: string, slot: number, kind: SlotKind): string {
  return kind === 'trigger' ? triggeredTaskId(id, slot) : slotTaskId(id, slot);
}

/** Returns the task that people ask for. `key`: the property that gets its id; null: a function reads the id. */
export function askedTask(
  id: string,
  { slot, kind, now }: { readonly slot: number; readonly kind: SlotKind; readonly now: number },
  task: { readonly template: Uint8Array; readonly key: string | null } | { readonly bytes: Uint8Array },
): SlotTask {
  const taskId = taskIdOf(id, slot, kind);
  const late = Math.max(0, now - slot);
  const details = { schedule: id, slot, late, missed: false, backfilled: kind === 'backfill' };
  return { id: taskId, bytes: 'bytes' in task ? task.bytes : filled(task.template, task.key, taskId), details };
}

/** Returns the template with the id under its key. */
export function filled(template: Uint8Array, key: string | null, taskId: string): Uint8Array {
  return key === null ? template : withText(template, key, taskId);
}

/**
 * Returns the slots from `from` through `to`. None is behind the cursor: those are the master's, and would get two tasks. None is outside
 * of what the schedule has as its own `from` and `until`: there it has no slots.
 *
 * @throws InvalidOptionError
 */
export function slotsToBackfill(schedule: StoredSchedule, from: number, to: number, now: number): number[] {
  if (to < from) throw new InvalidOptionError(`the end (${show(to)}) must not be before the beginning (${show(from)})`);
  const first = Math.max(from, schedule.from ?? from);
  const last = Math.min(to, schedule.cursor, now, schedule.until ?? to);
  const { next } = readPattern(schedule.pattern, schedule.timeZone, 0);
  const slots: number[] = [];
  for (let slot = next(first - 1); slot !== null && slot <= last; slot = next(slot)) {
    if (slots.push(slot) > BACKFILL_MAX) {
      const text = `there are more than ${BACKFILL_MAX} slots from ${show(from)} to ${show(to)}; backfill them in parts`;
      throw new InvalidOptionError(text);
    }
  }
  return slots;
}

export function unknownSchedule(name: string, id: string): FailoverError {
  const text = `'${name}' has no schedule '${id}' in the store: no master that has it in its program has been there yet`;
  return new FailoverError('ERR_SCHEDULE_UNKNOWN', text);
}

/** A member says each hour that it has a schedule. One that none has had for so long, in ms, is in no program. */
const DECLARED_MS = 2 * 3_600_000;

/**
 * Deletes a schedule that no program has any more.
 *
 * @throws FailoverError `ERR_SCHEDULE_UNKNOWN`, `ERR_SCHEDULE_DECLARED`
 */
export async function deleteSchedule(
  store: Pick<Store, 'clockAhead'> & { readonly schedules: Pick<ScheduleStore, 'deleteSchedule'> },
  { name, id, now }: { readonly name: string; readonly id: string; readonly now: number },
): Promise<void> {
  const ahead = await store.clockAhead();
  if (ahead === null) {
    const why = 'the clock of the server is not known, so neither is when a member had it last; ask again';
    throw new FailoverError('ERR_SCHEDULE_DECLARED', notDeleted(name, id, why));
  }
  // A clock that is ahead, here or at the server, must not make a member's word old.
  const earliest = ahead === 'none' ? now : Math.min(now, now + ahead);
  const answer = await store.schedules.deleteSchedule(name, id, earliest - DECLARED_MS);
  if (answer.deleted) return;
  const { declared } = answer;
  if (declared === null) throw unknownSchedule(name, id);
  throw declaredSchedule(name, id, `a member had it in its program at ${show(declared)}`, earliest - declared);
}

/** `since`: for how long no member has had it, in ms. */
export function declaredSchedule(name: string, id: string, why: string, since: number): FailoverError {
  const minutes = Math.max(1, Math.ceil((DECLARED_MS - since) / 60_000));
  const what = `${why}, and would make it again; take it out of all programs, and delete it ${minutes} min from now`;
  return new FailoverError('ERR_SCHEDULE_DECLARED', notDeleted(name, id, what));
}

function notDeleted(name: string, id: string, why: string): string {
  return `the schedule '${id}' of '${name}' was not deleted: ${why}`;
}

function show(instant: number): string {
  return new Date(instant).toISOString();
}
