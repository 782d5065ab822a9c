/** What a sum of matches says, and a look after it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byLook, bySum } from '../../../src/store/matches.ts';

describe('a sum', () => {
  test('of all says that all have matched, of none that none has', () => {
    expect(bySum(3, 3)).toBe(true);
    expect(bySum(3, 0)).toBe(false);
  });

  test.each([1, 2])('between the two does not tell which: %i of 3', (sum) => {
    expect(bySum(3, sum)).toBeNull();
  });
});

describe('a look after a sum', () => {
  test('tells which, if as many are there as have matched', () => {
    expect(byLook(2, [true, false, true])).toEqual([true, false, true]);
  });

  test('tells nothing if fewer are there, because one was overwritten', () => {
    expect(byLook(2, [true, false, false])).toEqual([null, null, null]);
  });

  test('tells nothing if more are there than have matched', () => {
    expect(byLook(1, [true, false, true])).toEqual([null, null, null]);
  });

  test('never says of one that did not match that it did', () => {
    fc.assert(
      // What has matched, and of that what was overwritten before the look. Nothing else writes the very beat.
      fc.property(
        fc.array(fc.record({ matched: fc.boolean(), overwritten: fc.boolean() }), { minLength: 1 }),
        (all) => {
          const sum = all.filter(({ matched }) => matched).length;
          const shown = all.map(({ matched, overwritten }) => matched && !overwritten);
          const told = bySum(all.length, sum);
          const matches = told === null ? byLook(sum, shown) : all.map(() => told);
          matches.forEach((match, index) => {
            if (match !== null) expect(match).toBe(all[index]?.matched);
          });
        },
      ),
    );
  });
});
