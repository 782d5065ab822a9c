/** Waits until something has become true. A caller that changes what it hangs on says so by `look`. */
import type { Cancel, Clock } from '../time/clock.js';

export class Condition {
  private readonly waiting = new Set<() => void>();

  constructor(private readonly clock: Pick<Clock, 'now' | 'at'>) {}

  /** Called when something has changed. */
  look(): void {
    for (const look of [...this.waiting]) look();
  }

  /** Resolves when `isTrue` is true, or at the time `by`. */
  until(isTrue: () => boolean, by = Number.POSITIVE_INFINITY): Promise<void> {
    return new Promise((resolve) => {
      let cancel: Cancel = () => {};
      const look = (): void => {
        if (!isTrue() && this.clock.now() < by) return;
        this.waiting.delete(look);
        cancel();
        resolve();
      };
      this.waiting.add(look);
      if (by < Number.POSITIVE_INFINITY) cancel = this.clock.at(by, look);
      look();
    });
  }
}
