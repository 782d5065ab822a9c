/**
 * Watches that work which must end does end, and says so, or kills the process for it, if it does not.
 *
 * Work that has not ended when the validity of the lease has (`grace` after a fence, or after a halt without one), nor
 * stopTimeout + 2 × grace after a drain, is said in a `panic`, once. With `killProcess` the process is killed instead,
 * unless the lease is valid: for a drain only once the mastership was given up, and not after `resume`. After a halt that
 * leaves less time it has what a thread takes to exit, and no whole `grace`: another member may be master already.
 */
import { WorkError } from '../errors.js';
import type { TaskId } from '../task/task.js';
import { Alarm } from '../time/alarm.js';
import type { Clock } from '../time/clock.js';

/** How long a thread in which nothing runs may take to exit before that is worth a panic, in ms. */
const IDLE_EXIT_MAX_MS = 1000;

export type Drained = 'drained' | 'stuck';

interface EndWatchParts {
  readonly clock: Clock;
  /** Kills the process; called instead of a panic when work has outlived the lease. Null: it is only said. */
  readonly killProcess: (() => void) | null;
  /** Returns whether a run is under way. */
  isRunning(): boolean;
  /** Returns its first task that is not known to be done. */
  runningTask(): TaskId | null;
  /** Called with `ERR_WORK_NOT_STOPPED` when something of the work may still run, though it must not. */
  panic(error: Error): void;
}

export class EndWatch {
  /** Whether the work that is being ended has been given up, with a panic or worse. */
  private gaveUp = false;
  /** Whether what is being ended must not outlive the lease: not so while a drain is all that ends it, or once it was resumed. */
  private leaseEnds = false;
  private readonly waiting: ((how: Drained) => void)[] = [];
  private readonly alarm: Alarm;

  constructor(private readonly parts: EndWatchParts) {
    this.alarm = new Alarm(parts.clock, () => this.giveUp());
  }

  get stuck(): boolean {
    return this.gaveUp;
  }

  /** Returns true if the end is awaited. */
  get awaited(): boolean {
    return this.waiting.length > 0;
  }

  /** Gives up what has not ended in `delay` ms, or in a second if nothing runs and that is later. */
  giveUpAfter(delay: number): void {
    const wait = this.parts.isRunning() ? delay : Math.max(delay, IDLE_EXIT_MAX_MS);
    if (!this.gaveUp) this.alarm.by(this.parts.clock.now() + wait);
  }

  /** Holds what is being ended to the end of the lease. */
  toLeaseEnd(): void {
    // What was given up while the lease was valid was only said; now it is the lease that is outlived.
    if (this.parts.killProcess !== null && !this.leaseEnds) this.gaveUp = false;
    this.leaseEnds = true;
  }

  leaseSaved(): void {
    this.leaseEnds = false;
  }

  /** Resolves to `drained` when all has ended; to `stuck` when it was given up. */
  whenEnded(): Promise<Drained> {
    if (this.gaveUp) return Promise.resolve('stuck');
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** Watches no longer: all has ended. `settle` is still to be called. */
  clear(): void {
    this.gaveUp = false;
    this.leaseEnds = false;
    this.alarm.clear();
  }

  settle(how: Drained): void {
    for (const settle of this.waiting.splice(0)) settle(how);
  }

  private giveUp(): void {
    const { killProcess, runningTask, panic } = this.parts;
    this.gaveUp = true;
    this.settle('stuck');
    if (killProcess !== null && this.leaseEnds) return killProcess();
    const task = runningTask();
    const what = task === null ? 'the task thread' : `the work on task ${JSON.stringify(task)}`;
    panic(new WorkError('ERR_WORK_NOT_STOPPED', `${what} would not stop in time and may still run`));
  }
}
