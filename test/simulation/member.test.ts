/**
 * The simulation of the whole member, as far as every run of the tests can afford it: some seeds, that a seed gives the
 * same trace each time, and that bugs which are planted are found. `npm run simulate` runs many more.
 */
import { expect, test } from 'vitest';
import { drawSetting, type Overrides, plants, replayLine } from './member/setting.ts';
import { describe, type Failure, noTotals, runSeeds, runSetting, shrink, traceSetting } from './member/simulate.ts';

const SEEDS = 60;
/** In so many seeds a planted bug is found. */
const FINDS = {
  'acknowledges-any-term': 400,
  'works-after-grace': 300,
  'forgets-stored-tasks': 60,
} as const;

test('whatever befalls members, machines, network and database, all that must hold does', async () => {
  const totals = noTotals();
  const failure = await runSeeds(1, SEEDS, totals);
  expect(failure === null ? null : describe(failure, failure)).toBeNull();
  // Else the worlds were not worth their time.
  for (const count of [totals.masterships, totals.crashes, totals.takeovers, totals.repeats]) {
    expect(count).toBeGreaterThan(SEEDS / 2);
  }
  expect(totals.unloadable).toBeGreaterThan(SEEDS / 30);
  expect(totals.resigned).toBeGreaterThan(SEEDS / 10);
  expect(totals.relayed).toBeGreaterThan(2 * SEEDS);
}, 60_000);

// The older ones without what was not drawn then.
const once: [number, Overrides][] = [
  ...[19, 132, 621, 1138, 2049, 2169, 2974, 36_332, 45_573].map((seed): [number, Overrides] => [
    seed,
    { without: ['unfit'] },
  ]),
  ...[180, 257, 576, 2116, 2598, 4542, 15_447, 17_579].map((seed): [number, Overrides] => [seed, {}]),
];
test.each(once)('seed %d, which once failed, holds', async (seed, overrides) => {
  const failure = await runSetting(drawSetting(seed, overrides), noTotals());
  expect(failure === null ? null : describe(failure, failure)).toBeNull();
});

test.each([1, 5, 17, 23])(
  'seed %d gives the same trace each time',
  async (seed) => {
    const [first, second] = [await traceSetting(drawSetting(seed)), await traceSetting(drawSetting(seed))];
    expect(first.trace.length).toBeGreaterThan(100);
    expect(second.trace.join('\n')).toBe(first.trace.join('\n'));
  },
  60_000,
);

test.each(Object.entries(FINDS))(
  'the planted bug %s is found within %d seeds',
  async (name, seeds) => {
    const plant = plants.find((one) => one === name);
    for (let seed = 1; seed <= seeds; seed++) {
      if ((await runSetting(drawSetting(seed, { plant }), noTotals())) !== null) return;
    }
    expect.fail('not found');
  },
  60_000,
);

test('a failing run is made smaller, and its line runs the same again', async () => {
  const plant = 'works-after-grace';
  let failure = null;
  for (let seed = 1; failure === null; seed++) failure = await runSetting(drawSetting(seed, { plant }), noTotals());
  const smallest = await shrink(failure, 25);
  expect(sizeOf(smallest)).toBeLessThan(sizeOf(failure));
  expect(replayLine(smallest.setting)).toMatch(/^npm run simulate -- --seed \d+ .*--plant works-after-grace --trace$/);
  expect((await traceSetting(smallest.setting)).failure?.message).toBe(smallest.message);
}, 60_000);

function sizeOf({ setting }: Failure): number {
  return setting.faults.length + setting.members + setting.faultTime / 1000;
}
