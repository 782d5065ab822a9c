/**
 * Keeps how the tasks of one mastership ended (`keepOutcomes`): what ended is collected, and the acknowledgement carries it. So
 * a reader that sees that a number is acknowledged, and then finds no outcome of it, knows that there will be none. A member that was
 * deposed may store an outcome late. Then the next master has stored its own under a higher term, or will before it
 * acknowledges, and the later term counts.
 */
import type { Burial, TaskOutcome } from '../../store/taskStore.js';
import type { Clock } from '../../time/clock.js';
import type { WindowTask } from './taskWindow.js';
import type { TenureStore } from './tenureStore.js';

/** Between two times at which old outcomes are deleted, in ms: a tenth of the time for which they are kept, within these. */
const TRIM_PAUSE_MS = { min: 1000, max: 60_000 };

/** A task that has ended. */
type Ended = Pick<WindowTask, 'id' | 'seq' | 'origin'>;
type How = Pick<TaskOutcome, 'state' | 'attempts' | 'error' | 'result'>;

const CANCELLED: How = { state: 'cancelled', attempts: 0, error: null, result: null };

interface OutcomeKeeperParts {
  readonly store: TenureStore;
  readonly clock: Clock;
  /** For how long outcomes are kept, in ms. */
  readonly keep: number;
}

export class OutcomeKeeper {
  /** Not acknowledged yet. */
  private readonly pending: TaskOutcome[] = [];
  private trimAt = 0;
  private trimming = false;

  constructor(private readonly parts: OutcomeKeeperParts) {}

  done(task: WindowTask): void {
    this.collect(task, { state: 'done', attempts: task.failed + 1, error: null, result: task.result ?? null });
  }

  gaveUp(task: WindowTask, { name, message, code, attempts, permanent }: Burial): void {
    const error = { name, message, code, ...(permanent ? { permanent } : {}) };
    this.collect(task, { state: 'failed', attempts, error, result: null });
  }

  cancelled(task: Ended): void {
    this.collect(task, CANCELLED);
  }

  /**
   * Stores the outcome of a task that is about to be cancelled. It counts once the task is: who waits for it then finds either
   * the task or this, at every moment. Should that not come to be, the next master's outcome has a higher term. Returns false
   * if the mastership ended first.
   */
  storeCancelled(task: Ended): Promise<boolean> {
    return this.parts.store.putOutcomes([this.outcomeOf(task, CANCELLED)]);
  }

  private collect(task: Ended, how: How): void {
    this.pending.push(this.outcomeOf(task, how));
  }

  private outcomeOf({ id, seq, origin }: Ended, how: How): TaskOutcome {
    const { clock, keep, store } = this.parts;
    const now = clock.wall();
    const { term } = store.tenure;
    return { id, seq, origin, term, ...how, at: new Date(now), until: new Date(Math.ceil(now + keep)) };
  }

  /** Returns what is to be kept before all that ended by now is acknowledged. It stays until that is `acknowledged`. */
  due(): readonly TaskOutcome[] {
    return [...this.pending];
  }

  /** Drops the first so many that were due. */
  acknowledged(count: number): void {
    this.pending.splice(0, count);
  }

  /** Deletes old ones, if it is time to: some by each call, and one call at a time, until none is left. */
  async trim(): Promise<void> {
    const { clock, keep, store } = this.parts;
    if (this.trimming || clock.now() < this.trimAt) return;
    this.trimming = true;
    this.trimAt = clock.now() + Math.min(TRIM_PAUSE_MS.max, Math.max(TRIM_PAUSE_MS.min, keep / 10));
    try {
      while (!store.ended && !(await store.trimOutcomes(new Date(clock.wall())))) {
        // More of them may be stored than one call deletes.
      }
    } catch {
      // Nothing depends on it. After a while it goes on, and not after the long pause: what is stored must not outgrow it.
      this.trimAt = clock.now() + TRIM_PAUSE_MS.min;
    }
    this.trimming = false;
  }
}
