/**
 * Whether a lease has had enough of moving: one that was handed over rests, and so does one that its members keep on losing,
 * because what makes them lose it may go with it. Pure: what is seen of the lease, and time, are handed in. A member that has
 * joined of late knows little of the past, and then the lease may move once more.
 */

/** So often a lease is lost within a rest before it is left where it is. */
const LOSSES_MAX = 2;

/** A request to hand over, as far as it was obeyed or may have been. */
export interface HandedOver {
  readonly term: number;
}

export class MoveHistory {
  private term = 0;
  private movedAt = Number.NEGATIVE_INFINITY;
  private losses: number[] = [];

  /** Takes the term of a lease that was seen, or won. `handOver`: the last request that was not refused. */
  saw(term: number, handOver: HandedOver | null, now: number): void {
    if (term === this.term) return;
    // Terms begin again in a store that was lost.
    const isFirst = this.term === 0 || term < this.term;
    // Looks may have missed terms in between; of those before the first look nothing is known.
    const from = isFirst ? term - 1 : this.term;
    const isMove = handOver !== null && handOver.term >= from && handOver.term < term;
    this.term = term;
    if (isMove) this.movedAt = now;
    else if (!isFirst) this.losses = [...this.losses, now].slice(-LOSSES_MAX);
  }

  /** Returns whether the lease may move now. `rest` in ms. */
  isRested(now: number, rest: number): boolean {
    const lost = this.losses.filter((at) => now - at < rest).length;
    return now - this.movedAt >= rest && lost < LOSSES_MAX;
  }
}
