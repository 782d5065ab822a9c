/**
 * One timer of the real clock for all that wait for a time. A thousand members that wake together would each have a timer of
 * their own, with all that Node does for one, and the last would be called when the thread has gone through all of them.
 */
import type { Cancel, Clock } from './clock.js';
import { type Due, Heap } from './heap.js';

interface Waiting extends Due {
  readonly callback: () => void;
  isCancelled: boolean;
}

/** Returns a clock of the same times, which sets one timer of `clock`: for the earliest that waits. */
export function sharingTimers(clock: Clock): Clock {
  const timers = new SharedTimers(clock);
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    sinceBoot: () => clock.sinceBoot(),
    at: (time, callback) => timers.at(time, callback),
  };
}

class SharedTimers {
  private readonly waiting = new Heap<Waiting>();
  /** When the timer comes; infinite if there is none. */
  private due = Number.POSITIVE_INFINITY;
  private cancel: Cancel = () => {};
  private isCalling = false;
  private asked = 0;

  constructor(private readonly clock: Clock) {}

  at(time: number, callback: () => void): Cancel {
    this.asked += 1;
    const one: Waiting = { time, number: this.asked, callback, isCancelled: false, at: -1 };
    this.waiting.add(one);
    this.arm();
    return () => {
      one.isCancelled = true;
      this.waiting.remove(one);
      // The timer of what has left stays, unless it would keep the process from its end.
      if (this.waiting.size === 0) this.disarm();
    };
  }

  private arm(): void {
    const { first } = this.waiting;
    if (this.isCalling || first === undefined || first.time >= this.due) return;
    this.disarm();
    this.due = first.time;
    this.cancel = this.clock.at(first.time, () => this.call());
  }

  private disarm(): void {
    this.cancel();
    this.cancel = () => {};
    this.due = Number.POSITIVE_INFINITY;
  }

  private call(): void {
    this.disarm();
    this.isCalling = true;
    // Before the first of them is called: what they ask for is no part of this, however soon it is due.
    const due = this.takeDue(this.clock.now());
    let called = 0;
    try {
      for (const one of due) {
        called += 1;
        if (!one.isCancelled) one.callback();
      }
    } finally {
      // One that throws takes no other along.
      for (const one of due.slice(called)) if (!one.isCancelled) this.waiting.add(one);
      this.isCalling = false;
      this.arm();
    }
  }

  private takeDue(now: number): Waiting[] {
    const due: Waiting[] = [];
    for (let { first } = this.waiting; first !== undefined && first.time <= now; { first } = this.waiting) {
      this.waiting.remove(first);
      due.push(first);
    }
    return due;
  }
}
