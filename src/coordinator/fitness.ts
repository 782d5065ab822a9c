/**
 * Whether a member is fit to be master (rule 10): not while a task on the main thread is overdue, nor while that thread
 * is blocked, nor while its work module does not load, nor while a member of another kind should work. It resigns at the first of
 * these, and is fit again when none is left.
 * Rule 10: docs/explain/protocol.md#rule-10-a-lease-proves-that-work-is-alive
 */

import type { FailoverErrorCode } from '../errors.js';
import type { Clock } from '../time/clock.js';
import type { Unfit } from '../wire/status.js';

/** What makes a member unfit. */
type Ailment = 'task' | 'main' | 'module' | 'kind' | 'handOver';

interface FitnessCallbacks {
  /** `nothingRuns`: nothing of the work. Returns whether that gave a mastership up, which an `error` event has told of. */
  resign(reason: string, code: FailoverErrorCode, nothingRuns: boolean): boolean;
  fit(): void;
}

export class Fitness {
  /** In the order of their beginnings. */
  private readonly complaints = new Map<Ailment, Unfit>();

  constructor(
    private readonly callbacks: FitnessCallbacks,
    private readonly clock: Pick<Clock, 'wall'>,
  ) {}

  /** Returns the oldest complaint; null: the member is fit. */
  get unfit(): Unfit | null {
    const [first] = this.complaints.values();
    return first ?? null;
  }

  /**
   * A complaint that is made already only gets the new words. `nothingRuns`: nothing of the work, and all that has run is
   * on record, so the lease is given away. Returns whether a mastership was given up.
   */
  complain(ailment: Ailment, code: FailoverErrorCode, message: string, nothingRuns = false): boolean {
    const before = this.complaints.get(ailment);
    const since = before?.since ?? new Date(this.clock.wall());
    this.complaints.set(ailment, { code, message, since });
    if (before !== undefined || this.complaints.size > 1) return false;
    return this.callbacks.resign(message, code, nothingRuns);
  }

  withdraw(ailment: Ailment): void {
    if (this.complaints.delete(ailment) && this.complaints.size === 0) this.callbacks.fit();
  }
}
