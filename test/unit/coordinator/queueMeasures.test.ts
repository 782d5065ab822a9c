/** How often the store is asked what waits, however often a scrape asks. */
import { expect, test } from 'vitest';
import { QueueMeasures } from '../../../src/coordinator/queueMeasures.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

test('calls that come together share one measure, and another one follows after 5 s', async () => {
  const clock = new VirtualClock();
  let count = 0;
  const one = async (): Promise<void> => {
    count += 1;
  };
  const measures = new QueueMeasures({ clock, all: () => [one] });
  await Promise.all([measures.measure(), measures.measure()]);
  await measures.measure();
  await clock.advance(4999);
  await measures.measure();
  expect(count).toBe(1);
  await clock.advance(1);
  await measures.measure();
  expect(count).toBe(2);
});

test('no more than eight queues are measured at once, and all are', async () => {
  const ends: (() => void)[] = [];
  const one = () => new Promise<void>((resolve) => ends.push(resolve));
  const measures = new QueueMeasures({ clock: new VirtualClock(), all: () => Array.from({ length: 20 }, () => one) });
  const measured = measures.measure();
  let ended = 0;
  for (const under of [8, 16, 20]) {
    expect(ends).toHaveLength(under);
    for (; ended < under; ended += 1) ends[ended]?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await measured;
});
