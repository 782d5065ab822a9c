/** What is known of masterships that ended. */
import { expect, test } from 'vitest';
import { History, type SeenLease } from '../../../src/page/history.ts';

const iso = (at: number) => new Date(at).toISOString();
const lease = (term: number, at: number, isHeld = true): ReadonlyMap<string, SeenLease> =>
  new Map([['a', { term, at, isHeld, ttl: 4500 }]]);
const record = (term: number, at: number) => ({
  ...{ name: 'a', term, holder: `m${term}`, claim: 'c', ttl: 4500, at: new Date(at) },
});

test('of what was not seen, only the beginnings are known', () => {
  const history = new History();
  history.see(lease(2, 60_000), true);
  expect(history.of('a', [record(2, 50_000), record(1, 10_000)])).toEqual({
    terms: [
      { term: 2, holder: 'm2', at: iso(50_000), until: null, isSeen: false },
      { term: 1, holder: 'm1', at: iso(10_000), until: iso(50_000), isSeen: false },
    ],
    gaps: [],
  });
});

test('a master that was silent for longer than its lease leaves a gap from its last beat to the next master', () => {
  const history = new History();
  history.see(lease(1, 20_000), false);
  history.see(lease(1, 20_000, false), true);
  history.see(lease(2, 26_000), true);
  expect(history.of('a', [record(2, 25_000), record(1, 10_000)])).toMatchObject({
    terms: [{ until: null }, { until: iso(20_000), isSeen: true }],
    gaps: [{ from: iso(20_000), to: iso(25_000) }],
  });
});

test('a master that died before its first beat ended when its term began, which is after its lease was written', () => {
  const history = new History();
  history.see(lease(1, 9990, false), true);
  expect(history.of('a', [record(1, 10_000)])).toMatchObject({
    terms: [{ at: iso(10_000), until: iso(10_000), isSeen: true }],
    gaps: [{ from: iso(10_000), to: null }],
  });
  history.see(lease(2, 16_000), true);
  expect(history.of('a', [record(2, 16_010), record(1, 10_000)])).toMatchObject({
    terms: [{ until: null }, { at: iso(10_000), until: iso(10_000), isSeen: true }],
    gaps: [{ from: iso(10_000), to: iso(16_010) }],
  });
});

test('the gap after a death begins with the last beat, also when another member releases that lease later', () => {
  const history = new History();
  history.see(lease(1, 20_000, true), true);
  history.see(lease(1, 20_000, false), true);
  history.see(lease(1, 27_000, false), true);
  history.see(lease(2, 27_100), true);
  expect(history.of('a', [record(2, 27_110), record(1, 10_000)]).gaps).toEqual([
    { from: iso(20_000), to: iso(27_110) },
  ]);
});

test('a hand-over between two looks is no gap, and a death between two looks is one', () => {
  for (const [next, gaps] of [
    [21_900, 0],
    [25_000, 1],
  ] as const) {
    const history = new History();
    history.see(lease(1, 20_000), true);
    history.see(lease(2, next + 100), true);
    expect(history.of('a', [record(2, next), record(1, 10_000)]).gaps).toHaveLength(gaps);
  }
});

test('a gap lasts while there is no master', () => {
  const history = new History();
  history.see(lease(1, 20_000, false), true);
  expect(history.of('a', [record(1, 10_000)])).toEqual({
    terms: [{ term: 1, holder: 'm1', at: iso(10_000), until: iso(20_000), isSeen: true }],
    gaps: [{ from: iso(20_000), to: null }],
  });
});

test('after a pause without a look, the old beat says nothing', () => {
  const history = new History();
  history.see(lease(1, 20_000), true);
  history.see(lease(2, 900_000), false);
  expect(history.of('a', [record(2, 800_000), record(1, 10_000)])).toMatchObject({
    terms: [{ term: 2 }, { until: iso(800_000), isSeen: false }],
    gaps: [],
  });
});

test('a name that went is forgotten', () => {
  const history = new History();
  history.see(lease(1, 20_000), true);
  history.see(new Map(), true);
  history.see(lease(2, 26_000), true);
  expect(history.of('a', [record(2, 25_000), record(1, 10_000)]).gaps).toEqual([]);
});
