import { describe, expect, test } from 'vitest';
import { type Candidate, hashOf, pollsOfRank, rankOf } from '../../../../src/coordinator/spread/rank.ts';

const candidate = (key: string, priority = 50): Candidate => ({ key, hash: hashOf(key), priority });
const processes = Array.from({ length: 20 }, (_, n) => candidate(`process/web-7d9f${n}/1/48213${n}/a`));
const names = Array.from({ length: 1000 }, (_, n) => hashOf(`tenant-${n}`));
const rankIn = (all: readonly Candidate[], name: number, me: Candidate): number =>
  rankOf(
    name,
    me,
    all.filter(({ key }) => key !== me.key),
  );

describe('the rank of a process for a lease', () => {
  test('is another one for each process, from 0 on, whichever of them asks', () => {
    for (const name of names.slice(0, 100)) {
      const ranks = processes.map((me) => rankIn(processes, name, me)).sort((a, b) => a - b);
      expect(ranks).toEqual(processes.map((_, index) => index));
    }
  });

  test('gives each process about its share: as even as chance', () => {
    const shares = new Map<string, number>();
    for (const name of names) {
      const first = processes.find((me) => rankIn(processes, name, me) === 0);
      shares.set(first?.key ?? '', (shares.get(first?.key ?? '') ?? 0) + 1);
    }
    const counts = [...shares.values()];
    expect(shares.size).toBe(20);
    // Binomial, of 1000 and 1/20: a standard deviation of 7.
    expect(Math.min(...counts)).toBeGreaterThan(50 - 4 * 7);
    expect(Math.max(...counts)).toBeLessThan(50 + 4 * 7);
  });

  test('leaves the order of the others as it is when one dies, whose leases go to all of them', () => {
    const [dead, ...others] = processes as [Candidate, ...Candidate[]];
    const heirs = new Map<string, number>();
    for (const name of names) {
      const before = others.map((me) => ({ me, rank: rankIn(processes, name, me) })).sort((a, b) => a.rank - b.rank);
      const after = others.map((me) => ({ me, rank: rankIn(others, name, me) })).sort((a, b) => a.rank - b.rank);
      expect(after.map(({ me }) => me.key)).toEqual(before.map(({ me }) => me.key));
      if (rankIn(processes, name, dead) !== 0) continue;
      const heir = after[0]?.me.key ?? '';
      heirs.set(heir, (heirs.get(heir) ?? 0) + 1);
    }
    expect(heirs.size).toBeGreaterThan(14);
    expect(Math.max(...heirs.values())).toBeLessThan(12);
  });

  test('goes by the priority first', () => {
    const [high, low] = [candidate('a', 60), candidate('b', 40)];
    for (const name of names) {
      expect(rankIn([high, low], name, high)).toBe(0);
      expect(rankIn([high, low], name, low)).toBe(1);
    }
  });

  test('is 0 for a process that is alone', () => {
    expect(rankOf(1, candidate('a'), [])).toBe(0);
  });

  test('tells two processes of one hash apart', () => {
    const [a, b] = [
      { key: 'a', hash: 1, priority: 50 },
      { key: 'b', hash: 1, priority: 50 },
    ];
    expect([rankOf(7, a, [b]), rankOf(7, b, [a])]).toEqual([0, 1]);
  });
});

test('the first waits for none, the next ones one POLL after the other and a look more, and none above 3', () => {
  expect([0, 1, 2, 3, 19].map(pollsOfRank)).toEqual([0, 1.25, 2.25, 3, 3]);
});
