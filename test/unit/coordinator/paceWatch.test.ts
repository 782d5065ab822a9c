/** A store that answers too slowly for the intervals is told of once, until it has recovered. */
import { expect, test } from 'vitest';
import { PaceWatch } from '../../../src/coordinator/paceWatch.ts';
import type { FailoverError } from '../../../src/errors.ts';
import { resolveIntervals } from '../../../src/options/intervals.ts';

function watched(given = {}) {
  const errors: FailoverError[] = [];
  const texts: string[] = [];
  const watch = new PaceWatch({
    intervals: resolveIntervals(given),
    storeText: 'mongodb://far/db',
    slow: (error) => errors.push(error),
    recovered: (text) => texts.push(text),
  });
  const took = (ms: number, times = 1) => {
    for (let time = 0; time < times; time++) watch.took(ms);
  };
  return { watch, errors, texts, took };
}

test('the error names what was measured, what the intervals allow, and what would do', () => {
  const { watch, errors, took } = watched();
  took(1000, 2);
  expect(errors).toEqual([]);
  took(1000);
  expect(errors).toMatchObject([{ name: 'FailoverError', code: 'ERR_INTERVALS_TOO_SHORT' }]);
  const { message = '' } = errors[0] ?? {};
  for (const part of ['mongodb://far/db', '1000 ms', '912 ms', 'SLAVE to 3200', 'TICKING to 2600']) {
    expect(message).toContain(part);
  }
  expect(watch.error).toBe(errors[0]);
});

test('intervals that allow for it, as those that the error names, are no error', () => {
  for (const { took, errors } of [watched({ SLAVE: 3200, TICKING: 2600 }), watched({ SLAVE: 10_000 })]) {
    took(1000, 100);
    expect(errors).toEqual([]);
  }
});

test('what is usual counts: neither single slow answers nor jitter', () => {
  const { errors, took } = watched();
  for (let round = 0; round < 50; round++) {
    took(300, 5);
    took(5000, 2);
  }
  expect(errors).toEqual([]);
});

test('it is said once, and again only after it has recovered', () => {
  const { watch, errors, texts, took } = watched();
  took(700, 100);
  // Near the border it has not recovered.
  took(550, 100);
  took(700, 100);
  expect([errors.length, texts.length]).toEqual([1, 0]);
  took(100, 5);
  expect(texts).toEqual([expect.stringContaining('100 ms')]);
  expect(watch.error).toBeUndefined();
  took(700, 100);
  expect([errors.length, texts.length]).toEqual([2, 1]);
});
