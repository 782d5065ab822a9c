/** The client does its work by itself and says where it is; the lease carries that to the standbys. */
import type { Lease, Progress } from '../../store/store.js';
import type { TaskId } from '../../task/task.js';
import type { OwnedGroups } from '../ownedGroups.js';
import { type Duty, type DutyLoad, type Election, noLoad } from './duty.js';

export class UnmanagedDuty implements Duty {
  private current: Progress;
  private master = false;

  /** `progressed` is called when there is something for the standbys. `groups` are the processes that do the work. */
  constructor(
    identifier: TaskId | null,
    private readonly progressed: () => void,
    private readonly groups: OwnedGroups | null = null,
  ) {
    this.current = { identifier, count: 0, recent: [] };
  }

  /** Notes the identifier. Returns false, and drops it, if this member is not master. */
  synchronize(identifier: TaskId): boolean {
    if (!this.master) return false;
    this.current = { identifier, count: this.current.count + 1, recent: [] };
    this.progressed();
    return true;
  }

  async load(): Promise<DutyLoad> {
    return noLoad;
  }

  progress(): Progress {
    return this.current;
  }

  held(validUntil: number): void {
    this.groups?.held(validUntil);
  }

  elected({ progress, continued }: Election): void {
    this.master = true;
    this.groups?.elected();
    if (!continued && progress.identifier !== null) this.current = { ...progress, recent: [] };
  }

  fence(): void {}

  resume(): void {}

  deposed(_reason: string, left: number): void {
    this.master = false;
    if (left > 0) void this.groups?.drain();
    else this.groups?.lost();
  }

  seenNothing(): void {}

  seenOtherKind(): void {}

  // The program hears of it by events.
  hold(): void {}

  unhold(): void {}

  async settled(): Promise<void> {}

  /** What was released is followed at once, so nothing more is told under it. */
  async drain(): Promise<'drained' | 'stuck'> {
    this.master = false;
    return this.groups?.drain() ?? 'drained';
  }

  seen(lease: Lease): void {
    if (lease.identifier !== null) this.current = { identifier: lease.identifier, count: lease.count, recent: [] };
  }
}
