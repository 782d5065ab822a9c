import { beforeEach, expect, test } from 'vitest';
import { Fitness } from '../../../src/coordinator/fitness.ts';

let told: string[];
let now: number;
let fitness: Fitness;

beforeEach(() => {
  told = [];
  now = 1000;
  const host = {
    resign: (reason: string, code: string, nothingRuns: boolean) =>
      told.push(`resign: ${reason} (${code})${nothingRuns ? ', nothing runs' : ''}`) > 0,
    fit: () => told.push('fit'),
  };
  fitness = new Fitness(host, { wall: () => now });
});

test('resigns at the first complaint, once, and is fit again when it is withdrawn', () => {
  fitness.complain('main', 'ERR_MAIN_BLOCKED', 'blocked');
  fitness.complain('main', 'ERR_MAIN_BLOCKED', 'blocked still');
  expect(told).toEqual(['resign: blocked (ERR_MAIN_BLOCKED)']);
  fitness.withdraw('main');
  expect(told.slice(1)).toEqual(['fit']);
});

test('with several complaints it is fit only when none is left', () => {
  fitness.complain('task', 'ERR_TASK_TIMEOUT', 'overdue');
  fitness.complain('main', 'ERR_MAIN_BLOCKED', 'blocked');
  fitness.withdraw('task');
  expect(told).toEqual(['resign: overdue (ERR_TASK_TIMEOUT)']);
  fitness.withdraw('main');
  expect(told.slice(1)).toEqual(['fit']);
});

test('a withdrawal without a complaint says nothing; a new complaint resigns again', () => {
  fitness.withdraw('main');
  expect(told).toEqual([]);
  for (const _time of [1, 2]) {
    fitness.complain('main', 'ERR_MAIN_BLOCKED', 'blocked');
    fitness.withdraw('main');
  }
  expect(told).toEqual(['resign: blocked (ERR_MAIN_BLOCKED)', 'fit', 'resign: blocked (ERR_MAIN_BLOCKED)', 'fit']);
});

test('says why it is unfit: the oldest complaint, in its newest words, since it began', () => {
  expect(fitness.unfit).toBeNull();
  expect(fitness.complain('module', 'ERR_WORK_MODULE', 'no such package', true)).toBe(true);
  now = 2000;
  expect(fitness.complain('main', 'ERR_MAIN_BLOCKED', 'blocked')).toBe(false);
  expect(fitness.complain('module', 'ERR_TASK_THREAD_EXITED', 'no memory')).toBe(false);
  const since = new Date(1000);
  expect(fitness.unfit).toEqual({ code: 'ERR_TASK_THREAD_EXITED', message: 'no memory', since });
  fitness.withdraw('module');
  expect(fitness.unfit).toEqual({ code: 'ERR_MAIN_BLOCKED', message: 'blocked', since: new Date(2000) });
  fitness.withdraw('main');
  expect(fitness.unfit).toBeNull();
  expect(told).toEqual(['resign: no such package (ERR_WORK_MODULE), nothing runs', 'fit']);
});
