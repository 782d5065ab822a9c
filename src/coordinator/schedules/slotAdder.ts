/** How the timetable stores tasks. */
import type { SlotTask } from '../../requests/slots.js';
import type { Moment } from '../../store/taskStore.js';

/** A task of a slot, whose origin is the schedule and the slot. */
export interface OriginTask extends SlotTask {
  readonly schedule: string;
  readonly slot: number;
}

export interface SlotResult {
  /** Its number. Null if another task with its id is queued, or the store does not tell. */
  readonly seq: number | null;
}

export interface SlotAdder {
  /** Returns up to which number all tasks of the queue are done. */
  done(): Promise<number>;
  /** Returns whether the queue has a task of this number, or of a higher one. */
  reaches(seq: number): Promise<boolean>;
  /**
   * Stores each of the tasks once, also if a master before has stored it, in this order. Results are in order; null: another member is
   * master. `since`: from before the cursors were read.
   */
  add(tasks: readonly OriginTask[], term: number, since: Moment): Promise<readonly SlotResult[] | null>;
}
