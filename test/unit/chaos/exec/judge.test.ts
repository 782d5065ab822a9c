/** The judge of commands on two hosts. */
import { expect, test } from 'vitest';
import { judge, type Line, readLines } from '../../../chaos/exec/judge.ts';

const line = (host: string, run: string, at: number, term = 1): Line => ({ host, run, term, at });

test('runs that follow each other do not overlap', () => {
  const lines = [line('a', '1', 10), line('a', '1', 20), line('b', '2', 20, 2), line('b', '2', 90, 2)];
  const { runs, overlap, fallingTerms } = judge(lines);
  expect(runs).toEqual([
    { host: 'a', run: '1', term: 1, from: 10, to: 20, lines: 2 },
    { host: 'b', run: '2', term: 2, from: 20, to: 90, lines: 2 },
  ]);
  expect([overlap, fallingTerms]).toEqual([0, false]);
});

test('a process that writes on after the next run began is an overlap', () => {
  expect(judge([line('a', '1', 10), line('b', '2', 20, 2), line('a', '1', 27), line('b', '2', 90, 2)]).overlap).toBe(7);
});

test('the longest overlap of any two counts, also of one host', () => {
  const lines = [
    line('a', '1', 10),
    line('a', '2', 15, 2),
    line('a', '1', 17),
    line('b', '3', 16, 3),
    line('a', '2', 30, 2),
  ];
  expect(judge([...lines, line('b', '3', 40, 3)]).overlap).toBe(14);
});

test('a later run must have a higher term', () => {
  expect(judge([line('a', '1', 10, 2), line('b', '2', 20, 2)]).fallingTerms).toBe(true);
});

test('runs without a number are not judged by it', () => {
  expect(judge([line('a', '1', 10, 0), line('b', '2', 20, 0)]).fallingTerms).toBe(false);
  expect(judge([line('a', '1', 10, 2), line('b', '2', 20, 0)]).fallingTerms).toBe(true);
});

test('a line that was torn off counts for nothing', () => {
  const text = `${JSON.stringify(line('a', '1', 10))}\n{"host":"a","ru`;
  expect(readLines(text)).toEqual([line('a', '1', 10)]);
});
