/**
 * How many tasks one run carries: as many as fit into its budget of time, by what tasks took before. Tiny tasks share
 * the cost of crossing threads, and CPU-heavy ones go one by one, so little is repeated when a run is cut off.
 *
 * It begins with one task, and grows to at most four times the last run, because nothing is known of the tasks that
 * come; a run that took longer than expected counts at once, one that was quicker only by a quarter.
 */
import assert from 'node:assert/strict';

const GROWTH = 4;
/** The share of a quicker run in the estimate. */
const QUICKER = 0.25;

export class ChunkSize {
  private next = 1;
  /** What one task takes, in ms; undefined before the first was measured. */
  private each: number | undefined;

  /** `budget`: how long a run is to take, in ms. `most`: the most tasks that it may carry. */
  constructor(
    private readonly budget: number,
    private readonly most: number,
  ) {}

  /** Returns the number of tasks for the next run: at least 1. */
  get tasks(): number {
    return this.next;
  }

  /** Records that a run began `count` tasks, which took `ms` together; 0 if that was not measured. */
  ran(count: number, ms: number): void {
    assert.ok(count >= 0 && ms >= 0, 'a run takes its time');
    if (count === 0 || ms === 0) return;
    const each = ms / count;
    const before = this.each ?? each;
    this.each = each >= before ? each : before + QUICKER * (each - before);
    // A run that was small because the queue was gives no reason to come down.
    const known = Math.max(this.next, count * GROWTH);
    this.next = Math.max(1, Math.min(Math.floor(this.budget / this.each), known, this.most));
  }
}
