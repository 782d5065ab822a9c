/**
 * Notices that the store answers too slowly for the intervals, from the time that commands of the election take. A limit
 * hangs on the lease and cannot be longer, so the intervals must be.
 */
import { FailoverError } from '../errors.js';
import type { Intervals } from '../options/options.js';
import { isTooSlow, leastIntervals, storeLimits } from './storeLimits.js';

/** The median of so many commands counts, so one slow answer does not. */
const ROUND_TRIPS_MAX = 9;
/** And of no fewer than these. */
const ROUND_TRIPS_MIN = 3;
/** It has recovered when an answer that takes so many times as long would not be too slow. */
const RECOVERED = 1.25;

interface PaceWatchParts {
  readonly intervals: Intervals;
  /** The store in words, without credentials. */
  readonly storeText: string;
  /** Called once each time that the store becomes too slow. */
  slow(error: FailoverError): void;
  /** Called when it has recovered; `text` says so. */
  recovered(text: string): void;
}

export class PaceWatch {
  private readonly times: number[] = [];
  private slowError: FailoverError | undefined;

  constructor(private readonly parts: PaceWatchParts) {}

  /** Returns what there is to say to a cluster that joins now. */
  get error(): FailoverError | undefined {
    return this.slowError;
  }

  /** Records that a command of the election took `ms`. */
  took(ms: number): void {
    this.times.push(ms);
    if (this.times.length > ROUND_TRIPS_MAX) this.times.shift();
    if (this.times.length < ROUND_TRIPS_MIN) return;
    const { intervals, slow, recovered, storeText } = this.parts;
    const limits = storeLimits(intervals);
    const usual = this.median();
    if (this.slowError === undefined && isTooSlow(usual, limits)) {
      this.slowError = this.makeError(usual, limits.commandTimeout);
      slow(this.slowError);
    } else if (this.slowError !== undefined && !isTooSlow(RECOVERED * usual, limits)) {
      this.slowError = undefined;
      recovered(`${storeText} answers in ${Math.round(usual)} ms, which the intervals allow for`);
    }
  }

  private median(): number {
    const sorted = [...this.times].sort((one, other) => one - other);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }

  private makeError(usual: number, limit: number): FailoverError {
    const { intervals, storeText } = this.parts;
    const { MASTER, SLAVE, TICKING } = intervals;
    const least = leastIntervals(intervals, Math.ceil(usual));
    return new FailoverError(
      'ERR_INTERVALS_TOO_SHORT',
      `${storeText} takes ${Math.round(usual)} ms for a beat or a look (median of ${this.times.length}), and the intervals ` +
        `(MASTER ${MASTER}, SLAVE ${SLAVE}, TICKING ${TICKING}) allow ${limit} ms, with half as much again for slower answers. ` +
        `Set intervals.SLAVE to ${least.SLAVE} and intervals.TICKING to ${least.TICKING} or more on all members, ` +
        'or bring the database nearer.',
    );
  }
}
