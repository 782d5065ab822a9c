/** A row of whole numbers, and 64 bits of hash of it, in two halves. */
import assert from 'node:assert/strict';

export class Row {
  high = 0;
  /** Never 0: that is an empty place in a StateSet. */
  low = 1;
  private readonly values = new Int32Array(1024);
  private length = 0;

  clear(): void {
    this.length = 0;
  }

  put(value: number): void {
    this.values[this.length] = value;
    this.length += 1;
  }

  /** Sets `high` and `low`. */
  hash(): void {
    const { values, length } = this;
    assert.ok(length <= values.length, 'a world larger than its row');
    let high = 0x9e3779b9 | 0;
    let low = 0x85ebca6b | 0;
    for (let at = 0; at < length; at++) {
      const value = values[at] ?? 0;
      high = Math.imul(high ^ value, 0x85ebca77);
      high ^= high >>> 15;
      low = Math.imul(low + value, 0xc2b2ae3d);
      low = (low << 13) | (low >>> 19);
    }
    high = Math.imul(high ^ (high >>> 16), 0x7feb352d);
    low = Math.imul(low ^ (low >>> 15), 0x846ca68b);
    this.high = high ^ (high >>> 15);
    this.low = low ^ (low >>> 16) || 1;
  }
}
