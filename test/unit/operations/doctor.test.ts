import { describe, expect, test } from 'vitest';
import { worstFirst } from '../../../src/operations/doctor/findings.ts';
import { paceFindings, paceOf, shortestIntervals } from '../../../src/operations/doctor/paceFindings.ts';
import { storeFindings } from '../../../src/operations/doctor/storeFindings.ts';
import { subsystemFindings } from '../../../src/operations/doctor/subsystemFindings.ts';
import { resolveIntervals } from '../../../src/options/intervals.ts';
import type { MongodbFacts } from '../../../src/store/facts.ts';
import { view } from './views.ts';

const healthy: MongodbFacts = {
  ...{ kind: 'mongodb', label: 'mongodb://h/d', version: '7.0.0', topology: 'replicaSet', hosts: 3, arbiters: 0 },
  ...{ clockAhead: 3, roundTrips: [1], user: 'app', lacking: { failover: [], failover_tasks: [] } },
  indexes: [{ collection: 'failover_tasks', name: 'name_key', state: 'there', use: 'correct', command: 'create' }],
};
const [index] = healthy.indexes;
if (index === undefined) throw new Error('the facts have an index');

function told(facts: Partial<MongodbFacts>) {
  return storeFindings({ ...healthy, ...facts }).map(({ level, code }) => `${level} ${code}`);
}

describe('the store', () => {
  test('a healthy one has nothing wrong', () => {
    expect(told({})).toEqual(['good SERVER', 'good RIGHTS', 'good INDEXES']);
  });

  test.each<[Partial<MongodbFacts>, string]>([
    [{ topology: 'single', hosts: 1 }, 'warning SINGLE_SERVER'],
    [{ hosts: 2, arbiters: 1 }, 'warning ARBITER'],
    [{ clockAhead: -1500 }, 'warning CLOCKS'],
    [{ user: null, lacking: null }, 'note NO_LOGIN'],
    [{ lacking: { failover: ['insert', 'update', 'remove', 'createIndex'] } }, 'note READ_ONLY'],
    [{ lacking: { failover: ['createIndex'], failover_tasks: [] } }, 'note RIGHTS'],
    [{ lacking: { failover: ['remove'], failover_tasks: [] } }, 'error RIGHTS'],
    [{ indexes: [{ ...index, state: 'missing' }] }, 'error INDEX'],
    [{ indexes: [{ ...index, state: 'wrong', use: 'fast' }] }, 'warning INDEX'],
    [{ indexes: [{ ...index, state: 'unseen' }] }, 'note INDEXES_UNSEEN'],
    [{ indexes: [{ ...index, state: 'unused' }] }, 'good INDEXES'],
  ])('%j is told as %s', (facts, finding) => {
    expect(told(facts)).toContain(finding);
  });

  test('an index is told with the command that makes it', () => {
    const [finding] = storeFindings({ ...healthy, indexes: [{ ...index, state: 'missing' }] }).filter(
      ({ code }) => code === 'INDEX',
    );
    expect(finding).toMatchObject({
      why: expect.stringContaining('run twice'),
      todo: expect.stringContaining('create'),
    });
  });

  test('the embedded store says when its disk is full', () => {
    const facts = { kind: 'embedded', label: '/s', size: 1, roundTrips: [] } as const;
    expect(storeFindings({ ...facts, free: 1e9 }).map(({ code }) => code)).toEqual(['SERVER']);
    expect(storeFindings({ ...facts, free: 1e6 }).map(({ code }) => code)).toEqual(['SERVER', 'DISK']);
  });
});

describe('the pace', () => {
  test('the shortest intervals pass the check of the options, and grow with the round trip', () => {
    const ttls = [0, 1, 20, 100, 500, 2000, 10_000].map((roundTrip) => {
      const { MASTER, SLAVE, TICKING } = shortestIntervals(roundTrip);
      expect(() => resolveIntervals({ MASTER, SLAVE, TICKING })).not.toThrow();
      return SLAVE + TICKING;
    });
    expect(ttls).toEqual([...ttls].sort((a, b) => a - b));
    expect(ttls.at(-1)).toBeGreaterThan(20_000);
  });

  test('a lease that is too short for the store is told', () => {
    const views = [view({ ttl: 4500 }), view({ name: 'hasty', ttl: 500 })];
    const codes = paceFindings(Array(20).fill(400), true, views).map(({ level, code }) => `${level} ${code}`);
    expect(codes).toEqual(['good PACE', 'warning INTERVALS']);
    expect(paceFindings([1], true, views).map(({ code }) => code)).toEqual(['PACE']);
    expect(paceFindings([], true, views)).toEqual([]);
  });

  test('has the median, the p99 and the most', () => {
    expect(paceOf([5, 1, 3])).toEqual({ p50: 3, p99: 5, max: 5, count: 3 });
    expect(paceOf([])).toBeNull();
  });
});

describe('the subsystems', () => {
  test.each([
    [view(), []],
    [view({ state: 'overdue', age: 20_000 }), ['error UNCLAIMED']],
    [view({ state: 'overdue', age: 20_000, members: 0 }), ['warning UNCLAIMED']],
    [view({ state: 'overdue', age: 5000 }), []],
    [view({ state: 'released', age: 61_000, master: null }), ['error UNCLAIMED']],
    [view({ state: 'released', age: 1000, master: null }), []],
    [view({ problem: 'a newer version of it has written it' }), ['error NEWER_FORMAT']],
    [view({ problem: 'the field term is not a number' }), ['error ALIEN_DOCUMENT']],
    [view({ dead: 3 }), ['note DEAD_LETTERS']],
    [
      view({ queue: { where: 'store', queued: 1, done: 0, headAt: new Date(0), headAge: 4_000_000 } }),
      ['warning OLD_HEAD'],
    ],
  ])('%#', (seen, findings) => {
    const found = subsystemFindings([seen]).map(({ level, code }) => `${level} ${code}`);
    expect(found).toEqual(['good SUBSYSTEMS', ...findings]);
  });

  test('masters of two versions are told', () => {
    const codes = (views: Parameters<typeof subsystemFindings>[0]) => subsystemFindings(views).map(({ code }) => code);
    expect(codes([view(), view({ name: 'old', kind: null })])).toContain('TWO_VERSIONS');
    expect(codes([view({ kind: null })])).not.toContain('TWO_VERSIONS');
  });
});

test('the worst comes first', () => {
  const findings = (['good', 'error', 'note', 'warning'] as const).map((level) => ({ level, code: 'X', what: '' }));
  expect(worstFirst(findings).map(({ level }) => level)).toEqual(['error', 'warning', 'note', 'good']);
});
