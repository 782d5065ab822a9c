/** What a member does with its mastership: the same questions for a managed queue and for a client that works by itself. */
import type { Lease, Progress } from '../store/store.js';
import type { TaskId } from '../task.js';

export interface MemberWork {
  /** The progress that the next beat carries. */
  progress(): Progress;
  /** Work may start. `continued`: the lease was this member's own before, so its own progress is the newer one. */
  elected(term: number, progress: Progress, continued: boolean): void;
  /** Work must stop now; the mastership may yet be saved. */
  fence(reason: string): void;
  /** It was saved. */
  resume(): void;
  /** It is lost. */
  deposed(reason: string): void;
  /** Lets running work end and starts none. `stuck`: it would not end. */
  drain(): Promise<'drained' | 'stuck'>;
  /** Another member's lease showed a new version. */
  seen(lease: Lease): void;
  /** There is no lease. */
  seenNothing(): void;

  readonly queued: number;
  readonly queuedBytes: number;
  readonly running: TaskId | null;
}
