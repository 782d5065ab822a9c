/** One after another: a process that is drained hands its masterships over so. */
import type { Cancel } from '../../time/clock.js';

export class Turns {
  private readonly waiting: (() => void)[] = [];
  private isTaken = false;

  /** Calls `begin` when all who asked before have left. What is returned takes the wish back, or leaves. */
  ask(begin: () => void): Cancel {
    let state: 'waits' | 'begun' | 'left' = 'waits';
    const start = (): void => {
      this.isTaken = true;
      state = 'begun';
      begin();
    };
    this.waiting.push(start);
    this.next();
    return () => {
      const before = state;
      state = 'left';
      if (before === 'begun') this.isTaken = false;
      else if (before === 'waits') this.waiting.splice(this.waiting.indexOf(start), 1);
      this.next();
    };
  }

  private next(): void {
    if (!this.isTaken) this.waiting.shift()?.();
  }
}
