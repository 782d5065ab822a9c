/** Virtual time for very many timers: a heap. Between two calls every promise that can settle does. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Cancel, Clock } from '../../../src/time/clock.ts';

interface Scheduled {
  readonly time: number;
  readonly order: number;
  run: (() => void) | null;
}

export class HeapClock implements Clock {
  private time = 0;
  private made = 0;
  private readonly heap: Scheduled[] = [];

  now(): number {
    return this.time;
  }

  sinceBoot(): number {
    return this.time;
  }

  wall(): number {
    return 1_700_000_000_000 + this.time;
  }

  at(time: number, callback: () => void): Cancel {
    this.made += 1;
    const entry: Scheduled = { time: Math.max(time, this.time), order: this.made, run: callback };
    this.push(entry);
    return () => {
      entry.run = null;
    };
  }

  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (let first = this.heap[0]; first !== undefined && first.time <= end; first = this.heap[0]) {
      this.pop();
      if (first.run === null) continue;
      this.time = first.time;
      first.run();
      // Calls of one moment do not wait for each other, as on machines of their own.
      if (this.heap[0]?.time !== this.time) await turn();
    }
    this.time = end;
  }

  private push(entry: Scheduled): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      const child = right !== undefined && left !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, last)) break;
      heap[at] = child;
      at = child === left ? 2 * at + 1 : 2 * at + 2;
    }
    heap[at] = last;
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
