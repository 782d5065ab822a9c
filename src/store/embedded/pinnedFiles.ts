/**
 * Data files that were taken away under a store that was open. They stay open for a while, because a file system may give
 * the number of a file to the next one once all have closed it: a copy that is restored then would pass for the original,
 * while its master still counts on a lease.
 */
import { closeSync } from 'node:fs';

/** Longer than a lease is valid, in ms: what is kept open takes its space on the disk. */
const PINNED_MS = 10 * 60_000;
const PINS_MAX = 32;

export class PinnedFiles {
  private readonly pins: { readonly descriptor: number; readonly until: number }[] = [];

  /** `now` in monotonic ms. */
  keep(descriptor: number, now: number): void {
    this.pins.push({ descriptor, until: now + PINNED_MS });
    if (this.pins.length > PINS_MAX) this.closeFirst();
  }

  closeOld(now: number): void {
    while (this.pins[0] !== undefined && this.pins[0].until <= now) this.closeFirst();
  }

  closeAll(): void {
    while (this.pins.length > 0) this.closeFirst();
  }

  private closeFirst(): void {
    const pin = this.pins.shift();
    if (pin !== undefined) closeSync(pin.descriptor);
  }
}
