/** What crosses between a cluster and its schedules on the coordinator thread. */
import type { ResolvedSchedule } from '../schedules/options.js';
import type { StoredSchedule } from '../store/schedules.js';

/** A schedule as the program has it. */
export interface Declaration extends ResolvedSchedule {
  /** The bytes of its task; null if a function of the program makes them. */
  readonly template: Uint8Array | null;
  /** Tells templates apart; empty without one. */
  readonly digest: string;
}

/** A task for a slot that people ask for. */
export interface AskedSlot {
  readonly slot: number;
  /** Null: the store has the template. */
  readonly bytes: Uint8Array | null;
}

export interface ScheduleCalls {
  declare(declaration: Declaration): Promise<void>;
  list(): Promise<StoredSchedule[]>;
  /** Returns a schedule. The slots that a backfill has are found on the main thread: that takes too long for one with beats. */
  find(id: string): Promise<StoredSchedule>;
  /** Queues tasks that people ask for. Returns whether each is queued; `full`: there is no room for the rest. */
  queue(
    id: string,
    kind: 'trigger' | 'backfill',
    slots: readonly AskedSlot[],
  ): Promise<('stored' | 'known' | 'full')[]>;
  pause(id: string, reason: string | null): Promise<void>;
  resume(id: string): Promise<void>;
  delete(id: string): Promise<void>;
  /** Answers a `makeSlotTask` event; null: the function failed. */
  made(taskId: string, bytes: Uint8Array | null): Promise<void>;
}

export type ScheduleCallName = keyof ScheduleCalls;
export type ScheduleAnswer<N extends ScheduleCallName = ScheduleCallName> = Awaited<ReturnType<ScheduleCalls[N]>>;
/** One call, with its arguments. */
export type ScheduleCall = {
  readonly [N in ScheduleCallName]: { readonly name: N; readonly args: Parameters<ScheduleCalls[N]> };
}[ScheduleCallName];

/** Asks the program for the task that one of its functions makes: it answers by `made`. */
export interface MakeSlotTask {
  readonly type: 'makeSlotTask';
  readonly schedule: string;
  readonly taskId: string;
  readonly slot: number;
}
