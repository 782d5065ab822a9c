/**
 * Time that passes only when a test says so. Calls run in the order of their times, and of their scheduling where the
 * times are equal; between two of them every promise that can settle does, so a test sees what would happen if
 * the code took no time at all.
 */
import assert from 'node:assert';
import { setImmediate as turn } from 'node:timers/promises';
import type { Cancel, Clock } from '../../src/time/clock.ts';

interface Scheduled {
  readonly time: number;
  readonly callback: () => void;
}

/** More calls than this in one `advance` is a loop that never ends, not a test. */
const CALL_LIMIT = 1_000_000;

export class VirtualClock implements Clock {
  #now: number;
  #asleep = 0;
  #wallShift: number;
  #advancing = false;
  /** Sorted by time; equal times stand in the order in which they were scheduled. */
  readonly #scheduled: Scheduled[] = [];

  constructor(start: { now?: number; wall?: number } = {}) {
    this.#now = start.now ?? 0;
    this.#wallShift = (start.wall ?? Date.UTC(2025, 0, 1)) - this.#now;
  }

  now(): number {
    return this.#now;
  }

  sinceBoot(): number {
    return this.#now + this.#asleep;
  }

  wall(): number {
    return this.#now + this.#asleep + this.#wallShift;
  }

  at(time: number, callback: () => void): Cancel {
    assert(!Number.isNaN(time), 'a call was scheduled at NaN');
    const entry = { time, callback };
    let low = 0;
    let high = this.#scheduled.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#scheduled[middle];
      if (other !== undefined && other.time <= time) low = middle + 1;
      else high = middle;
    }
    this.#scheduled.splice(low, 0, entry);
    return () => {
      const index = this.#scheduled.indexOf(entry);
      if (index >= 0) this.#scheduled.splice(index, 1);
    };
  }

  /** How many calls are scheduled. */
  get pending(): number {
    return this.#scheduled.length;
  }

  /** When the next of them is due; `undefined` without any. */
  get next(): number | undefined {
    return this.#scheduled[0]?.time;
  }

  /** Lets `ms` pass. Rejects with what a call threw; the calls after it stay scheduled. */
  advance(ms: number): Promise<void> {
    return this.advanceTo(this.#now + ms);
  }

  /** Lets time pass until `now()` is `time`. A time that is past already only lets promises settle. */
  async advanceTo(time: number): Promise<void> {
    assert(!this.#advancing, 'two advances of one clock at once have no order');
    this.#advancing = true;
    try {
      await turn();
      for (let calls = 0; ; calls++) {
        const first = this.#scheduled[0];
        if (first === undefined || first.time > time) break;
        assert(calls < CALL_LIMIT, `more than ${CALL_LIMIT} calls until ${time}: a loop without end`);
        this.#scheduled.shift();
        this.#now = Math.max(this.#now, first.time);
        first.callback();
        await turn();
      }
      this.#now = Math.max(this.#now, time);
    } finally {
      this.#advancing = false;
    }
  }

  /** The machine sleeps for `ms`: monotonic time and what is scheduled stand still, the other clocks run on. */
  sleep(ms: number): void {
    this.#asleep += ms;
  }

  /** Sets the wall clock, forward or back. */
  setWall(wall: number): void {
    this.#wallShift = wall - this.#now - this.#asleep;
  }
}
