import { describe, expect, test } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { worstFirst } from '../../../src/operations/doctor/findings.ts';
import { lookAtOutbox, outboxFindings } from '../../../src/operations/doctor/outboxFindings.ts';
import { paceFindings, shortestIntervals } from '../../../src/operations/doctor/paceFindings.ts';
import { storeFindings } from '../../../src/operations/doctor/storeFindings.ts';
import { subsystemFindings } from '../../../src/operations/doctor/subsystemFindings.ts';
import { lookAtTasks, TASKS_COMPARED_MAX, taskFindings } from '../../../src/operations/doctor/taskFindings.ts';
import { resolveIntervals } from '../../../src/options/intervals.ts';
import type { MongodbFacts } from '../../../src/store/facts.ts';
import { VirtualClock } from '../../support/virtualClock.ts';
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
    [{ lacking: null }, 'note RIGHTS_UNSEEN'],
    [{ lacking: { failover: ['createIndex'], failover_tasks: [] } }, 'note RIGHTS'],
    [{ lacking: { failover: ['changeStream'], failover_tasks: ['changeStream'] } }, 'note RIGHTS'],
    [{ lacking: { failover: [], failover_tasks: ['changeStream', 'update'] } }, 'error RIGHTS'],
    [{ lacking: { failover: ['remove'], failover_tasks: [] } }, 'error RIGHTS'],
    [{ lacking: { failover: [], failover_outcomes: ['insert'] } }, 'warning RIGHTS'],
    [{ lacking: { failover: [], failover_outbox: ['find', 'update'] } }, 'warning RIGHTS'],
    [{ lacking: { failover: [], failover_schedules: ['remove'] } }, 'warning RIGHTS'],
    [{ lacking: { failover: [], failover_outcomes: ['createIndex'] } }, 'note RIGHTS'],
    [{ lacking: { failover: ['insert', 'update'], failover_outbox: ['find', 'insert'] } }, 'note READ_ONLY'],
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

  test('clocks that differ are told with what follows them', () => {
    const why = (clockAhead: number | null) =>
      storeFindings({ ...healthy, clockAhead }).find(({ code }) => code === 'CLOCKS')?.why;
    expect(why(2500)).toContain('schedules follow the clock of their master');
    expect([why(999), why(null)]).toEqual([undefined, undefined]);
  });

  test('the embedded store says when its disk is full', () => {
    const facts = { kind: 'embedded', label: '/s', size: 1, roundTrips: [] } as const;
    expect(storeFindings({ ...facts, free: 1e9 }).map(({ code }) => code)).toEqual(['SERVER']);
    expect(storeFindings({ ...facts, free: 1e6 }).map(({ code }) => code)).toEqual(['SERVER', 'DISK']);
  });
});

describe('the outbox', () => {
  const nothing = { unknown: [], late: [], refused: [], isWhole: true };

  test('what no master takes is told, each with what to do', () => {
    const views = [view({ name: 'mail' }), view({ name: 'ticks', kind: 'unmanaged' })];
    const refused = [{ name: 'mail', why: 'no payload' }];
    const seen = { unknown: ['mial', null], late: ['mail', 'ticks'], refused, isWhole: false };
    const found = outboxFindings(seen, views);
    expect(found.map(({ level, code, what }) => `${level} ${code} ${what}`)).toEqual([
      'warning OUTBOX_UNKNOWN there are entries in the outbox for mial, which has no lease and no member',
      'warning OUTBOX_UNKNOWN there are entries in the outbox whose `name` is no text',
      'warning OUTBOX_LATE entries of mail in the outbox have been due for more than 60 s',
      'warning OUTBOX_LATE entries of ticks in the outbox have been due for more than 60 s',
      'warning OUTBOX_REFUSED entries of the outbox cannot become tasks: mail: no payload',
      'note OUTBOX_PART the outbox has more names than are looked at: others may wait there, too',
    ]);
    expect(found[3]?.why).toContain('only durable members take entries');
    expect(found.every(({ todo }) => todo !== undefined)).toBe(true);
    expect(outboxFindings(nothing, views)).toEqual([]);
  });

  test('what may not be read is told, and a store that is away is an error', async () => {
    const clock = new VirtualClock();
    const look = (code: 'ERR_STORE' | 'ERR_STORE_UNAVAILABLE') =>
      lookAtOutbox({ outbox: () => Promise.reject(new StoreError(code, 'not authorized')) }, [], clock);
    expect(await look('ERR_STORE')).toMatchObject([{ level: 'note', code: 'OUTBOX_UNSEEN' }]);
    await expect(look('ERR_STORE_UNAVAILABLE')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    const asked: unknown[] = [];
    const outbox = async (names: readonly string[], before: Date) => {
      asked.push(names, clock.wall() - before.getTime());
      return nothing;
    };
    expect(await lookAtOutbox({ outbox }, [view({ name: 'mail' })], clock)).toEqual([]);
    expect(asked).toEqual([['mail'], 60_000]);
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

describe('stored tasks', () => {
  const queued = (count: number) => ({ where: 'store' as const, queued: count, done: 5, headAt: null, headAge: null });
  const [tasksIndex] = healthy.indexes;
  const bySeq = { ...tasksIndex, name: 'name_seq' } as typeof index;
  const facts = (unique: 'there' | 'missing' | 'unseen', seq: 'there' | 'missing' = 'there'): MongodbFacts => ({
    ...healthy,
    indexes: [
      { ...index, state: unique },
      { ...bySeq, state: seq },
    ],
  });

  /** A queue of tasks 6, 7 and so on, whose ids come again after so many. */
  function played(period: number) {
    const asked: string[] = [];
    const reader = {
      taskNames: async (except: readonly string[], limit: number) => {
        asked.push(`names ${except.join()} ${limit}`);
        return ['lost'];
      },
      highestTask: async () => 7,
      tasks: async (_: string, { after, limit }: { after: number; limit: number }) => {
        asked.push(`tasks ${limit}`);
        const seqs = Array.from({ length: limit }, (_, at) => after + 1 + at).filter((seq) => seq <= 5 + 30_000);
        return seqs.map((seq) => ({ seq, id: seq % period })) as never;
      },
    };
    return { reader, asked };
  }

  test('of names without a lease and a member are told', async () => {
    const { reader, asked } = played(1);
    const seen = await lookAtTasks(reader, facts('there'), [view()]);
    expect(seen).toEqual({ unknown: [{ name: 'lost', highest: 7 }], compared: null });
    expect(asked).toEqual(['names billing 20']);
    const [finding] = taskFindings(seen, [view()]);
    expect(finding).toMatchObject({
      level: 'warning',
      code: 'NO_MASTER_EVER',
      what: expect.stringMatching(/lost, up to number 7/),
    });
  });

  test('are not looked through where no index finds a name, nor for more known names than a server compares', async () => {
    const { reader, asked } = played(1);
    const many = Array.from({ length: 1001 }, (_, at) => view({ name: `${at}` }));
    expect(await lookAtTasks(reader, facts('there', 'missing'), [view()])).toEqual({ unknown: null, compared: null });
    expect(await lookAtTasks(reader, facts('there'), many)).toEqual({ unknown: null, compared: null });
    expect(asked).toEqual([]);
  });

  test('of members that were never master are told', () => {
    const never = view({ name: 'new', state: 'none', queue: queued(3), members: 2 });
    const findings = taskFindings({ unknown: [], compared: null }, [view({ queue: queued(3) }), never]);
    expect(findings).toMatchObject([
      { code: 'NO_MASTER_EVER', what: expect.stringMatching(/new has never had a master: 3/) },
    ]);
  });

  test.each(['missing', 'unseen'] as const)(
    'with an index %s have their ids compared, up to a limit',
    async (state) => {
      const { reader, asked } = played(9000);
      const views = [view({ queue: queued(30_000) }), view({ name: 'next', queue: queued(5) }), view({ name: 'none' })];
      const { compared } = await lookAtTasks(reader, facts(state), views);
      expect(compared).toMatchObject({ tasks: TASKS_COMPARED_MAX, waiting: 30_005 });
      expect(compared?.duplicates).toHaveLength(1);
      expect(compared?.duplicates[0]?.found).toHaveLength(1000);
      expect(asked.filter((each) => each.startsWith('tasks'))).toHaveLength(20);
      const findings = taskFindings({ unknown: [], compared }, views);
      expect(findings).toMatchObject([
        { level: 'error', code: 'DUPLICATES', what: expect.stringMatching(/6 \(6, 9006\), .*and 997 more/) },
      ]);
    },
  );

  test('that are each there once are told, and how many were not looked at', async () => {
    const { reader } = played(1e9);
    const views = [view({ queue: queued(30_000) })];
    const { compared } = await lookAtTasks(reader, facts('missing'), views);
    const what = 'the ids of the first 10000 of 30000 stored tasks are each there once';
    expect(taskFindings({ unknown: [], compared }, views)).toEqual([{ level: 'note', code: 'IDS', what }]);
  });
});

test('the worst comes first', () => {
  const findings = (['good', 'error', 'note', 'warning'] as const).map((level) => ({ level, code: 'X', what: '' }));
  expect(worstFirst(findings).map(({ level }) => level)).toEqual(['error', 'warning', 'note', 'good']);
});
