/** The client does its work by itself and says where it is; the lease carries that to the standbys. */
import type { Lease, Progress } from '../store/store.js';
import type { TaskId } from '../task.js';
import type { MemberWork } from './memberWork.js';

export class UnmanagedWork implements MemberWork {
  readonly queued = 0;
  readonly queuedBytes = 0;
  readonly running = null;
  private current: Progress;
  private master = false;

  /** `progressed` is called when there is something for the standbys. */
  constructor(
    identifier: TaskId | null,
    private readonly progressed: () => void,
  ) {
    this.current = { identifier, count: 0, recent: [] };
  }

  /** False when this member is not the one that works: then the identifier is dropped. */
  synchronize(identifier: TaskId): boolean {
    if (!this.master) return false;
    this.current = { identifier, count: this.current.count + 1, recent: [] };
    this.progressed();
    return true;
  }

  progress(): Progress {
    return this.current;
  }

  elected(_term: number, progress: Progress, continued: boolean): void {
    this.master = true;
    if (!continued && progress.identifier !== null) this.current = { ...progress, recent: [] };
  }

  fence(): void {}

  resume(): void {}

  deposed(): void {
    this.master = false;
  }

  seenNothing(): void {}

  async drain(): Promise<'drained'> {
    return 'drained';
  }

  seen(lease: Lease): void {
    if (lease.identifier !== null) this.current = { identifier: lease.identifier, count: lease.count, recent: [] };
  }
}
