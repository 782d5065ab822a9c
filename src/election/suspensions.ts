/**
 * One watch over the clocks for all electors of a thread (rule 8): a thousand that look for themselves would look at the same
 * clocks a thousand times. Each is told of every suspension once, with the next thing that happens to it, or as soon as the
 * watch notices.
 * Rule 8: docs/explain/protocol.md#rule-8-suspension
 */
import type { Cancel, Clock } from '../time/clock.js';
import { nextOnGrid } from '../time/grid.js';
import { SuspensionWatch } from './suspensionWatch.js';

/** While a lease is held the clocks are looked at this often, in ms: a suspension goes unnoticed no longer. */
const WATCH_PERIOD_MS = 250;

export class Suspensions {
  private readonly watch: SuspensionWatch;
  private readonly watching = new Set<SuspensionFollower>();
  /** How many ms another clock has run ahead, all in all. */
  private total = 0;
  private cancel: Cancel | null = null;

  constructor(private readonly clock: Clock) {
    this.watch = new SuspensionWatch(clock);
  }

  /** `noticed` is called when there may be something to hear of `ahead`, while the follower watches. */
  add(noticed: () => void): SuspensionFollower {
    return new SuspensionFollower(this, noticed);
  }

  /** Looks at the clocks, and returns how many ms another one has run ahead since the beginning. */
  look(): number {
    this.total += this.watch.ahead();
    return this.total;
  }

  /** Has the clocks looked at for this follower, or no more. */
  watchFor(follower: SuspensionFollower, wanted: boolean): void {
    if (wanted) this.watching.add(follower);
    else this.watching.delete(follower);
    if (this.watching.size > 0) return this.arm();
    this.cancel?.();
    this.cancel = null;
  }

  private arm(): void {
    // On a grid, so all watches of this thread wake at once: the end of a timer blocks it (systemClock.ts).
    this.cancel ??= this.clock.at(nextOnGrid(this.clock.now(), WATCH_PERIOD_MS, 0), () => {
      this.cancel = null;
      this.arm();
      this.tell(this.look());
    });
  }

  private tell(total: number): void {
    for (const follower of [...this.watching]) if (follower.told < total) follower.noticed();
  }
}

/** What one elector has been told of. */
export class SuspensionFollower {
  told: number;
  private watches = false;

  constructor(
    private readonly suspensions: Suspensions,
    readonly noticed: () => void,
  ) {
    this.told = suspensions.look();
  }

  /** Returns how many ms another clock ran ahead since this was last not zero; 0 while they agree. */
  ahead(): number {
    const total = this.suspensions.look();
    const ahead = total - this.told;
    this.told = total;
    return ahead;
  }

  /** Watches while `wanted`, and not only when it is asked. */
  watch(wanted: boolean): void {
    if (wanted === this.watches) return;
    this.watches = wanted;
    this.suspensions.watchFor(this, wanted);
  }
}
