/** A timer with one purpose: asked for several times, it calls once, at the earliest of them. */
import type { Cancel, Clock } from './clock.js';

export class Alarm {
  private due = Number.POSITIVE_INFINITY;
  private cancel: Cancel | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly callback: () => void,
  ) {}

  /** Calls at `time`, unless it is to call earlier already. */
  by(time: number): void {
    if (time >= this.due) return;
    this.clear();
    this.due = time;
    this.cancel = this.clock.at(time, () => {
      this.clear();
      this.callback();
    });
  }

  /** Calls no more, until it is asked again. */
  clear(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.due = Number.POSITIVE_INFINITY;
  }
}
