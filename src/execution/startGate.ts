/**
 * Lets what one coordinator starts begin a few at a time, in the order in which it is asked for: task threads, and
 * members that join their elections. To make a thread blocks the coordinator for some milliseconds, and to boot it keeps
 * a core busy, so each start has a turn of the event loop to itself: due beats go out in between. A start gives its place
 * back when it is over, or when it has taken too long: a module that never loads holds up nothing else.
 */
import type { Cancel, Clock } from '../time/clock.js';

/** Of task threads. */
export const threadStarts = { starts: 2, held: 1000 } as const;
/** Of members: each makes some ten calls until it is a standby, or a master that beats; most go out with those of others. */
export const memberStarts = { starts: 100, held: 1000 } as const;

/** Begins the start. It calls `leave` when that is over; a second call is harmless. */
export type Begin = (leave: () => void) => void;

export class StartGate {
  private free: number;
  private readonly waiting: Begin[] = [];
  private armed = false;

  constructor(
    private readonly clock: Clock,
    /** `starts`: how many go on at once. `held`: how long one keeps its place at most, in ms. */
    private readonly limits: { readonly starts: number; readonly held: number },
  ) {
    this.free = limits.starts;
  }

  /** Calls `begin` when it is its turn, never at once. What it returns takes a start that has not begun out of the queue. */
  ask(begin: Begin): Cancel {
    this.waiting.push(begin);
    this.arm();
    return () => {
      const index = this.waiting.indexOf(begin);
      if (index >= 0) this.waiting.splice(index, 1);
    };
  }

  private arm(): void {
    if (this.armed || this.free === 0 || this.waiting.length === 0) return;
    this.armed = true;
    this.clock.at(this.clock.now(), () => {
      this.armed = false;
      this.next();
      this.arm();
    });
  }

  private next(): void {
    const begin = this.waiting.shift();
    if (begin === undefined) return;
    this.free -= 1;
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      cancel();
      this.free += 1;
      this.arm();
    };
    const cancel = this.clock.at(this.clock.now() + this.limits.held, leave);
    begin(leave);
  }
}
