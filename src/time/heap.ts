/** A binary heap of what is due at a time: the earliest is first, and of those of one time the one that was asked for first. */

export interface Due {
  readonly time: number;
  /** Counts what is asked for. */
  readonly number: number;
  /** Where it is in the heap, which alone changes it; -1: in none. */
  at: number;
}

export class Heap<T extends Due> {
  private readonly all: T[] = [];

  get first(): T | undefined {
    return this.all[0];
  }

  get size(): number {
    return this.all.length;
  }

  add(one: T): void {
    this.all.push(one);
    this.rise(one, this.all.length - 1);
  }

  /** Does nothing if it is not in the heap. */
  remove(one: T): void {
    const { at } = one;
    if (at < 0) return;
    one.at = -1;
    const last = this.all.pop();
    if (last === undefined || last === one) return;
    this.sink(last, at);
    this.rise(last, last.at);
  }

  private rise(one: T, from: number): void {
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = this.all[above];
      if (other === undefined || isBefore(other, one)) break;
      this.put(other, at);
      at = above;
    }
    this.put(one, at);
  }

  private sink(one: T, from: number): void {
    let at = from;
    for (;;) {
      const left = this.all[2 * at + 1];
      const right = this.all[2 * at + 2];
      const least = right !== undefined && left !== undefined && isBefore(right, left) ? right : left;
      if (least === undefined || isBefore(one, least)) break;
      const below = least.at;
      this.put(least, at);
      at = below;
    }
    this.put(one, at);
  }

  private put(one: T, at: number): void {
    this.all[at] = one;
    one.at = at;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.time < other.time || (one.time === other.time && one.number < other.number);
}
