/** What is asked in one turn goes out as one call, and a call that fails costs no other member a second time. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Together } from '../../../../src/coordinator/together/together.ts';
import { StoreError } from '../../../../src/errors.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const LIMIT = 500;
const lost = new StoreError('ERR_STORE_UNAVAILABLE', 'no answer');

let clock: VirtualClock;
let turns: (() => void)[];
let sent: string[][];
let singles: string[];
/** What a call for many answers. */
let many: (asked: readonly string[]) => Promise<(string | StoreError)[]>;
let one: (asked: string) => Promise<string>;
let together: Together<string, string>;

let splitsIfSlow: boolean;

beforeEach(() => {
  splitsIfSlow = true;
  clock = new VirtualClock();
  turns = [];
  sent = [];
  singles = [];
  many = async (asked) => asked.map((each) => `${each}!`);
  one = async (asked) => `${asked}.`;
  together = new Together<string, string>({
    what: 'beat',
    clock,
    limit: LIMIT,
    get splitsIfSlow() {
      return splitsIfSlow;
    },
    soon: (callback) => void turns.push(callback),
    keyOf: (asked) => asked,
    all: (asked) => {
      sent.push([...asked]);
      return many(asked);
    },
    one: (asked) => {
      singles.push(asked);
      return one(asked);
    },
  });
});

const turn = (): void => {
  for (const callback of turns.splice(0)) callback();
};
const ask = (...asked: string[]) => Promise.allSettled(asked.map((each) => together.ask(each)));
const values = (outcomes: PromiseSettledResult<string>[]) =>
  outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason));

describe('calls of one turn', () => {
  test('go out together, and each has its own answer', async () => {
    const answers = ask('a', 'b', 'c');
    expect(turns).toHaveLength(1);
    turn();
    expect(values(await answers)).toEqual(['a!', 'b!', 'c!']);
    expect(sent).toEqual([['a', 'b', 'c']]);
    expect(singles).toEqual([]);
  });

  test('are not kept for those of the next turn', async () => {
    const first = ask('a', 'b');
    turn();
    const second = ask('c', 'd');
    turn();
    await Promise.all([first, second]);
    expect(sent).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  test('of which there is one goes out as it is', async () => {
    const answer = ask('a');
    turn();
    expect(values(await answer)).toEqual(['a.']);
    expect(sent).toEqual([]);
  });

  test('with the same key are no part of one call', async () => {
    const answers = ask('a', 'b', 'a');
    turn();
    expect(values(await answers)).toEqual(['a!', 'b!', 'a.']);
  });
});

describe('the size of a call', () => {
  const crowd = Array.from({ length: 1500 }, (_, index) => `${index}`);
  const sizes = async (ms: number): Promise<number[]> => {
    sent = [];
    many = async (asked) => {
      await new Promise<void>((resolve) => clock.at(clock.now() + ms, resolve));
      return asked.map((each) => `${each}!`);
    };
    const answers = ask(...crowd);
    turn();
    await clock.advance(ms);
    expect(values(await answers)).toEqual(crowd.map((each) => `${each}!`));
    return sent.map(({ length }) => length);
  };

  test('grows to a thousand while the store is quick', async () => {
    expect(Math.max(...(await sizes(1)))).toBe(128);
    expect(Math.max(...(await sizes(1)))).toBe(256);
    await sizes(1);
    await sizes(1);
    expect(await sizes(1)).toEqual([1000, 500]);
  });

  test('falls while calls take a good part of their limit, and not below 16', async () => {
    expect(Math.max(...(await sizes(LIMIT / 2)))).toBe(128);
    const after = await sizes(LIMIT / 2);
    expect(Math.max(...after)).toBeLessThan(128);
    for (let round = 0; round < 5; round++) await sizes(LIMIT / 2);
    expect(Math.max(...(await sizes(LIMIT / 2)))).toBe(16);
  });

  test('stays where the store takes neither long nor short', async () => {
    await sizes(LIMIT / 5);
    expect(Math.max(...(await sizes(LIMIT / 5)))).toBe(128);
  });
});

describe('a call for many that fails', () => {
  test('fails for each, and each asks by itself until that has succeeded', async () => {
    many = () => Promise.reject(lost);
    const failed = ask('a', 'b');
    turn();
    expect(values(await failed)).toEqual([lost, lost]);
    many = async (asked) => asked.map((each) => `${each}!`);
    const again = ask('a', 'b', 'c');
    turn();
    expect(values(await again)).toEqual(['a.', 'b.', 'c.']);
    const after = ask('a', 'b', 'c');
    turn();
    expect(values(await after)).toEqual(['a!', 'b!', 'c!']);
  });

  test('is cut into eight, and what comes through is whole again', async () => {
    const names = Array.from({ length: 80 }, (_, index) => `${index}`);
    const round = async (fails: (asked: readonly string[]) => boolean): Promise<number[]> => {
      sent = [];
      many = async (asked) => (fails(asked) ? Promise.reject(lost) : asked.map((each) => `${each}!`));
      const answers = ask(...names);
      turn();
      await answers;
      return sent.map(({ length }) => length);
    };
    expect(await round(() => true)).toEqual([80]);
    expect(await round((asked) => asked.includes('7'))).toEqual(Array(8).fill(10));
    expect(await round(() => false)).toEqual([70]);
    expect(singles).toEqual(names.slice(0, 10));
    expect(await round(() => false)).toEqual([80]);
  });

  test('that is refused at once makes the next ones no larger', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `${index}`);
    many = () => Promise.reject(new StoreError('ERR_STORE', 'refused'));
    const failed = ask(...names);
    turn();
    await failed;
    sent = [];
    const others = ask(...names.map((name) => `other ${name}`));
    turn();
    await others;
    expect(sent.map(({ length }) => length)).toEqual([128, 128, 44]);
  });

  test('for one of them leaves the others together', async () => {
    many = async (asked) => asked.map((each) => (each === 'b' ? lost : `${each}!`));
    const first = ask('a', 'b', 'c');
    turn();
    expect(values(await first)).toEqual(['a!', lost, 'c!']);
    const second = ask('a', 'b', 'c');
    turn();
    expect(values(await second)).toEqual(['a!', 'b.', 'c!']);
  });

  test('keeps one apart that still fails', async () => {
    many = async (asked) => asked.map((each) => (each === 'b' ? lost : `${each}!`));
    one = () => Promise.reject(lost);
    for (let round = 0; round < 3; round++) {
      const answers = ask('a', 'b', 'c');
      turn();
      expect(values(await answers)).toEqual(['a!', lost, 'c!']);
    }
    expect(sent).toEqual([
      ['a', 'b', 'c'],
      ['a', 'c'],
      ['a', 'c'],
    ]);
  });

  test.each([
    ['without an answer stays one where no lease hangs on it', lost, 2],
    ['that was refused is split everywhere', new StoreError('ERR_STORE', 'refused'), 1],
  ])('%s', async (_, error, calls) => {
    splitsIfSlow = false;
    many = () => Promise.reject(error);
    for (let round = 0; round < 2; round++) {
      const answers = ask('a', 'b');
      turn();
      await answers;
    }
    expect(sent).toHaveLength(calls);
  });

  test('answers too few with an error', async () => {
    many = async () => ['a!'];
    const answers = ask('a', 'b');
    turn();
    expect(values(await answers)).toEqual(['a!', expect.objectContaining({ code: 'ERR_STORE' })]);
  });
});

describe('single calls', () => {
  const names = Array.from({ length: 40 }, (_, index) => `${index}`);
  const keepApart = async (): Promise<void> => {
    many = () => Promise.reject(lost);
    for (let round = 0; round < 2; round++) {
      const failed = ask(...names);
      turn();
      await failed;
    }
  };

  test('are 32 at once, and the next begins when one is over', async () => {
    await keepApart();
    const ends: (() => void)[] = [];
    one = (asked) => new Promise((resolve) => ends.push(() => resolve(asked)));
    const answers = ask(...names);
    turn();
    expect(singles).toHaveLength(32);
    ends[0]?.();
    await clock.advance(0);
    expect(singles).toHaveLength(33);
    while (ends.length > 0) {
      for (const end of ends.splice(0)) end();
      await clock.advance(0);
    }
    expect(values(await answers)).toEqual(names);
  });

  test('that something newer has overtaken are not sent', async () => {
    await keepApart();
    const ends: (() => void)[] = [];
    one = (asked) => new Promise((resolve) => ends.push(() => resolve(asked)));
    const answers = ask(...names);
    turn();
    // The first is on its way already, and the last waits.
    for (const key of ['0', '39', 'another']) together.overtake(key);
    while (ends.length > 0) {
      for (const end of ends.splice(0)) end();
      await clock.advance(0);
    }
    const told = values(await answers);
    expect(told.slice(0, 39)).toEqual(names.slice(0, 39));
    expect(told[39]).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    expect(singles).not.toContain('39');
  });

  test('whose time is over are not sent', async () => {
    await keepApart();
    const ends: (() => void)[] = [];
    one = (asked) => new Promise((resolve) => ends.push(() => resolve(asked)));
    const answers = ask(...names);
    turn();
    await clock.advance(LIMIT);
    for (const end of ends) end();
    const told = values(await answers);
    expect(singles).toHaveLength(32);
    expect(told.slice(0, 32)).toEqual(names.slice(0, 32));
    for (const error of told.slice(32)) expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  });
});
