/** What is made of the answers to commands for many leases: sums, errors of single statements, errors of all. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { StoreError } from '../../../../src/errors.ts';
import type { Fields } from '../../../../src/store/documents.ts';
import type { Claiming, Releasing } from '../../../../src/store/manyStore.ts';
import { Commands } from '../../../../src/store/mongodb/commands.ts';
import { ManyClaims } from '../../../../src/store/mongodb/manyClaims.ts';
import type { Settings } from '../../../../src/store/mongodb/settings.ts';
import { commandsOf, STATEMENTS_MAX } from '../../../../src/store/mongodb/statements.ts';
import type { Lease } from '../../../../src/store/store.ts';

const unmet = new StoreError('ERR_STORE_UNAVAILABLE', 'no majority');
const progress = { identifier: null, count: 0, recent: [] };
const settings = { label: 'mongodb://db/test', secrets: [], commandTimeout: 1000 } as unknown as Settings;

let sent: Fields[];
/** The answers, in order. */
let answers: (Fields | Error)[];
/** Answers instead of them. */
let wait: (() => Promise<Fields>) | undefined;
let many: ManyClaims;
let commands: number;
/** The names that were asked for by themselves. */
let singles: string[];

beforeEach(() => {
  sent = [];
  answers = [];
  singles = [];
  wait = undefined;
  commands = 0;
  const run = async (_: string, command: Fields): Promise<Fields> => {
    sent.push(command);
    if (wait !== undefined) return wait();
    const answer = answers.shift() ?? new Error('no more is asked');
    if (answer instanceof Error) throw answer;
    return answer;
  };
  many = new ManyClaims({
    commands: new Commands(run, settings),
    epoch: async () => ({ epoch: 'e', wait: 0 }),
    highestTerm: async (name) => {
      singles.push(name);
      return { term: name.length, ttl: 1, claim: name, epoch: 'e' };
    },
    newCommand: () => {
      commands += 1;
      return `command ${commands}`;
    },
  });
});

const releases = (...names: string[]): Releasing[] =>
  names.map((name) => ({ tenure: { name, term: 3, holder: 'me' }, beat: 9, progress }));
const marked = (name: string): Fields => ({ _id: `lease/${name}` });
const batch = (...firstBatch: Fields[]): Fields => ({ cursor: { firstBatch, id: 0 } });
const unknown = expect.objectContaining({
  code: 'ERR_STORE_UNAVAILABLE',
  message: expect.stringContaining('does not tell'),
});

describe('an update of many leases', () => {
  test('of which all matched, or none, is one command', async () => {
    answers = [{ n: 2 }, { n: 0 }];
    expect(await many.releaseAll(releases('a', 'b'))).toEqual([true, true]);
    expect(await many.releaseAll(releases('a', 'b'))).toEqual([false, false]);
    expect(sent.map((command) => Object.keys(command)[0])).toEqual(['update', 'update']);
    expect(sent[0]).toMatchObject({ ordered: false, writeConcern: { w: 'majority', j: true } });
  });

  test('of which some matched is followed by a look, which tells which', async () => {
    answers = [{ n: 2 }, batch(marked('c'), marked('a'))];
    expect(await many.releaseAll(releases('a', 'b', 'c'))).toEqual([true, false, true]);
    // Whatever comes to a lease in between leaves the mark of the command as it is.
    expect(sent[0]).toMatchObject({ updates: Array(3).fill({ u: { $set: { command: 'command 1', holder: null } } }) });
    expect(sent[1]).toMatchObject({
      filter: { _id: { $in: ['lease/a', 'lease/b', 'lease/c'] }, command: 'command 1' },
    });
  });

  test('says nothing of any if the look does not fit the sum', async () => {
    answers = [{ n: 2 }, batch(marked('a'))];
    expect(await many.releaseAll(releases('a', 'b', 'c'))).toEqual([unknown, unknown, unknown]);
  });

  test('with a refused statement fails for that one alone', async () => {
    answers = [{ n: 2, writeErrors: [{ index: 1, code: 112, errmsg: 'conflict' }] }];
    const [a, b, c] = await many.releaseAll(releases('a', 'b', 'c'));
    expect([a, c]).toEqual([true, true]);
    expect(b).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', message: expect.stringContaining('conflict') });
  });

  test('without a majority fails for all, whatever matched', async () => {
    answers = [unmet];
    expect(await many.releaseAll(releases('a', 'b'))).toEqual([unmet, unmet]);
  });

  test('fails for all if the look fails', async () => {
    answers = [{ n: 1 }, unmet];
    expect(await many.releaseAll(releases('a', 'b'))).toEqual([unmet, unmet]);
  });

  test.each<[string, Fields]>([
    ['more matches than statements', { n: 3 }],
    ['no sum', {}],
    ['an error of a statement that was not sent', { n: 1, writeErrors: [{ index: 2, code: 1 }] }],
  ])('is not believed with %s', async (_, answer) => {
    answers = [answer];
    const told = await many.releaseAll(releases('a', 'b'));
    for (const each of told)
      expect(each).toMatchObject({ code: 'ERR_STORE', message: expect.stringContaining('malformed') });
  });

  test('is cut into commands, and one that fails fails for its own alone', async () => {
    const all = releases(...Array.from({ length: STATEMENTS_MAX + 2 }, (_, index) => `${index}`));
    answers = [unmet, { n: 2 }];
    const told = await many.releaseAll(all);
    expect(told.filter((each) => each === unmet)).toHaveLength(STATEMENTS_MAX);
    expect(told.slice(STATEMENTS_MAX)).toEqual([true, true]);
  });
});

describe('claims', () => {
  const lease: Lease = { term: 1, beat: 2, ack: 0, holder: 'x', claim: 'old', ttl: 5, ...progress };
  const claim = (name: string, expected: Lease | null): Claiming => ({
    name,
    expected,
    next: { ...lease, term: 2, beat: 0, holder: 'me', claim: `new ${name}` },
  });

  test('of leases that are not there are one insert, and a taken key is a lost claim', async () => {
    answers = [{ n: 1, writeErrors: [{ index: 0, code: 11000, errmsg: 'taken' }] }];
    expect(await many.claimAll([claim('a', null), claim('b', null)])).toEqual([false, true]);
  });

  test('are told by the mark of their command which was written', async () => {
    answers = [{ n: 1 }, batch(marked('b'))];
    expect(await many.claimAll([claim('a', lease), claim('b', lease)])).toEqual([false, true]);
    answers = [{ n: 1 }, batch(marked('a'))];
    expect(await many.claimAll([claim('a', lease), claim('b', lease)])).toEqual([true, false]);
    expect([sent[1]?.filter, sent[3]?.filter]).toMatchObject([{ command: 'command 1' }, { command: 'command 2' }]);
  });

  test('of both kinds are answered in their order', async () => {
    answers = [{ n: 1 }, { n: 0 }];
    expect(await many.claimAll([claim('a', lease), claim('b', null)])).toEqual([false, true]);
  });
});

describe('the highest terms', () => {
  const record = (name: string, term: number, more: Fields = {}): Fields => ({
    ...{ _id: `${term}/${name}`, name, term, holder: 'h', claim: `c${term}`, ttl: 5 },
    ...more,
  });
  const tip = (term: number): Fields => ({ term, ttl: 5, claim: `c${term}`, epoch: 'e' });
  const none = { term: 0, ttl: 0, epoch: 'e' };

  test('of many names are one command, and a name without a record has none', async () => {
    answers = [batch(record('b', 7), record('a', 3), record('b', 6))];
    expect(await many.highestTerms(['a', 'b', 'c'])).toEqual([tip(3), tip(7), none]);
    expect(sent).toMatchObject([{ find: 'failover', sort: { term: -1 }, limit: 12 }]);
    expect(singles).toEqual([]);
  });

  test('of more than a hundred names are a command for each hundred', async () => {
    answers = [batch(), batch(), batch()];
    const names = Array.from({ length: 250 }, (_, index) => `${index}`);
    expect(await many.highestTerms(names)).toEqual(names.map(() => none));
    expect(sent.map(({ limit }) => limit)).toEqual([400, 400, 200]);
  });

  test('of many hundred names are asked for at once, and none after their common time is over', async () => {
    vi.useFakeTimers();
    try {
      const ends: ((answer: Fields) => void)[] = [];
      wait = () => new Promise((resolve) => ends.push(resolve));
      const names = Array.from({ length: 1000 }, (_, index) => `${index}`);
      const asked = many.highestTerms(names);
      expect(sent).toHaveLength(10);
      const failed = expect(asked).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
      await vi.advanceTimersByTimeAsync(settings.commandTimeout);
      await failed;
      // These have left no room for others, which were to be asked for again.
      for (const end of ends) end(batch(...Array.from({ length: 400 }, () => record('0', 3))));
      await vi.advanceTimersByTimeAsync(0);
      expect([sent.length, singles]).toEqual([10, []]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('are asked for again where the records of others took all the room, and at last one by one', async () => {
    const full = (name: string, count: number) =>
      batch(...Array.from({ length: count }, (_, index) => record(name, 99 - index)));
    answers = [full('a', 12), full('b', 8), batch(record('c', 1))];
    expect(await many.highestTerms(['a', 'b', 'c'])).toEqual([tip(99), tip(99), tip(1)]);
    answers = [full('a', 16), full('b', 12), full('c', 8)];
    expect(await many.highestTerms(['a', 'b', 'c', 'dd'])).toMatchObject([
      { term: 99 },
      { term: 99 },
      { term: 99 },
      { term: 2 },
    ]);
    expect(singles).toEqual(['dd']);
  });

  test('are asked for one by one if an answer is cut, or shows a name that is none', async () => {
    answers = [{ cursor: { firstBatch: [record('a', 3)], id: 5 } }, { ok: 1 }];
    expect(await many.highestTerms(['a', 'bb'])).toMatchObject([{ term: 1 }, { term: 2 }]);
    answers = [batch(record('a', 3), { ...record('bb', 9), name: ['bb'] })];
    expect(await many.highestTerms(['a', 'bb'])).toMatchObject([{ term: 1 }, { term: 2 }]);
    expect(singles).toEqual(['a', 'bb', 'a', 'bb']);
  });

  test('do not stop at a gap in the chain, and one that cannot be read is the error of its name', async () => {
    answers = [batch(record('b', 9, { ttl: 'long' }), record('a', 9), record('a', 3), record('b', 2))];
    const [a, b] = await many.highestTerms(['a', 'b']);
    expect(a).toEqual(tip(9));
    expect(b).toMatchObject({ code: 'ERR_STORE_DATA', message: expect.stringContaining('ttl') });
  });
});

describe('commands', () => {
  test('have a thousand statements at most, and half a megabyte', () => {
    const small = Array.from({ length: 2500 }, () => ({ q: {}, u: {} }));
    expect(commandsOf(small).map((part) => part.length)).toEqual([1000, 1000, 500]);
    const large = Array.from({ length: 5 }, () => ({ q: {}, u: { text: 'x'.repeat(200_000) } }));
    expect(commandsOf(large).map((part) => part.length)).toEqual([2, 2, 1]);
  });

  test('take one that is larger than that by itself', () => {
    const huge = { q: {}, u: { text: 'x'.repeat(600_000) } };
    expect(commandsOf([huge, huge]).map((part) => part.length)).toEqual([1, 1]);
    expect(commandsOf([])).toEqual([]);
  });
});
