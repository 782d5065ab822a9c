/** The horizontal axis of a chart: from values to places, and where its ticks are. */

export class Axis {
  private readonly low: number;
  private readonly high: number;
  private readonly step: number;

  constructor(
    values: readonly number[],
    private readonly scale: 'linear' | 'log',
    private readonly left: number,
    private readonly right: number,
  ) {
    const positive = values.filter((value) => value > 0);
    const max = Math.max(...positive, Number.MIN_VALUE);
    if (scale === 'log') {
      this.low = 10 ** Math.floor(Math.log10(Math.min(...positive, max)));
      this.high = 10 ** Math.ceil(Math.log10(max));
      // One decade at least, also for a single value that is a power of ten.
      if (this.high === this.low) this.high = this.low * 10;
      this.step = 10;
    } else {
      this.low = 0;
      this.step = roundStep(max / 6);
      this.high = Math.ceil(max / this.step) * this.step;
    }
  }

  /** Where a value is; one below the axis is at its left end. */
  at(value: number): number {
    const share =
      this.scale === 'log'
        ? Math.log10(Math.max(value, this.low) / this.low) / Math.log10(this.high / this.low)
        : value / this.high;
    return this.left + Math.max(0, share) * (this.right - this.left);
  }

  ticks(): { readonly at: number; readonly label: string }[] {
    const count =
      this.scale === 'log' ? Math.round(Math.log10(this.high / this.low)) : Math.round(this.high / this.step);
    return Array.from({ length: count + 1 }, (_, index) => {
      const value = this.scale === 'log' ? this.low * 10 ** index : index * this.step;
      return { at: this.at(value), label: String(Number(value.toPrecision(6))) };
    });
  }
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= least) ?? 10;
  return factor * power;
}
