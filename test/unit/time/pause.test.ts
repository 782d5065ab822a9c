import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { pauseOrAbort } from '../../../src/time/pause.ts';
import { VirtualClock } from '../../support/virtualClock.ts';

test('a pause ends at its time, or when its signal aborts, and leaves nothing behind', async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const { signal } = controller;
  const ended: string[] = [];
  for (const ms of [5, 10]) void pauseOrAbort(clock, ms, signal).then(() => ended.push(`after ${ms}`));
  await clock.advance(5);
  expect(ended).toEqual(['after 5']);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  controller.abort();
  await clock.advance(0);
  expect(ended).toEqual(['after 5', 'after 10']);
  await pauseOrAbort(clock, 1000, signal);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  expect(clock.pending).toBe(0);
});
