/**
 * The simulation without queues: elections alone, under harder faults that last longer. ELECTION_SEEDS=50000 runs so many
 * instead of the usual number; `npm run simulate -- --elections --seed 7 --trace` runs one of them.
 */
import { expect, test } from 'vitest';
import { drawSetting } from './member/setting.ts';
import { describe, noTotals, runSetting } from './member/simulate.ts';

const SEEDS = Number(process.env.ELECTION_SEEDS ?? 500);

test('in every world at most one member is master, and one is again once the faults stop', {
  timeout: 60_000 + SEEDS * 50,
}, async () => {
  const totals = { atomic: noTotals(), weak: noTotals() };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const setting = drawSetting(seed, { elections: true });
    const failure = await runSetting(setting, totals[setting.store]);
    if (failure !== null) expect.fail(describe(failure, failure));
  }
  // The worlds are worth their time only if masterships come and go in them, on both kinds of store.
  for (const { seeds, masterships, deposed, continued, resigned, losses } of Object.values(totals)) {
    expect(seeds).toBeGreaterThan(SEEDS / 3);
    expect(masterships).toBeGreaterThan(3 * seeds);
    expect(deposed).toBeGreaterThan(seeds);
    expect(continued).toBeGreaterThan(0);
    expect(resigned).toBeGreaterThan(seeds / 4);
    expect(losses).toBeGreaterThan(seeds / 2);
  }
});
