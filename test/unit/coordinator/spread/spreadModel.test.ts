import { describe, expect, test } from 'vitest';
import { type Followed, rules, SpreadModel } from './spreadModel.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const started = (model: SpreadModel, count: number): void => {
  for (let n = 0; n < count; n += 1) model.start();
};
const isEven = ({ shares: { most, fewest, share } }: SpreadModel): boolean =>
  most - fewest < 2 || most - fewest <= rules.threshold * share;
const most = (values: Followed[], of: (each: Followed) => number): number => Math.max(...values.map(of));

/** On a busy machine. */
const timeout = 90_000;

describe('a process that dies with its masterships', () => {
  test.each([
    ['all 1,000', 20, 0],
    ['a quarter of 1,000', 4, 1],
  ])(
    '%s: the others follow within 3 POLL, with at most two claims for nearly each',
    { timeout },
    (_, processes, spread) => {
      const model = new SpreadModel(1, 1000, spread === 1);
      model.start();
      model.run(20_000);
      started(model, processes - 1);
      model.run(spread === 1 ? 25 * MINUTE : 2 * MINUTE);
      const [first] = model.processes;
      if (first === undefined) throw new Error('no process');
      const had = first.held;
      model.followed = [];
      model.kill(first);
      model.run(MINUTE);
      // A move may be under way.
      expect(model.followed.length).toBeGreaterThanOrEqual(had);
      expect(most(model.followed, ({ ms }) => ms)).toBeLessThan(4 * 500);
      expect(model.followed.filter(({ claims }) => claims > 2).length).toBeLessThan(had / 100);
      expect(new Set(model.followed.map(({ heir }) => heir)).size).toBe(processes - 1);
    },
  );
});

describe('a process that joins gets its share within 15 min, and no lease moves that need not', () => {
  test.each([
    [1, 500],
    [4, 200],
    [19, 50],
  ])('beside %d', { timeout }, (others, share) => {
    const model = new SpreadModel(others, 1000, true);
    started(model, others);
    model.run(25 * MINUTE);
    expect(isEven(model)).toBe(true);
    const { moves } = model;
    model.start();
    const { need } = model;
    expect(need).toBeGreaterThan(0.8 * share);
    model.run(15 * MINUTE);
    expect(isEven(model)).toBe(true);
    expect(model.moves - moves).toBeLessThanOrEqual(Math.ceil(1.05 * need));
    const settled = model.moves;
    model.run(HOUR);
    expect(model.moves).toBe(settled);
  });
});

test('over days of churn the shares stay even, a lease rests between two moves, and moves are no more than restarts need', {
  timeout,
}, () => {
  const model = new SpreadModel(3, 200, true);
  started(model, 20);
  model.run(HOUR);
  const before = model.moves;
  let restarts = 0;
  const any = () => model.alive[Math.floor(model.random() * model.alive.length)];
  model.churn(0.5, () => {
    const one = any();
    if (one !== undefined) model.kill(one);
    model.start();
    restarts += 1;
  });
  model.churn(1, () => {
    const one = any();
    if (one !== undefined) model.freeze(one, model.random() * 30_000);
    restarts += 1;
  });
  let uneven = 0;
  const hours = 24;
  for (let hour = 0; hour < hours; hour += 1) {
    model.run(HOUR);
    // One that happened in the last minutes may be seen.
    if (model.shares.most - model.shares.fewest > 3) uneven += 1;
  }
  expect(uneven).toBeLessThan(hours / 4);
  expect(model.shortestRest).toBeGreaterThanOrEqual(rules.rest);
  // Each restart takes the share of one process, which the others give back to the next.
  expect(model.moves - before).toBeLessThan(restarts * 10 * 1.2);
  expect(model.followed.filter(({ claims }) => claims > 2).length).toBeLessThan(model.followed.length / 50);
});
