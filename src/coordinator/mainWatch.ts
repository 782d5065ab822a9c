/**
 * Notices, on the coordinator thread, that the main thread has not turned its loop for `mainTimeout` (rule 10), by the
 * pulse that `src/facade/mainPulse.ts` leaves in shared memory; and when it turns again.
 *
 * A machine that was suspended does not count as blocked: the monotonic clock, by which the pulse is dated, stops
 * with the machine. Where it does not, and where the whole process was stopped (SIGSTOP, a container that is paused), this watch
 * stops as well. A watch that looks late by more than a period gives the main thread another one to beat.
 * Rule 10: docs/explain/protocol.md#rule-10-a-lease-proves-that-work-is-alive
 */
import assert from 'node:assert/strict';
import type { Cancel, Clock } from '../time/clock.js';
import { pulsePeriod } from '../wire/pulse.js';

interface MainWatchParts {
  readonly clock: Clock;
  /** In ms; `Infinity`: nothing is watched. */
  readonly mainTimeout: number;
  /** Returns how old the pulse is, in ms. */
  pulseAge(): number;
  /** Called once when the main thread is blocked, until it has turned. */
  blocked(): void;
  /** Called once, after `blocked`, when it turns again. */
  turned(): void;
}

export class MainWatch {
  private cancel: Cancel | undefined;
  private isBlocked = false;
  private readonly period: number;

  constructor(private readonly parts: MainWatchParts) {
    assert.ok(parts.mainTimeout > 0, 'a time-out of nothing');
    this.period = pulsePeriod(parts.mainTimeout);
  }

  /** Starts the watch. May be called again while it watches. */
  start(): void {
    if (this.cancel === undefined && this.parts.mainTimeout < Infinity) this.arm();
  }

  /** Ends the watch. It does not tell that a blocked thread has turned either. */
  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
    this.isBlocked = false;
  }

  private arm(): void {
    const { clock } = this.parts;
    // On a grid, so all that watch wake at once: the end of a timer blocks this thread (systemClock.ts).
    const due = (Math.floor(clock.now() / this.period) + 1) * this.period;
    this.cancel = clock.at(due, () => {
      // First the next look: what is told may stop the watch.
      this.arm();
      this.checkPulse(due);
    });
  }

  private checkPulse(due: number): void {
    const { clock, mainTimeout, pulseAge, blocked, turned } = this.parts;
    const stale = pulseAge() > mainTimeout;
    if (stale === this.isBlocked) return;
    if (stale && clock.now() - due > this.period) return;
    this.isBlocked = stale;
    if (stale) blocked();
    else turned();
  }
}
