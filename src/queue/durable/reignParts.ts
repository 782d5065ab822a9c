/** What a mastership of a stored queue is made of, what it begins with, and what it tells. */
import type { CodedError } from '../../errors.js';
import type { Attempts, Burial, NewTask } from '../../store/taskStore.js';
import type { TaskId } from '../../task/task.js';
import type { Clock } from '../../time/clock.js';
import type { QueuedTask } from '../runner.js';
import type { TaskWindow } from './taskWindow.js';

/** Most tasks that are done or running without an acknowledgement. */
export const UNACKNOWLEDGED_MAX = 256;
interface DurableQueueCallbacks {
  /** Tasks that may run are there: poke the dispatcher. */
  wake(): void;
  /** Tasks are done, and acknowledged. */
  acknowledged(ids: readonly TaskId[]): void;
  /** Called when tasks were cancelled: they begin no more. `again`: under an earlier mastership, which may have told it. */
  cancelled(ids: readonly TaskId[], again?: boolean): void;
  /** See `ChangingParts.apart`. */
  apart(task: QueuedTask, ends: boolean): Promise<void> | null;
  /** Called when a task was given up, and is a dead letter. */
  buried(id: TaskId, error: CodedError): void;
  /** Called when a call to the store failed, and is made again, or when the queue is blocked (`ERR_QUEUE_BLOCKED`). */
  trouble(error: Error): void;
}

export interface ReignParts {
  readonly name: string;
  readonly clock: Clock;
  readonly retry: { readonly attempts: number; readonly exhausted: 'block' | 'dead-letter' };
  /** Between two looks for new tasks, in ms. */
  readonly poll: number;
  /** For how long it is kept how a task ended, in ms; null: it is not. */
  readonly keepOutcomes: number | null;
  readonly callbacks: DurableQueueCallbacks;
  /** Returns whether a task of this origin may begin. Missing: all may. `originsSettled` says that one may by now. */
  mayBegin?(origin: string): boolean;
  /** Returns up to which number tasks may be trimmed once they are done. Missing: all may. */
  trimLimit?(): number;
}

/** What was put on record before a suspect began. */
export type Suspicion = Attempts & { readonly seq: number };

/** What a mastership begins with. */
export interface Takeover {
  readonly window: TaskWindow;
  /** All up to here are done, or given up. */
  readonly done: number;
  /** Tasks up to here are suspects. */
  readonly suspectsThrough: number;
  /** With what the head is on record as a suspect that this member was running. */
  readonly suspicion: Suspicion | null;
}

/**
 * What holds the queue up, and what ends that:
 *
 *   recording   what failed, or a suspect that is about to run, goes on record. Ended when it is.
 *   burying     a task becomes a dead letter. Ended when it is one.
 *   blocked     the attempts of the head are used up. Ended when its record is cleared, or the task is gone or cancelled.
 *   lost        an acknowledgement was refused: another member is master, as the next beat will say. Beside the others; ended
 *               by one that is not: on a store without atomic writes a late write may have stood in the lease's place for a while.
 */
export type Hold = 'recording' | 'burying' | 'blocked';

/** A task that is becoming a dead letter. */
export interface OpenBurial {
  readonly task: NewTask;
  readonly burial: Burial;
  readonly error: CodedError;
}
