/**
 * Bounds how many reads of stored queues one coordinator has under way; the rest wait, in the order in which they come.
 * Each master looks for new tasks every POLL. A thousand of them would take every connection to the server, and a beat
 * would wait behind their reads. With a limit a slow server only makes the looks less frequent.
 */

/** A fraction of the driver's 100 connections. */
const READS_MAX = 16;

export class ReadLimit {
  private free = READS_MAX;
  private readonly waiting: (() => void)[] = [];

  async pass<T>(read: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await read();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free += 1;
      else next();
    }
  }
}
