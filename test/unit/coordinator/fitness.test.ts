import { beforeEach, expect, test } from 'vitest';
import { Fitness } from '../../../src/coordinator/fitness.ts';

let told: string[];
let fitness: Fitness;

beforeEach(() => {
  told = [];
  fitness = new Fitness({
    resign: (reason, code) => told.push(`resign: ${reason} (${code})`),
    fit: () => told.push('fit'),
  });
});

test('resigns at the first complaint, once, and is fit again when it is withdrawn', () => {
  fitness.complain('ERR_MAIN_BLOCKED', 'blocked');
  fitness.complain('ERR_MAIN_BLOCKED', 'blocked still');
  expect(told).toEqual(['resign: blocked (ERR_MAIN_BLOCKED)']);
  fitness.withdraw('ERR_MAIN_BLOCKED');
  expect(told.slice(1)).toEqual(['fit']);
});

test('with several complaints it is fit only when none is left', () => {
  fitness.complain('ERR_TASK_TIMEOUT', 'overdue');
  fitness.complain('ERR_MAIN_BLOCKED', 'blocked');
  fitness.withdraw('ERR_TASK_TIMEOUT');
  expect(told).toEqual(['resign: overdue (ERR_TASK_TIMEOUT)']);
  fitness.withdraw('ERR_MAIN_BLOCKED');
  expect(told.slice(1)).toEqual(['fit']);
});

test('a withdrawal without a complaint says nothing; a new complaint resigns anew', () => {
  fitness.withdraw('ERR_MAIN_BLOCKED');
  expect(told).toEqual([]);
  for (const _time of [1, 2]) {
    fitness.complain('ERR_MAIN_BLOCKED', 'blocked');
    fitness.withdraw('ERR_MAIN_BLOCKED');
  }
  expect(told).toEqual(['resign: blocked (ERR_MAIN_BLOCKED)', 'fit', 'resign: blocked (ERR_MAIN_BLOCKED)', 'fit']);
});
