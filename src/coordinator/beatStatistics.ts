/** How punctual one member's beats are, for `status()`. */

import type { BeatListener } from '../election/elector.js';
import type { MemberStatus } from '../wire/status.js';
import { Histogram } from './histogram.js';

export class BeatStatistics implements BeatListener {
  private sent = 0;
  private acknowledged = 0;
  private readonly lateness = new Histogram();
  private readonly delay = new Histogram();
  private readonly roundTrip = new Histogram();

  /** `also` hears the same, but 0 for what is less. */
  constructor(private readonly also?: BeatListener) {}

  /** Records a beat that went out `late` ms after it was due, and `delay` ms after the moment that was aimed at; less than 0: before. */
  beatSent(late: number, delay: number): void {
    this.sent += 1;
    const [lateness, overdue] = [Math.max(0, late), Math.max(0, delay)];
    this.lateness.record(lateness);
    this.delay.record(overdue);
    this.also?.beatSent(lateness, overdue);
  }

  /** Records that a beat was acknowledged `ms` after it was sent. */
  beatAcknowledged(ms: number): void {
    this.acknowledged += 1;
    this.roundTrip.record(ms);
    this.also?.beatAcknowledged(ms);
  }

  report(): MemberStatus['heartbeat'] {
    const { sent, acknowledged } = this;
    const { lateness, delay, roundTrip } = this;
    return {
      sent,
      acknowledged,
      lateness: lateness.spread(),
      delay: delay.spread(),
      roundTrip: roundTrip.spread(),
    };
  }
}
