/**
 * Which states have been seen, by 64 bits of hash each, and a small number beside each. Two states with the same hash would be taken
 * for one; among 10 million states that happens with a chance of about 1 in 370,000.
 */
export class StateSet {
  size = 0;
  private mask: number;
  private high: Int32Array;
  private low: Int32Array;
  private values: Uint8Array;

  constructor(capacity = 1 << 16) {
    this.mask = capacity - 1;
    this.high = new Int32Array(capacity);
    this.low = new Int32Array(capacity);
    this.values = new Uint8Array(capacity);
  }

  /** True when it was not there before; then `value` is kept beside it. */
  add(high: number, low: number, value = 0): boolean {
    const at = this.find(high, low);
    if (this.low[at] !== 0) return false;
    this.high[at] = high;
    this.low[at] = low;
    this.values[at] = value;
    this.size += 1;
    if (this.size * 2 > this.mask) this.grow();
    return true;
  }

  /** The number beside it; undefined when it is not there. */
  get(high: number, low: number): number | undefined {
    const at = this.find(high, low);
    return this.low[at] === 0 ? undefined : this.values[at];
  }

  /** Where it is, or would be. `low` is never 0: that is an empty place. */
  private find(high: number, low: number): number {
    let at = (high ^ (low * 31)) & this.mask;
    while (this.low[at] !== 0 && (this.low[at] !== low || this.high[at] !== high)) at = (at + 1) & this.mask;
    return at;
  }

  private grow(): void {
    const { high, low, values } = this;
    const capacity = low.length * 2;
    this.mask = capacity - 1;
    this.high = new Int32Array(capacity);
    this.low = new Int32Array(capacity);
    this.values = new Uint8Array(capacity);
    for (let from = 0; from < low.length; from++) {
      const [h, l] = [high[from] ?? 0, low[from] ?? 0];
      if (l === 0) continue;
      const at = this.find(h, l);
      this.high[at] = h;
      this.low[at] = l;
      this.values[at] = values[from] ?? 0;
    }
  }
}
