/**
 * Calls that take turns, so a store that is slow, or that a few of them wait for, is not asked for all of them at once. One that
 * has been under way for long gives its turn to the next: it may hang, and the others are to get through. Who goes in one call
 * is decided when that is sent, by what the calls before it took.
 */
import type { Cancel, Clock } from '../../time/clock.js';

export interface Passenger {
  /** No call has two of one key. */
  readonly key: string;
  /** When it was asked for. */
  readonly since: number;
  /** With how many it may be in one call, with itself. Those of one call have the same. */
  readonly company: number;
}

interface LaneParts<P extends Passenger> {
  readonly clock: Clock;
  /** Returns how many turns there are. */
  atOnce(): number;
  /** Returns how many calls may be under way, with those that have given their turn on. */
  underWayMax(): number;
  /** Returns how many go in one call at most. */
  most(): number;
  /** After so long a call gives its turn on, in ms. */
  readonly patience: number;
  /** How long one may wait for its turn, in ms. */
  readonly wait: number;
  /** Resolves when the call has ended. Must not reject. */
  send(passengers: readonly P[]): Promise<void>;
  /** Called in the place of `send` with one that has waited for too long. */
  refuse(passenger: P): void;
}

export class Lane<P extends Passenger> {
  private queue: P[] = [];
  /** Those that come after all others, and leave half of the turns to them, because the call before had no answer. */
  private doubtful: P[] = [];
  private turns = 0;
  private underWay = 0;
  private doubtfulUnderWay = 0;

  constructor(private readonly parts: LaneParts<P>) {}

  add(passengers: readonly P[]): void {
    for (const passenger of passengers) this.queue.push(passenger);
  }

  addDoubtful(passenger: P): void {
    this.doubtful.push(passenger);
  }

  /** Takes those out that wait under this key, and returns them. */
  take(key: string): P[] {
    const isIts = (each: P): boolean => each.key === key;
    if (!this.queue.some(isIts) && !this.doubtful.some(isIts)) return [];
    const taken = [...this.queue, ...this.doubtful].filter(isIts);
    this.queue = this.queue.filter((each) => !isIts(each));
    this.doubtful = this.doubtful.filter((each) => !isIts(each));
    return taken;
  }

  /** Sends what has its turn. */
  run(): void {
    const { atOnce, underWayMax } = this.parts;
    while (this.turns < atOnce() && this.underWay < underWayMax()) {
      const isDoubtful = this.queue.length === 0;
      if (isDoubtful && this.doubtfulUnderWay >= atOnce() / 2) return;
      const passengers = this.next(isDoubtful ? this.doubtful : this.queue);
      if (passengers === null) return;
      if (passengers.length > 0) this.send(passengers, isDoubtful);
    }
  }

  /** Returns null if none waits; those that have waited for too long are refused, and may leave none. */
  private next(queue: P[]): P[] | null {
    const { clock, wait, most, refuse } = this.parts;
    const [first] = queue;
    if (first === undefined) return null;
    const size = Math.min(most(), first.company);
    const latest = clock.now() - wait;
    const keys = new Set<string>();
    const passengers: P[] = [];
    let count = 0;
    for (const each of queue) {
      if (passengers.length >= size || each.company !== first.company || keys.has(each.key)) break;
      count += 1;
      if (each.since <= latest) refuse(each);
      else passengers.push(each);
      keys.add(each.key);
    }
    queue.splice(0, count);
    return passengers;
  }

  private send(passengers: readonly P[], isDoubtful: boolean): void {
    const { clock, patience, send } = this.parts;
    let hasTurn = true;
    const leave = (): void => {
      if (hasTurn) this.turns -= 1;
      hasTurn = false;
    };
    this.turns += 1;
    this.underWay += 1;
    if (isDoubtful) this.doubtfulUnderWay += 1;
    const cancel: Cancel = clock.at(clock.now() + patience, () => {
      leave();
      this.run();
    });
    void send(passengers).then(() => {
      cancel();
      leave();
      this.underWay -= 1;
      if (isDoubtful) this.doubtfulUnderWay -= 1;
      this.run();
    });
  }
}
