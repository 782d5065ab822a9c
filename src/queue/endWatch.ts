/**
 * Watches that work which must end does end, and says so, or kills the process for it, if it does not.
 *
 * Work that has not ended when the validity of the lease has (`grace` after a fence, or after a halt without one), nor
 * stopTimeout + 2 × grace after a drain, is said in a `panic`, once. With `killProcess` the process is killed instead,
 * unless the lease is valid: for a drain only once the mastership was given up, and not after `resume`. After a halt that
 * leaves less time it has what a thread takes to exit, and no whole `grace`: another member may be master already.
 *
 * The time that the machine sleeps counts, too: the leases of the others do not wait for it.
 */
import { WorkError } from '../errors.js';
import type { TaskId } from '../task/task.js';
import { Alarm } from '../time/alarm.js';
import type { Clock } from '../time/clock.js';

/** How long a thread in which nothing runs may take to exit before that is worth a panic, in ms. */
const IDLE_EXIT_MAX_MS = 1000;

/** Between two looks whether the machine has slept, in ms. */
const LOOK_PERIOD_MS = 250;
/** Above what the clocks differ by themselves, in ms: the boot clock counts in 10 ms. */
const NOISE_MS = 50;

export type Drained = 'drained' | 'stuck';

const NEVER = { monotonic: Number.POSITIVE_INFINITY, boot: Number.POSITIVE_INFINITY };

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
  /** When to give up, by either clock. */
  private until = NEVER;

  constructor(private readonly parts: EndWatchParts) {
    this.alarm = new Alarm(parts.clock, () => this.look());
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
    if (this.gaveUp) return;
    const { clock } = this.parts;
    const { monotonic, boot } = this.until;
    this.until = {
      monotonic: Math.min(monotonic, clock.now() + wait),
      boot: Math.min(boot, clock.sinceBoot() + wait + NOISE_MS),
    };
    this.lookAgain();
  }

  private lookAgain(): void {
    this.alarm.by(Math.min(this.until.monotonic, this.parts.clock.now() + LOOK_PERIOD_MS));
  }

  private look(): void {
    const { clock } = this.parts;
    if (clock.now() >= this.until.monotonic || clock.sinceBoot() >= this.until.boot) return this.giveUp();
    this.lookAgain();
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
    this.until = NEVER;
    this.alarm.clear();
  }

  settle(how: Drained): void {
    for (const settle of this.waiting.splice(0)) settle(how);
  }

  private giveUp(): void {
    const { killProcess, runningTask, panic } = this.parts;
    this.gaveUp = true;
    this.until = NEVER;
    this.settle('stuck');
    if (killProcess !== null && this.leaseEnds) return killProcess();
    const task = runningTask();
    const what = task === null ? 'the task thread' : `the work on task ${JSON.stringify(task)}`;
    panic(new WorkError('ERR_WORK_NOT_STOPPED', `${what} would not stop in time and may still run`));
  }
}
