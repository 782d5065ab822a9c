import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { withinLimit } from '../../../src/store/timeLimit.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const late = () => new StoreError('ERR_STORE_UNAVAILABLE', 'late');

test('a call that ends in time gives its own outcome and leaves no timer', async () => {
  const error = new Error('its own');
  expect(await withinLimit(100, late, async () => 'answer')).toBe('answer');
  await expect(withinLimit(100, late, () => Promise.reject(error))).rejects.toBe(error);
  expect(vi.getTimerCount()).toBe(0);
});

test('a call that never ends is rejected at the limit, and its signal aborts then and not before', async () => {
  let signal: AbortSignal | undefined;
  const outcome = vi.fn();
  withinLimit(100, late, (given) => {
    signal = given;
    return new Promise(() => {});
  }).catch(outcome);
  await vi.advanceTimersByTimeAsync(99);
  expect(signal?.aborted).toBe(false);
  expect(outcome).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(signal?.aborted).toBe(true);
  expect(outcome).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message: 'late' }));
});

test('what the call says to its abort does not take the place of the reason', async () => {
  const call = (signal: AbortSignal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
  const outcome = expect(withinLimit(100, late, call)).rejects.toThrow('late');
  await vi.advanceTimersByTimeAsync(100);
  await outcome;
});
