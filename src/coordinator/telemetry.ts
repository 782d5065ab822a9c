/** How punctual one member's heartbeats are, for `status()`. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { MemberStatus, Spread } from './messages.js';

export class Telemetry {
  private sent = 0;
  private acknowledged = 0;
  /** In nanoseconds, because a histogram counts whole numbers from 1 on. */
  private readonly lateness = createHistogram();
  private readonly delay = createHistogram();
  private readonly roundTrip = createHistogram();

  /** A beat went out `late` ms after it was due, and `delay` ms after the moment that was aimed at. */
  beatSent(late: number, delay: number): void {
    this.sent += 1;
    record(this.lateness, late);
    record(this.delay, delay);
  }

  /** A beat was acknowledged `ms` after it was sent. */
  beatAcknowledged(ms: number): void {
    this.acknowledged += 1;
    record(this.roundTrip, ms);
  }

  report(): MemberStatus['heartbeat'] {
    const { sent, acknowledged } = this;
    const { lateness, delay, roundTrip } = this;
    return {
      sent,
      acknowledged,
      lateness: spread(lateness),
      delay: spread(delay),
      roundTrip: spread(roundTrip),
    };
  }
}

function record(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.max(1, Math.round(ms * 1e6)));
}

function spread(histogram: RecordableHistogram): Spread {
  if (histogram.count === 0) return { p50: 0, p99: 0, max: 0 };
  return { p50: histogram.percentile(50) / 1e6, p99: histogram.percentile(99) / 1e6, max: histogram.max / 1e6 };
}
