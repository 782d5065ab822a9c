/** The pulse as the main thread beats it, on fake timers. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MainPulse } from '../../../src/facade/mainPulse.ts';
import { globalTime } from '../../support/globalTime.ts';

const said: string[] = [];
const lease = {
  beatPulse: (): void => {
    said.push('beat');
  },
  endPulse: (): void => {
    said.push('end');
  },
};

beforeEach(() => {
  said.length = 0;
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('beats at once, then four times within the time-out, until it is stopped', () => {
  const pulse = new MainPulse(lease, 1000, globalTime);
  pulse.start();
  pulse.start();
  expect(said).toEqual(['beat']);
  vi.advanceTimersByTime(1000);
  expect(said).toHaveLength(5);
  pulse.stop();
  expect(said.at(-1)).toBe('end');
  vi.advanceTimersByTime(5000);
  expect(said).toHaveLength(6);
  pulse.start();
  expect(said.at(-1)).toBe('beat');
  expect(vi.getTimerCount()).toBe(1);
});

test('beats each second at least, however long the time-out', () => {
  new MainPulse(lease, 3_600_000, globalTime).start();
  vi.advanceTimersByTime(10_000);
  expect(said).toHaveLength(11);
});

test('without a time-out nothing is watched, and nothing is beaten', () => {
  new MainPulse(lease, Infinity, globalTime).start();
  vi.advanceTimersByTime(10_000);
  expect(said).toEqual([]);
});

test('keeps no process alive', () => {
  vi.useRealTimers();
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const pulse = new MainPulse(lease, 1000, globalTime);
  pulse.start();
  const after = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  pulse.stop();
  // Only timers that keep the loop going are listed.
  expect(after).toBe(before);
});
