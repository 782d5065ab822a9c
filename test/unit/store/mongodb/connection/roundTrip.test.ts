/** When a command without an answer is in doubt, near the server and far from it. */
import { expect, test } from 'vitest';
import { RoundTrip } from '../../../../../src/store/mongodb/connection/roundTrip.ts';

const usual = (ms: number): RoundTrip => {
  const roundTrip = new RoundTrip();
  for (let time = 0; time < 50; time++) roundTrip.took(ms);
  return roundTrip;
};

test('near the server doubt comes after a quarter of the limit, and within a second', () => {
  expect(usual(2).patience(912)).toBe(228);
  expect(usual(2).patience(10_000)).toBe(1000);
});

test('a command for many is in doubt after half of its limit, and far from the server no earlier than others', () => {
  expect(usual(2).batchPatience(912)).toBe(456);
  expect(usual(2).batchPatience(10_000)).toBe(5000);
  expect(usual(450).batchPatience(912)).toBeCloseTo(1350);
});

test('an answer that takes as long as usual is never in doubt', () => {
  const far = usual(450);
  expect(far.patience(912)).toBeCloseTo(1350);
});

test('a ping is waited for no longer than a third of the limit', () => {
  expect(usual(2).pingPatience(10_000)).toBe(250);
  expect(usual(2).pingPatience(300)).toBe(100);
  expect(usual(450).pingPatience(10_000)).toBeCloseTo(1350);
  expect(usual(450).pingPatience(912)).toBe(304);
});

test('one slow answer moves the mean by a fifth', () => {
  const roundTrip = usual(10);
  roundTrip.took(110);
  expect(roundTrip.ms).toBeCloseTo(30);
});
