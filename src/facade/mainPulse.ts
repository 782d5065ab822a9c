/**
 * The pulse of the main thread: as long as it turns its loop, it says so in shared memory, where the coordinator looks for
 * it (`src/coordinator/mainWatch.ts`, rule 10). The timer keeps no process alive.
 * Rule 10: docs/explain/protocol.md#rule-10-a-lease-proves-that-work-is-alive
 */

import { realTime, type Timers } from '../time/realTime.js';
import { pulsePeriod } from '../wire/pulse.js';
import type { SharedLease } from '../wire/sharedLease.js';

export class MainPulse {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly lease: Pick<SharedLease, 'beatPulse' | 'endPulse'>,
    /** In ms; `Infinity`: the pulse is not watched, so it does not beat. */
    private readonly mainTimeout: number,
    private readonly timers: Timers = realTime,
  ) {}

  /** Starts the pulse. May be called again. The first beat is at once. */
  start(): void {
    if (this.timer !== undefined || this.mainTimeout === Infinity) return;
    this.lease.beatPulse();
    this.timer = this.timers.setInterval(() => this.lease.beatPulse(), pulsePeriod(this.mainTimeout)).unref();
  }

  /** Stops the pulse. From now on it is not missed. */
  stop(): void {
    this.timers.clearInterval(this.timer);
    this.timer = undefined;
    this.lease.endPulse();
  }
}
