/** What counts beats hears of each one that goes out, and what it does changes nothing of them. */
import { expect, test } from 'vitest';
import { SentBeats } from '../../../../src/coordinator/sentBeats.ts';
import { togetherStore } from '../../../../src/coordinator/together/togetherStore.ts';
import { resolveIntervals } from '../../../../src/options/intervals.ts';
import type { FullStore } from '../../../../src/store/taskStore.ts';
import { VirtualClock } from '../../../support/virtualClock.ts';

const LIMIT = 912;
const progress = { identifier: null, count: 0, recent: [] };

function served(answersAfter: () => number, beatSent: (holder: string, late: number) => void) {
  const clock = new VirtualClock();
  const beats = new SentBeats(clock, resolveIntervals());
  const answer = async <T>(value: T): Promise<T> => {
    await new Promise<void>((resolve) => clock.at(clock.now() + answersAfter(), resolve));
    return value;
  };
  const store = togetherStore(
    {
      open: async () => {},
      many: { beatAll: (asked: unknown[]) => answer(asked.map(() => true)) },
      beat: () => answer(true),
    } as unknown as FullStore,
    {
      ...{ clock, limit: LIMIT, soon: (callback: () => void) => void clock.at(clock.now(), callback) },
      decided: (holder, term) => beats.decided(holder, term),
    },
  );
  const listeners = new Map<string, ReturnType<SentBeats['add']>>();
  /** Decides on a beat that is due now, and sends it. */
  const beat = (holder: string, isEarly = false): Promise<boolean> => {
    const known = { beatSent: (late: number) => beatSent(holder, late), beatAcknowledged: () => {} };
    const listener = listeners.get(holder) ?? beats.add(holder, known);
    listeners.set(holder, listener);
    listener.beatSent(0, 0);
    return store.beat({ name: holder, term: 1, holder }, 1, progress, isEarly);
  };
  return { clock, beat };
}

const holders = Array.from({ length: 30 }, (_, index) => `h${index}`);

test.each([
  { isEarly: false, count: 30 },
  { isEarly: false, count: 1 },
  { isEarly: true, count: 1 },
])('a count that fails is no failure of a beat: %o', async ({ isEarly, count }) => {
  const { clock, beat } = served(
    () => 5,
    () => {
      throw new Error('it cannot count');
    },
  );
  const answers = Promise.all(holders.slice(0, count).map((holder) => beat(holder, isEarly)));
  await clock.advance(100);
  expect(await answers).toEqual(Array(count).fill(true));
});

test('beats that wait for a turn, or have none, are as late as what goes out at last', async () => {
  const told = new Map<string, number[]>();
  let takes = 900;
  const { clock, beat } = served(
    () => takes,
    (holder, late) => told.set(holder, [...(told.get(holder) ?? []), late]),
  );
  // More than have a turn before their limit is over.
  const many = Array.from({ length: 1000 }, (_, index) => `m${index}`);
  const outcomes = Promise.allSettled(many.map((holder) => beat(holder)));
  await clock.advance(2000);
  const refused = many.filter((holder) => !told.has(holder));
  expect(refused.length).toBeGreaterThan(0);
  takes = 1;
  const [one = '', other = ''] = refused.slice(-2);
  const again = [beat(one), beat(other, true)];
  await clock.advance(1000);
  await Promise.all([outcomes, ...again]);
  for (const holder of [one, other]) expect(told.get(holder)).toEqual([2000]);
  expect(Math.max(...[...told.values()].flat())).toBe(2000);
});
