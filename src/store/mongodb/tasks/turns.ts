/**
 * Lets other members have a turn at storing tasks. Who has just stored a batch knows the next number, and the others
 * must look for it first: without a pause a busy member would be ahead of them for ever. So it waits a moment after each
 * batch while there are others, and once in a while to find out whether there are.
 */
import type { Clock } from '../../../time/clock.js';

/** How long a pause is before it is known how long a look takes, and at least and at most, in ms. */
const FIRST_PAUSE_MS = 10;
const PAUSE_MIN_MS = 3;
const PAUSE_MAX_MS = 50;
/** After the last collision, how long the others count as there, in ms. */
const CONTESTED_MS = 2000;
/** Batch upon batch for so many times a pause, and it is time for one: one in twenty-one, at most 5 % of the time. */
const STREAK = 20;

interface Turn {
  /** Another member was storing, until then at least. */
  contestedUntil: number;
  pause: number;
  /** Since when batch came upon batch. */
  streakFrom: number;
  lastStored: number;
  notBefore: number;
}

export class Turns {
  private readonly turns = new Map<string, Turn>();

  constructor(private readonly clock: Clock) {}

  /** Waits while it is the others' turn. */
  async wait(name: string): Promise<void> {
    const { notBefore } = this.of(name);
    if (this.clock.now() >= notBefore) return;
    await new Promise<void>((resolve) => this.clock.at(notBefore, resolve));
  }

  /** Records that a batch was stored, whose insert was sent at `sent`. */
  stored(name: string, sent: number): void {
    const turn = this.of(name);
    const now = this.clock.now();
    if (sent - turn.lastStored >= turn.pause) turn.streakFrom = sent;
    turn.lastStored = now;
    const dominant = now - turn.streakFrom > STREAK * turn.pause;
    if (dominant || now < turn.contestedUntil) turn.notBefore = now + turn.pause;
  }

  /** Records that another member was faster, and that finding its last number took so long, in ms. */
  collided(name: string, looking: number): void {
    const turn = this.of(name);
    turn.contestedUntil = this.clock.now() + CONTESTED_MS;
    turn.pause = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MIN_MS, 1.5 * looking));
  }

  private of(name: string): Turn {
    const now = this.clock.now();
    const turn = this.turns.get(name) ?? {
      contestedUntil: 0,
      pause: FIRST_PAUSE_MS,
      streakFrom: now,
      lastStored: Number.NEGATIVE_INFINITY,
      notBefore: 0,
    };
    this.turns.set(name, turn);
    return turn;
  }
}
