/** What a member does with its mastership: the same questions for managed queues and for a client that works by itself. */
import type { Lease, Progress } from '../../store/store.js';
import type { TaskId } from '../../task/task.js';

/** How a mastership begins. */
export interface Election {
  readonly term: number;
  readonly progress: Progress;
  /** The lease was this member's own before, so its own progress is the newer one. */
  readonly continued: boolean;
}

export interface Duty {
  /** The progress that the next beat carries. */
  progress(): Progress;
  /** Work may start. */
  elected(election: Election): void;
  /** Work must stop now; the mastership may yet be saved. */
  fence(reason: string): void;
  /** It was saved. */
  resume(): void;
  /** It is lost. `left`: how long nobody else can be master yet, in ms; 0 except when it was given up. */
  deposed(reason: string, left: number): void;
  /** Lets running work end and starts none. `stuck`: it would not end. */
  drain(): Promise<'drained' | 'stuck'>;
  /** Another member's lease showed a new version. */
  seen(lease: Lease): void;
  /** There is no lease. */
  seenNothing(): void;
  /** The lease of a member of another kind was seen: what it says of tasks is about others than this one's. */
  seenOtherKind(): void;

  /** What of it waits, for `status()`. */
  load(): Promise<DutyLoad>;
}

export interface DutyLoad {
  readonly queued: number;
  readonly queuedBytes: number;
  readonly running: TaskId | null;
  readonly blocked: TaskId | null;
  /** Null: the store does not say. */
  readonly dead: number | null;
  /** In ms; null when nothing is queued. */
  readonly headAge: number | null;
}

export const noLoad: DutyLoad = {
  queued: 0,
  queuedBytes: 0,
  running: null,
  blocked: null,
  dead: 0,
  headAge: null,
};
