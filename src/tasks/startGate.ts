/**
 * Lets the task threads of one coordinator start a few at a time, in the order in which they ask. To make a thread
 * blocks the coordinator for some milliseconds, and to boot it keeps a core busy, so each start has a turn of the event
 * loop to itself: due beats go out in between. A start gives its place back once its module has loaded, or when it has
 * taken too long: a module that never loads holds up nothing else.
 */
import type { Cancel, Clock } from '../clock.js';

/** How many threads start at once. */
const STARTS = 2;
/** How long a start keeps its place at most, in ms. */
const HELD = 1000;

/** Starts the thread. It calls `leave` when the thread has started; a second call is harmless. */
export type Begin = (leave: () => void) => void;

export class StartGate {
  private free: number;
  private readonly waiting: Begin[] = [];
  private armed = false;

  constructor(
    private readonly clock: Clock,
    starts = STARTS,
  ) {
    this.free = starts;
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
    const cancel = this.clock.at(this.clock.now() + HELD, leave);
    begin(leave);
  }
}
