/**
 * Measures what waits in the queues, when a scrape asks: a few at a time, and at most once each five seconds however often
 * it is asked, because each measure is some reads of the store. What was measured goes into shared memory.
 */
import { BroadcastChannel } from 'node:worker_threads';
import type { Clock } from '../time/clock.js';
import { isMeasureMessage, type MeasureMessage } from '../wire/measure.js';

/** How long what was measured is good for, in ms. */
const MEASURE_MAX_AGE_MS = 5000;
/** Beats have connections too. */
const AT_ONCE_MAX = 8;

interface QueueMeasuresParts {
  readonly clock: Clock;
  /** Returns those that are to be measured; none of them rejects. */
  all(): readonly (() => Promise<void>)[];
}

export class QueueMeasures {
  private measuredAt = Number.NEGATIVE_INFINITY;
  private underWay: Promise<void> | null = null;

  constructor(private readonly parts: QueueMeasuresParts) {}

  /** Resolves when all queues are measured, which may have been a while ago. Calls that come together share one measure. */
  measure(): Promise<void> {
    const { clock } = this.parts;
    if (this.underWay !== null) return this.underWay;
    if (clock.now() - this.measuredAt < MEASURE_MAX_AGE_MS) return Promise.resolve();
    this.measuredAt = clock.now();
    this.underWay = this.measureAll().finally(() => {
      this.underWay = null;
    });
    return this.underWay;
  }

  private async measureAll(): Promise<void> {
    const left = [...this.parts.all()];
    const next = async (): Promise<void> => {
      for (let measure = left.shift(); measure !== undefined; measure = left.shift()) await measure();
    };
    await Promise.all(Array.from({ length: AT_ONCE_MAX }, next));
  }
}

/** Measures when it is asked to on the channel. Returns how to stop that. */
export function answerMeasures(name: string, measures: Pick<QueueMeasures, 'measure'>): () => void {
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: { data: unknown }) => {
    if (!isMeasureMessage(data) || data.type !== 'measure') return;
    const answer: MeasureMessage = { type: 'measured', id: data.id };
    void measures.measure().then(() => channel.postMessage(answer));
  };
  channel.unref();
  return () => channel.close();
}
