/**
 * Notices that the time of a command was over while this process was stopped, or its main thread was blocked. Then the guard
 * may have ended the command, and no news tell that: once the process goes on, its next beat may save the lease.
 */
import type { Cancel, Clock } from '../time/clock.js';

/** How often it looks, in ms. */
const LOOK_MS = 100;

interface TimeOverParts {
  readonly clock: Pick<Clock, 'now' | 'at'>;
  /** Returns how long the lease still lasts, in ms. */
  remaining(): number;
  /** How long before the end of the lease the command is told to end, in ms. */
  readonly signalBefore: number;
}

export class TimeOver {
  /** By the lease as it was at the last look. */
  private until = Number.POSITIVE_INFINITY;
  private was = false;
  private cancel: Cancel = () => {};

  constructor(private readonly parts: TimeOverParts) {
    this.look();
  }

  /** Returns whether the time of the command was over at some moment until now. */
  happened(): boolean {
    const { clock, remaining, signalBefore } = this.parts;
    const now = clock.now();
    if (now >= this.until) this.was = true;
    this.until = now + remaining() - signalBefore;
    if (now >= this.until) this.was = true;
    return this.was;
  }

  stop(): void {
    this.cancel();
  }

  private look(): void {
    const { clock } = this.parts;
    this.happened();
    this.cancel = clock.at(clock.now() + LOOK_MS, () => this.look());
  }
}
