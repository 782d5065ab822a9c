/** Which members ask in smaller calls, or by themselves, because a call has failed for them. */
import type { Clock } from '../../time/clock.js';

/** After so long without a call of a member what its last one has said is forgotten, in ms: a farewell has no next one. */
const KEPT_MS = 120_000;

interface Trouble {
  /** With how many it may be in its next call. */
  readonly company: number;
  /** Whether its own call had no answer. */
  readonly isStuck: boolean;
  readonly at: number;
}

export class Apart {
  /** By key, and in the order of their times. */
  private readonly troubles = new Map<string, Trouble>();

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  get size(): number {
    return this.troubles.size;
  }

  companyOf(key: string): number {
    return this.troubles.get(key)?.company ?? Number.POSITIVE_INFINITY;
  }

  isStuck(key: string): boolean {
    return this.troubles.get(key)?.isStuck ?? false;
  }

  /** A call for many failed for it: it may be with so many in the next one. */
  failed(key: string, company: number): void {
    this.put(key, company, this.isStuck(key));
  }

  /** Its own call had no answer. */
  hangs(key: string): void {
    this.put(key, this.companyOf(key), true);
  }

  answered(key: string): void {
    this.troubles.delete(key);
  }

  private put(key: string, company: number, isStuck: boolean): void {
    const at = this.clock.now();
    this.troubles.delete(key);
    this.troubles.set(key, { company, isStuck, at });
    for (const [old, trouble] of this.troubles) {
      if (trouble.at >= at - KEPT_MS) return;
      this.troubles.delete(old);
    }
  }
}
