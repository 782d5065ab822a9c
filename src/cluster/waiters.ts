/**
 * Those who wait for room in a full queue, first come, first served. As many are called as there is room for; in a stored
 * queue, whose other members make room unheard, one is called every now and then.
 */

/** Between two calls without a sign that there is room, in ms. */
const POLL = 100;

export class Waiters {
  private waiting: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** Resolves when it is worth trying again. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.timer ??= setInterval(() => this.some(1), POLL);
    });
  }

  /** There is room for so many. */
  some(count: number): void {
    for (const resolve of this.waiting.splice(0, count)) resolve();
    if (this.waiting.length > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** There will be no room any more. */
  all(): void {
    this.some(this.waiting.length);
  }
}
