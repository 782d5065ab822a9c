/**
 * Which task threads of one coordinator may live (`taskThreads.most`): each has a place, from before it is made until it
 * has exited, and there are so many places. Who finds none free waits in line.
 *
 * While others wait, places come free like this:
 *
 * - An idle thread leaves, the one that has been idle for longest first, once it has been idle for as long as it took to
 *   load, and 100 ms at most: one that is between two runs is not ended and made again for nothing.
 * - A thread that goes from run to run leaves between two of them when its turn is over: a second, or four times what it took
 *   to load. So a full queue keeps no other waiting for ever, and most of the time goes into tasks.
 *
 * Nothing leaves amid a task, and no more leave than wait. Without anybody in line nothing is ended, and no timer is set.
 */
import { Alarm } from '../time/alarm.js';
import type { Clock } from '../time/clock.js';

/** Between the loading of a thread and the end of its turn, in ms; or so many times what it took to load, but no longer than the last. */
const TURN_MS = { least: 1000, loads: 4, most: 60_000 } as const;
/** How long a thread must have been idle at most before it is ended for another, in ms. */
const REST_MAX_MS = 100;

/** What is told of the places. */
export interface PlacesWatch {
  /** `taken`: the threads that start, live or end. `waiting`: those that have no place yet. */
  changed(taken: number, waiting: number): void;
  /** Called when one that waited has its place, with how long that took, in ms. */
  waited(ms: number): void;
}

type State = 'waiting' | 'starting' | 'idle' | 'busy' | 'leaving' | 'free';

/** The place of one thread. */
export interface Place {
  /** Resolves to true when the place is there; to false if it was given up before. */
  readonly granted: Promise<boolean>;
  /** The thread has loaded, which took so many ms. */
  loaded(ms: number): void;
  /** It runs tasks. */
  begins(): void;
  /** It runs none any more. If its turn is over and others wait, it is asked to leave at once. */
  ends(): void;
  /** Its thread is being ended, for whatever reason. */
  leaves(): void;
  /** Its thread has exited, or is not wanted any more. May be called again. */
  free(): void;
}

export class ThreadPlaces {
  /** In the order in which they came. */
  private readonly waiting = new Set<OnePlace>();
  private readonly taken = new Set<OnePlace>();
  /** In the order in which they became idle. */
  private readonly idle = new Set<OnePlace>();
  private leaving = 0;
  private readonly look: Alarm;

  constructor(
    private readonly clock: Clock,
    /** How many there are; may be `Infinity`. */
    private readonly most: number,
    private readonly watch: PlacesWatch = { changed: () => {}, waited: () => {} },
  ) {
    this.look = new Alarm(clock, () => this.arrange());
    watch.changed(0, 0);
  }

  /** Takes its place in the line. `leave` is called once at most: others wait, and nothing of its tasks runs. */
  ask(leave: () => void): Place {
    const place = new OnePlace(this.clock, leave, (to) => this.moved(place, to));
    this.waiting.add(place);
    this.arrange();
    return place;
  }

  private moved(place: OnePlace, to: State): void {
    const from = place.state;
    place.state = to;
    if (from === 'leaving') this.leaving -= 1;
    if (to === 'leaving') this.leaving += 1;
    this.idle.delete(place);
    if (to === 'idle') this.idle.add(place);
    if (to === 'free') {
      this.waiting.delete(place);
      this.taken.delete(place);
    }
    if (to !== 'busy' && to !== 'starting') this.arrange();
  }

  private arrange(): void {
    for (const place of this.waiting) {
      if (this.taken.size >= this.most) break;
      this.waiting.delete(place);
      this.taken.add(place);
      this.watch.waited(place.grant());
    }
    this.watch.changed(this.taken.size, this.waiting.size);
    this.makeRoom();
  }

  private makeRoom(): void {
    this.look.clear();
    let short = this.waiting.size - this.leaving;
    const goes: OnePlace[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const place of this.idle) {
      if (short <= 0) break;
      const due = place.leavesFrom;
      if (due > this.clock.now()) next = Math.min(next, due);
      else {
        goes.push(place);
        short -= 1;
      }
    }
    if (short > 0 && next < Number.POSITIVE_INFINITY) this.look.by(next);
    for (const place of goes) place.sendAway();
  }
}

class OnePlace implements Place {
  state: State = 'waiting';
  readonly granted: Promise<boolean>;
  private settle: (granted: boolean) => void = () => {};
  private readonly since: number;
  private rest = 0;
  private turnEnds = 0;
  private idleSince = 0;

  constructor(
    private readonly clock: Clock,
    private readonly leave: () => void,
    private readonly move: (to: State) => void,
  ) {
    this.since = clock.now();
    this.granted = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** Returns when it may be ended for another; only while it is idle. */
  get leavesFrom(): number {
    return Math.min(this.idleSince + this.rest, Math.max(this.idleSince, this.turnEnds));
  }

  /** Returns how long it has waited. */
  grant(): number {
    this.state = 'starting';
    this.settle(true);
    return this.clock.now() - this.since;
  }

  sendAway(): void {
    // What comes before may have ended it.
    if (this.state !== 'idle') return;
    this.move('leaving');
    this.leave();
  }

  loaded(ms: number): void {
    if (this.state !== 'starting') return;
    const { least, loads, most } = TURN_MS;
    this.rest = Math.min(ms, REST_MAX_MS);
    this.turnEnds = this.clock.now() + Math.max(least, Math.min(loads * ms, most));
    this.becomesIdle();
  }

  begins(): void {
    if (this.state === 'idle') this.move('busy');
  }

  ends(): void {
    if (this.state === 'busy') this.becomesIdle();
  }

  private becomesIdle(): void {
    this.idleSince = this.clock.now();
    this.move('idle');
  }

  leaves(): void {
    if (this.state === 'starting' || this.state === 'idle' || this.state === 'busy') this.move('leaving');
  }

  free(): void {
    if (this.state === 'free') return;
    const isGivenUp = this.state === 'waiting';
    this.move('free');
    if (isGivenUp) this.settle(false);
  }
}
