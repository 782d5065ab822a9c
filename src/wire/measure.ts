/** What crosses between a thread that wants the queues measured and the coordinator, on a broadcast channel. */
import { BroadcastChannel, threadId } from 'node:worker_threads';
import type { Timers } from '../time/realTime.js';

/** `measured` answers the `measure` of the same id: what was measured is in shared memory. */
export interface MeasureMessage {
  readonly type: 'measure' | 'measured';
  readonly id: string;
}

export function isMeasureMessage(data: unknown): data is MeasureMessage {
  return typeof data === 'object' && data !== null && 'type' in data && 'id' in data;
}

let asked = 0;

/** Asks the coordinator to measure the queues. Resolves when it has, or after `patience` ms. */
export function askMeasure(
  name: string,
  patience: number,
  timers: Pick<Timers, 'setTimeout' | 'clearTimeout'>,
): Promise<void> {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel(name);
    asked += 1;
    // Other threads ask on the same channel.
    const question: MeasureMessage = { type: 'measure', id: `${threadId}:${asked}` };
    const end = (): void => {
      timers.clearTimeout(timer);
      channel.close();
      resolve();
    };
    const timer = timers.setTimeout(end, patience);
    channel.onmessage = ({ data }: { data: unknown }) => {
      if (isMeasureMessage(data) && data.type === 'measured' && data.id === question.id) end();
    };
    channel.postMessage(question);
  });
}
