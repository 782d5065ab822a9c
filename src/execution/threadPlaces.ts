/**
 * Which task threads of one coordinator may live (`taskThreads.most`): each has a place, from before it is made until it
 * has exited, or was ended and does not exit (poolStart.ts says when). There are so many places. A load that finds none free
 * waits in line.
 *
 * While others wait, places come free like this:
 *
 * - An idle thread leaves, the one that has been idle for longest first, once it has been idle for as long as it took to
 *   load, and 100 ms at most: one that is between two runs is not ended and made again for nothing.
 * - A thread that goes from run to run leaves between two of them when its turn is over: a second, or four times what it took
 *   to load. So a full queue keeps no other waiting for ever, and most of the time goes into tasks.
 *
 * - A thread whose next task runs as soon as the store has answered stays until it has run: to load it again takes longer than
 *   most answers. It stays for as long as it took to load, 1 s at least and 10 s at most: a store that hangs keeps no place.
 *
 * Nothing leaves amid a task, and no more leave than wait; one that has been leaving for a second does not count any more,
 * because its module may take long to stop. With an empty line nothing is ended, and no timer is set.
 *
 * A load that was given up may ask again for the turn that it had: it then comes before all that asked after it.
 */
import { Alarm } from '../time/alarm.js';
import type { Clock } from '../time/clock.js';

/** Between the loading of a thread and the end of its turn, in ms; or so many times what it took to load, but no longer than the last. */
const TURN_MS = { least: 1000, loads: 4, most: 60_000 } as const;
/** How long a thread must have been idle at most before it is ended for another, in ms. */
const REST_MAX_MS = 100;
/** How long one may wait for the store before it is ended for another, in ms: as long as it took to load, within these. */
const ANSWER_MS = { least: 1000, most: 10_000 } as const;
/** How long one that leaves makes up for one that waits, in ms. */
const LEAVING_MAX_MS = 1000;

/** What is told of the places. */
export interface PlacesWatch {
  /** `taken`: the threads that start, live or end. `waiting`: those that have no place yet. */
  changed(taken: number, waiting: number): void;
  /** Called when one that waited has its place, with how long that took, in ms. */
  waited(ms: number): void;
}

type State = 'waiting' | 'starting' | 'idle' | 'busy' | 'leaving' | 'free';

interface Asking {
  /** Returns whether its next task runs as soon as the store has answered. Asked only while the thread is idle. */
  readonly awaitsStore?: (() => boolean) | undefined;
  /** The turn of a place that was given up in line. Undefined: it is the last. */
  readonly turn?: number | undefined;
}

/** The place of one thread. */
export interface Place {
  /** The order in which those in line are served. */
  readonly turn: number;
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
  /** In the order of their turns. */
  private readonly waiting = new Set<OnePlace>();
  private readonly taken = new Set<OnePlace>();
  /** In the order in which they became idle. */
  private readonly idle = new Set<OnePlace>();
  /** In the order in which they were told to leave. */
  private readonly leaving = new Set<OnePlace>();
  private turns = 0;
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
  ask(leave: () => void, { awaitsStore = () => false, turn: had }: Asking = {}): Place {
    const turn = had ?? this.turns++;
    const move = (to: State): void => this.moved(place, to);
    const place = new OnePlace({ clock: this.clock, leave, awaitsStore, move, turn });
    const after = had === undefined ? [] : [...this.waiting].filter((other) => other.turn > turn);
    for (const other of after) this.waiting.delete(other);
    for (const each of [place, ...after]) this.waiting.add(each);
    this.arrange();
    return place;
  }

  private moved(place: OnePlace, to: State): void {
    place.state = to;
    this.leaving.delete(place);
    if (to === 'leaving') this.leaving.add(place);
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
    if (this.waiting.size === 0) return;
    const now = this.clock.now();
    const soonFree = [...this.leaving].filter((place) => place.since + LEAVING_MAX_MS > now);
    let short = this.waiting.size - soonFree.length;
    const goes: OnePlace[] = [];
    let next = soonFree[0] === undefined ? Number.POSITIVE_INFINITY : soonFree[0].since + LEAVING_MAX_MS;
    for (const place of this.idle) {
      if (short <= 0) break;
      const due = place.leavesFrom;
      // Whether it waits for the store is not told, so it is asked again.
      if (due > now) next = Math.min(next, due, now + REST_MAX_MS);
      else {
        goes.push(place);
        short -= 1;
      }
    }
    if (next < Number.POSITIVE_INFINITY) this.look.by(next);
    for (const place of goes) place.sendAway();
  }
}

interface OnePlaceParts {
  readonly clock: Clock;
  readonly turn: number;
  leave(): void;
  awaitsStore(): boolean;
  move(to: State): void;
}

class OnePlace implements Place {
  state: State = 'waiting';
  readonly granted: Promise<boolean>;
  private settle: (granted: boolean) => void = () => {};
  readonly turn: number;
  /** Since when it waits, is idle, or leaves. */
  since: number;
  private loadTime = 0;
  private turnEnds = 0;

  constructor(private readonly parts: OnePlaceParts) {
    this.turn = parts.turn;
    this.since = parts.clock.now();
    this.granted = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** Returns when it may be ended for another; only while it is idle. */
  get leavesFrom(): number {
    const { since, loadTime, turnEnds } = this;
    const { least, most } = ANSWER_MS;
    // Also past its turn: what was put on record for it, as if it ran, must not wait in line.
    if (this.parts.awaitsStore()) return since + Math.max(least, Math.min(loadTime, most));
    return Math.min(since + Math.min(loadTime, REST_MAX_MS), Math.max(since, turnEnds));
  }

  /** Returns how long it has waited. */
  grant(): number {
    this.state = 'starting';
    this.settle(true);
    return this.parts.clock.now() - this.since;
  }

  sendAway(): void {
    // What comes before may have ended it.
    if (this.state !== 'idle') return;
    this.leaves();
    this.parts.leave();
  }

  loaded(ms: number): void {
    if (this.state !== 'starting') return;
    const { least, loads, most } = TURN_MS;
    this.loadTime = ms;
    this.turnEnds = this.parts.clock.now() + Math.max(least, Math.min(loads * ms, most));
    this.becomesIdle();
  }

  begins(): void {
    if (this.state === 'idle') this.parts.move('busy');
  }

  ends(): void {
    if (this.state === 'busy') this.becomesIdle();
  }

  private becomesIdle(): void {
    this.since = this.parts.clock.now();
    this.parts.move('idle');
  }

  leaves(): void {
    if (this.state !== 'starting' && this.state !== 'idle' && this.state !== 'busy') return;
    this.since = this.parts.clock.now();
    this.parts.move('leaving');
  }

  free(): void {
    if (this.state === 'free') return;
    const isGivenUp = this.state === 'waiting';
    this.parts.move('free');
    if (isGivenUp) this.settle(false);
  }
}
