import { describe, expect, test } from 'vitest';
import type { Neighbour } from '../../../../src/coordinator/spread/living.ts';
import { pauseAfter } from '../../../../src/coordinator/spread/pace.ts';
import { hashOf } from '../../../../src/coordinator/spread/rank.ts';
import { type Holding, nextMove } from '../../../../src/coordinator/spread/sharing.ts';

const rules = { settle: 60_000, threshold: 0.1 };
const NOW = 1_000_000;
const me = { key: 'me', hash: hashOf('me') };

const holdings = (count: number, fields: Partial<Holding> = {}): Holding[] =>
  Array.from({ length: count }, (_, n) => ({
    name: `${n}`,
    hash: hashOf(`${n}`),
    priority: 50,
    isMovable: true,
    ...fields,
  }));
const other = (key: string, held: number, fields: Partial<Neighbour> = {}): Neighbour => ({
  ...{ key, hash: hashOf(key), process: `process/${key}`, holders: `${key}:`, held, count: 1, since: 0 },
  priorityFor: () => 50,
  ...fields,
});
const moveOf = (held: number | Holding[], others: Neighbour[]) =>
  nextMove(me, typeof held === 'number' ? holdings(held) : held, others, NOW, rules);

describe('a process gives a mastership away', () => {
  test('where it has more than its share, to one that has less', () => {
    expect(moveOf(10, [other('a', 4), other('b', 10)])).toMatchObject({ to: { key: 'a' }, surplus: 2 });
  });

  test('not if it has its share or less, whatever others have', () => {
    expect(moveOf(50, [other('a', 80), other('b', 20)])).toBeNull();
    expect(moveOf(0, [other('a', 80), other('b', 20)])).toBeNull();
  });

  test.each([
    [1, 0, false],
    [2, 0, true],
    [2, 1, false],
    [20, 19, false],
    [21, 20, false],
    [22, 20, false],
    [23, 20, true],
    [105, 96, false],
    [106, 95, true],
  ])('%d and %d: %s', (held, its, moves) => {
    expect(moveOf(held, [other('a', its)]) !== null).toBe(moves);
  });

  test('not to one that has not lived long enough', () => {
    expect(moveOf(10, [other('a', 0, { since: NOW - rules.settle + 1 })])).toBeNull();
    expect(moveOf(10, [other('a', 0, { since: NOW - rules.settle })])).not.toBeNull();
  });

  test('not to one that does not stand by for it, could not be master, or is of a lower priority', () => {
    const only =
      (name: string): Neighbour['priorityFor'] =>
      (hash) =>
        hash === hashOf(name) ? 50 : null;
    expect(moveOf(10, [other('a', 0, { priorityFor: () => null })])).toBeNull();
    expect(moveOf(10, [other('a', 0, { priorityFor: only('7') })])).toMatchObject({ name: '7' });
    expect(moveOf(10, [other('a', 0, { priorityFor: () => 49 })])).toBeNull();
    expect(moveOf(holdings(10, { priority: 0 }), [other('a', 0, { priorityFor: () => 0 })])).toBeNull();
  });

  test('and takes no account of processes that share no subsystem with it', () => {
    const stranger = other('z', 0, { priorityFor: () => null });
    expect(moveOf(10, [other('a', 10), stranger])).toBeNull();
    expect(moveOf(10, [other('a', 4), stranger])).toMatchObject({ surplus: 3 });
  });

  test('and none that may not move now', () => {
    expect(moveOf(holdings(10, { isMovable: false }), [other('a', 0)])).toBeNull();
    const [first, ...more] = holdings(10, { isMovable: false });
    expect(moveOf([...more, { ...(first as Holding), isMovable: true }], [other('a', 0)])).toMatchObject({ name: '0' });
  });

  test('one of those that have the most, where none has more than its share rounded up', () => {
    // 2, 2, 2 and 0: a share of 1.5.
    const names = ['a', 'b', 'c'].map((key) => ({ key, hash: hashOf(key) }));
    const givers = names.filter((one) => {
      const others = names.filter(({ key }) => key !== one.key).map(({ key }) => other(key, 2));
      return nextMove(one, holdings(2), [...others, other('d', 0)], NOW, rules) !== null;
    });
    expect(givers).toHaveLength(1);
  });

  test('to those that lack the most more often, so that many givers do not all give to one', () => {
    const takers = [other('a', 0), other('b', 25), other('c', 40)];
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    for (let n = 0; n < 400; n += 1) {
      const key = `giver ${n}`;
      const rich = Array.from({ length: 6 }, (_, index) => other(`rich ${index}`, 60));
      const move = nextMove({ key, hash: hashOf(key) }, holdings(60), [...takers, ...rich], NOW, rules);
      if (move !== null) counts[move.to.key] = (counts[move.to.key] ?? 0) + 1;
    }
    const { a = 0, b = 0, c = 0 } = counts;
    expect(a).toBeGreaterThan(b);
    expect(b).toBeGreaterThan(c);
    expect(c).toBeGreaterThan(5);
    expect(a + b + c).toBe(400);
  });
});

test('the pause after a move is that of the options, and shorter with more than 10 above the share', () => {
  expect([1, 10, 20, 500].map((surplus) => pauseAfter(surplus, 10_000))).toEqual([10_000, 10_000, 5000, 200]);
});
