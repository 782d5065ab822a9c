/**
 * The epochs of a store whose files a fault took away or replaced. Within an epoch everything holds that holds without
 * such faults; from one to the next only what the fault took is excused. Two masters and overlapping runs never are.
 *
 * A mastership of the old epoch is over 0.95 × (SLAVE + TICKING) after its last beat, and no member claims in the new one
 * before SLAVE + TICKING. So a moment in between parts the runs and masterships of the one from those of the other.
 */
import type { Fault, Settings, Stored } from './records.ts';

/** What a mastership may last without a beat, of SLAVE + TICKING. */
const VALIDITY = 0.95;

export class Epochs {
  /** The faults that made the store forget, in their order. */
  private readonly losses: readonly Fault[];
  private readonly over: number;

  constructor(faults: readonly Fault[], { intervals: { SLAVE, TICKING } }: Settings) {
    this.losses = faults.filter(({ forgot }) => forgot !== undefined).toSorted((a, b) => a.to - b.to);
    this.over = VALIDITY * (SLAVE + TICKING);
  }

  get count(): number {
    return this.losses.length + 1;
  }

  /** Returns the number of the epoch in which a run or a mastership begins at that moment. */
  at(moment: number): number {
    return this.losses.filter(({ to }) => to + this.over < moment).length;
  }

  /** Returns how often the store had lost all before that moment. */
  emptiedBefore(moment: number): number {
    return this.losses.filter(({ to, forgot }) => forgot === 'all' && to + this.over < moment).length;
  }

  /**
   * Returns whether a fault that began before `by` may have taken what was put down at that moment, or between that and `last`: what
   * was asked for before a fault and answered after it may have been put down amid it.
   */
  forgets(moment: number, by: number, last = moment): boolean {
    return this.losses.some(
      ({ from, to, forgot }) => from < by && moment <= to + this.over && (forgot === 'all' || last >= from),
    );
  }

  /** Returns since when the store of this epoch lacks what happened; undefined if it begins empty, or is the first one. */
  copiedAt(epoch: number): number | undefined {
    const loss = this.losses[epoch - 1];
    return loss?.forgot === 'since' ? loss.from : undefined;
  }

  /**
   * Whether the hand of a fault may have taken this task. What was answered before the copying began is in the copy; what
   * was asked for after the files had gone cannot have been in them.
   */
  mayHaveTaken({ at, sent }: Pick<Stored, 'at' | 'sent'>): boolean {
    return this.losses.some(({ from, to, forgot }) => sent <= to && (forgot === 'all' || at >= from));
  }
}
