/** What is asked in one turn goes out as one call, and a call that fails costs no other member a second time. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Apart } from '../../../../src/coordinator/together/apart.ts';
import { CallSize } from '../../../../src/coordinator/together/callSize.ts';
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
let isRead: boolean;

beforeEach(() => {
  splitsIfSlow = true;
  isRead = false;
  clock = new VirtualClock();
  turns = [];
  sent = [];
  singles = [];
  many = async (asked) => asked.map((each) => `${each}!`);
  one = async (asked) => `${asked}.`;
  together = new Together<string, string>(partsOf());
});

function partsOf(): ConstructorParameters<typeof Together<string, string>>[0] {
  return {
    what: 'beat',
    clock,
    limit: LIMIT,
    size: new CallSize(LIMIT),
    get splitsIfSlow() {
      return splitsIfSlow;
    },
    get isRead() {
      return isRead;
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
  };
}

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
  /** Asks for all of them, of a store that takes so long. Returns how many were in each call. */
  const sizes = async (ms: number, each = 0): Promise<number[]> => {
    sent = [];
    many = async (asked) => {
      await new Promise<void>((resolve) => clock.at(clock.now() + ms + each * asked.length, resolve));
      return asked.map((one) => `${one}!`);
    };
    const answers = ask(...crowd);
    turn();
    for (let step = 0; step < 200; step++) await clock.advance(10);
    await answers;
    return sent.map(({ length }) => length);
  };

  test('grows to a thousand while the store is quick', async () => {
    // Who waits goes with as many as the calls before have shown to be well.
    expect(await sizes(1)).toEqual([...Array(8).fill(32), ...Array(4).fill(128), 512, 1500 - 8 * 32 - 4 * 128 - 512]);
    expect(await sizes(1)).toEqual([1000, 500]);
  });

  test('grows before a far server, which takes its time for the smallest call', async () => {
    for (let round = 0; round < 6; round++) await sizes(LIMIT / 3);
    expect(await sizes(LIMIT / 3)).toEqual([1000, 500]);
  });

  test('grows until a call takes a good part of its limit, and is not outgrown by calls beside each other', async () => {
    for (let round = 0; round < 8; round++) await sizes(5, 0.4);
    const [first = 0, ...others] = await sizes(5, 0.4);
    // 5 + 0.4 * 512 is two fifths of the limit, and twice as many would be more than two thirds.
    expect(first).toBe(512);
    expect(others.length).toBeLessThan(3);
  });

  test('is tried where twice as many are not sure to be quick, and stays if they are', async () => {
    // 5 + 0.2 * 512 is a fifth of the limit, and twice as many less than a half.
    for (let round = 0; round < 8; round++) await sizes(5, 0.2);
    expect(await sizes(5, 0.2)).toEqual([1000, 500]);
  });

  test('is tried ever more rarely where that is too slow', async () => {
    // 1000 take more than half of the limit, and 500 of them a third.
    const firsts: number[] = [];
    for (let round = 0; round < 60; round++) firsts.push((await sizes(5, 0.31))[0] ?? 0);
    const tried = firsts.flatMap((first, round) => (first > 512 ? [round] : []));
    expect(tried.length).toBeGreaterThan(2);
    expect(tried.length).toBeLessThan(8);
    const pauses = tried.slice(1).map((round, index) => round - (tried[index] ?? 0));
    expect(pauses).toEqual([...pauses].sort((one, other) => one - other));
    expect(Math.max(...firsts)).toBeLessThanOrEqual(1000);
  });

  test('falls while calls take most of their limit, and not below 16', async () => {
    for (let round = 0; round < 3; round++) await sizes(1);
    for (let round = 0; round < 10; round++) await sizes(LIMIT * 0.7);
    expect(Math.max(...(await sizes(LIMIT * 0.7)))).toBe(16);
  });

  test('falls where calls without an answer are split nowhere', async () => {
    splitsIfSlow = false;
    for (let round = 0; round < 3; round++) await sizes(1);
    many = async () => {
      await new Promise<void>((resolve) => clock.at(clock.now() + LIMIT, resolve));
      throw lost;
    };
    const failed = ask(...crowd);
    turn();
    await clock.advance(4 * LIMIT);
    await failed;
    expect((await sizes(1))[0]).toBe(250);
  });

  test('does not fall because small calls take long: the store was slow for all', async () => {
    await sizes(1);
    const few = async (size: number, fails: boolean): Promise<void> => {
      many = async (asked) => {
        await new Promise<void>((resolve) => clock.at(clock.now() + LIMIT * 0.9, resolve));
        if (fails) throw lost;
        return asked.map((each) => each);
      };
      const answers = ask(...crowd.slice(0, size));
      turn();
      await clock.advance(LIMIT);
      await answers;
    };
    await few(10, false);
    expect(await sizes(1)).toEqual([1000, 500]);
    splitsIfSlow = false;
    await few(10, true);
    expect(await sizes(1)).toEqual([1000, 500]);
    await few(500, false);
    expect((await sizes(1))[0]).toBe(250);
  });

  test('that was not tried is half of what is well for others that are alike, until one was too large', async () => {
    const like = new CallSize(LIMIT);
    for (const size of [32, 128, 512]) like.answered(1, size);
    const rare = new CallSize(LIMIT, { like });
    expect([like.most, rare.most, rare.atOnce]).toEqual([1000, 500, 2]);
    rare.answered(LIMIT * 0.9, 500);
    expect([rare.most, rare.atOnce]).toEqual([250, 2]);
    for (const size of [250, 125, 62]) rare.answered(LIMIT * 0.9, size);
    expect([rare.most, rare.atOnce]).toEqual([31, 8]);
  });
});

describe('calls for many', () => {
  const crowd = Array.from({ length: 32 * 40 }, (_, index) => `${index}`);
  const ends: (() => void)[] = [];
  beforeEach(() => {
    ends.length = 0;
    many = (asked) => new Promise((resolve) => ends.push(() => resolve(asked.map((each) => `${each}!`))));
  });

  test('are eight at once while they are small, and sixteen under way', async () => {
    const answers = ask(...crowd);
    turn();
    expect(sent).toHaveLength(8);
    await clock.advance(LIMIT / 2);
    expect(sent).toHaveLength(16);
    while (ends.length > 0) {
      for (const end of ends.splice(0)) end();
      await clock.advance(0);
    }
    expect(values(await answers)).toEqual(crowd.map((each) => `${each}!`));
  });

  test('are two at once, and one that takes long gives its turn on, up to eight', async () => {
    const size = new CallSize(LIMIT);
    size.answered(1, 32);
    size.answered(LIMIT / 8, 128);
    expect(size.most).toBe(256);
    together = new Together<string, string>({ ...partsOf(), size });
    const large = Array.from({ length: 9000 }, (_, index) => `${index}`);
    const answers = ask(...large);
    turn();
    expect(sent).toHaveLength(2);
    ends.shift()?.();
    await clock.advance(0);
    expect(sent).toHaveLength(3);
    await clock.advance(LIMIT / 8);
    expect(sent).toHaveLength(5);
    await clock.advance(LIMIT / 2);
    expect(sent).toHaveLength(9);
    while (ends.length > 0) {
      for (const end of ends.splice(0)) end();
      await clock.advance(0);
    }
    expect(values(await answers)).toEqual(large.map((each) => `${each}!`));
  });

  test('whose time is over are not sent, and a read may wait for longer', async () => {
    const waitFor = async (): Promise<number> => {
      sent = [];
      const answers = ask(...crowd);
      turn();
      await clock.advance(1.5 * LIMIT);
      while (ends.length > 0) {
        for (const end of ends.splice(0)) end();
        await clock.advance(0);
      }
      await answers;
      return sent.flat().length;
    };
    expect(await waitFor()).toBe(16 * 32);
    isRead = true;
    together = new Together<string, string>({ ...partsOf(), isRead });
    expect(await waitFor()).toBe(crowd.length);
  });

  test('that something newer has overtaken go without it', async () => {
    const answers = ask(...crowd);
    together.overtake('0');
    turn();
    for (const key of ['1', '1279']) together.overtake(key);
    while (ends.length > 0) {
      for (const end of ends.splice(0)) end();
      await clock.advance(0);
    }
    const told = values(await answers);
    const taken = told.flatMap((each, index) => (typeof each === 'string' ? [] : [index]));
    // The second is on its way already.
    expect(taken).toEqual([0, 1279]);
  });
});

describe('a read without an answer', () => {
  const crowd = Array.from({ length: 32 }, (_, index) => `${index}`);
  beforeEach(() => {
    isRead = true;
    splitsIfSlow = false;
  });

  test('is asked once more, in parts, and its members hear of no error', async () => {
    many = async (asked) => (asked.length > 8 ? Promise.reject(lost) : asked.map((each) => `${each}!`));
    const answers = ask(...crowd);
    turn();
    expect(values(await answers)).toEqual(crowd.map((each) => `${each}!`));
    expect(sent.map(({ length }) => length)).toEqual([32, 8, 8, 8, 8]);
  });

  test('is not asked a third time, and stays one while the store answers none', async () => {
    many = () => Promise.reject(lost);
    for (let round = 0; round < 3; round++) {
      sent = [];
      const failed = ask(...crowd);
      turn();
      expect(values(await failed)).toEqual(crowd.map(() => lost));
      expect(sent.map(({ length }) => length)).toEqual([32, 8, 8, 8, 8]);
    }
    expect(singles).toEqual([]);
  });

  test('is split while the store answers others', async () => {
    many = async (asked) => (asked.includes('3') ? Promise.reject(lost) : asked.map((each) => `${each}!`));
    const first = ask(...crowd);
    turn();
    expect(values(await first)).toEqual(crowd.map((each) => (Number(each) < 8 ? lost : `${each}!`)));
    sent = [];
    const second = ask(...crowd);
    turn();
    await second;
    expect([singles, sent.map(({ length }) => length)]).toEqual([crowd.slice(0, 8), [24]]);
  });

  test('that was refused is not asked again at once', async () => {
    many = () => Promise.reject(new StoreError('ERR_STORE', 'refused'));
    const answers = ask(...crowd);
    turn();
    await answers;
    expect(sent).toHaveLength(1);
  });

  test('of some of its members is asked again for these', async () => {
    many = async (asked) => asked.map((each) => (sent.length === 1 && Number(each) < 8 ? lost : `${each}!`));
    const answers = ask(...crowd);
    turn();
    expect(values(await answers)).toEqual(crowd.map((each) => `${each}!`));
    expect(sent.map(({ length }) => length)).toEqual([32, 2, 2, 2, 2]);
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
    const names = Array.from({ length: 32 }, (_, index) => `${index}`);
    const round = async (fails: (asked: readonly string[]) => boolean): Promise<number[]> => {
      sent = [];
      many = async (asked) => (fails(asked) ? Promise.reject(lost) : asked.map((each) => `${each}!`));
      const answers = ask(...names);
      turn();
      await answers;
      return sent.map(({ length }) => length);
    };
    expect(await round(() => true)).toEqual([32]);
    expect(await round((asked) => asked.includes('3'))).toEqual(Array(8).fill(4));
    expect(await round(() => false)).toEqual([28]);
    expect(singles).toEqual(names.slice(0, 4));
    expect(await round(() => false)).toEqual([32]);
  });

  test('of which all fail with one error counts as failed, and is cut into eight', async () => {
    const names = Array.from({ length: 32 }, (_, index) => `${index}`);
    many = async (asked) => asked.map(() => lost);
    const failed = ask(...names);
    turn();
    await failed;
    sent = [];
    const again = ask(...names);
    turn();
    await again;
    expect(sent.map(({ length }) => length)).toEqual(Array(8).fill(4));
    expect(singles).toEqual([]);
  });

  test('is cut into parts of which many may hang, and the others are answered well before their time is over', async () => {
    const names = Array.from({ length: 256 }, (_, index) => `${index}`);
    many = () => Promise.reject(lost);
    const failed = ask(...names);
    turn();
    await failed;
    // Sixteen of the 64 parts.
    const hangs = (name: string): boolean => Number(name) % 16 === 0;
    many = (asked) => (asked.some(hangs) ? new Promise(() => {}) : Promise.resolve(asked.map((each) => `${each}!`)));
    const answered: string[] = [];
    for (const name of names) void together.ask(name).then((answer) => answered.push(answer));
    turn();
    await clock.advance(LIMIT / 8);
    expect(answered).toHaveLength(256 - 64);
  });

  test('that is refused at once makes the next ones no larger', async () => {
    const names = Array.from({ length: 80 }, (_, index) => `${index}`);
    many = () => Promise.reject(new StoreError('ERR_STORE', 'refused'));
    const failed = ask(...names);
    turn();
    await failed;
    sent = [];
    const others = ask(...names.map((name) => `other ${name}`));
    turn();
    await others;
    expect(sent.map(({ length }) => length)).toEqual([32, 32, 16]);
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

describe('who asks apart', () => {
  let apart: Apart;
  beforeEach(() => {
    apart = new Apart(clock);
  });

  test('is one of all again when it was answered, also by a call for many', () => {
    apart.failed('a', 4);
    apart.hangs('a');
    expect([apart.companyOf('a'), apart.isStuck('a')]).toEqual([4, true]);
    apart.answered('a');
    expect([apart.companyOf('a'), apart.isStuck('a'), apart.size]).toEqual([Number.POSITIVE_INFINITY, false, 0]);
  });

  test('is forgotten when it is heard of no more', async () => {
    for (let name = 0; name < 1000; name++) {
      apart.failed(`${name}`, 1);
      apart.failed('kept', 1);
      await clock.advance(1000);
    }
    expect(apart.size).toBeLessThan(130);
    expect(apart.companyOf('kept')).toBe(1);
  });
});

describe('single calls', () => {
  const names = Array.from({ length: 40 }, (_, index) => `${index}`);
  let ends: Map<string, () => void>;
  const keepApart = async (those = names): Promise<void> => {
    many = () => Promise.reject(lost);
    one = () => Promise.reject(new StoreError('ERR_STORE', 'refused'));
    for (let round = 0; round < 4; round++) {
      const failed = ask(...those);
      turn();
      await failed;
    }
    singles = [];
    ends = new Map();
    one = (asked) => new Promise((resolve) => ends.set(asked, () => resolve(asked)));
  };
  const endAll = async (): Promise<void> => {
    while (ends.size > 0) {
      const those = [...ends.values()];
      ends.clear();
      for (const end of those) end();
      await clock.advance(0);
    }
  };

  test('are 32 at once, and the next begins when one is over', async () => {
    await keepApart();
    const answers = ask(...names);
    turn();
    expect(singles).toHaveLength(32);
    ends.get('0')?.();
    await clock.advance(0);
    expect(singles).toHaveLength(33);
    await endAll();
    expect(values(await answers)).toEqual(names);
  });

  test('that hang give their turn on, so the others get through', async () => {
    await keepApart();
    const answers = ask(...names);
    turn();
    await clock.advance(LIMIT / 8);
    expect(singles).toHaveLength(40);
    await endAll();
    await answers;
  });

  test('that had no answer come after the others, and take half of the turns', async () => {
    const many100 = Array.from({ length: 100 }, (_, index) => `${index}`);
    await keepApart(many100);
    one = () => Promise.reject(lost);
    const lostAll = ask(...many100.slice(0, 60));
    turn();
    await lostAll;
    await keepApart(many100.slice(60));
    const answers = ask(...many100);
    turn();
    // All of those that have not been tried go first.
    expect(singles.slice(0, 32)).toEqual(many100.slice(60, 92));
    for (const name of many100.slice(60)) {
      ends.get(name)?.();
      await clock.advance(0);
    }
    expect(singles.filter((name) => Number(name) < 60)).toHaveLength(16);
    await endAll();
    expect(values(await answers)).toEqual(many100);
  });

  test('that something newer has overtaken are not sent', async () => {
    await keepApart();
    const answers = ask(...names);
    turn();
    // The first is on its way already, and the last waits.
    for (const key of ['0', '39', 'another']) together.overtake(key);
    await endAll();
    const told = values(await answers);
    expect(told.slice(0, 39)).toEqual(names.slice(0, 39));
    expect(told[39]).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
    expect(singles).not.toContain('39');
  });

  test('whose time is over are not sent', async () => {
    const hundred = Array.from({ length: 100 }, (_, index) => `${index}`);
    await keepApart(hundred);
    const answers = ask(...hundred);
    turn();
    await clock.advance(LIMIT);
    await endAll();
    const told = values(await answers);
    expect(singles).toHaveLength(64);
    expect(told.slice(0, 64)).toEqual(hundred.slice(0, 64));
    for (const error of told.slice(64)) expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  });
});
