/**
 * Many random worlds, each from its seed. ELECTION_SEEDS=50000 runs that many instead of the usual number, and
 * ELECTION_SEED=123 runs the one, with a trace on stderr.
 */
import { expect, test } from 'vitest';
import { ElectionWorld, type WorldReport } from '../../support/electionWorld.ts';

const one = process.env.ELECTION_SEED;
const seeds = Number(process.env.ELECTION_SEEDS ?? 2000);

// Without `skip`: what was not asked for is no test that was left out.
if (one !== undefined) {
  test('the seed asked for', async () => {
    const world = new ElectionWorld(Number(one), true);
    await world.run().finally(() => process.stderr.write(`${world.trace.join('\n')}\n`));
  });
} else {
  test('in every random world at most one member is master, and one is again once the faults stop', {
    timeout: 60_000 + seeds * 50,
  }, async () => {
    const reports: WorldReport[] = [];
    for (let seed = 1; seed <= seeds; seed++) reports.push(await new ElectionWorld(seed).run());
    // The worlds are worth their time only if masterships come and go in them, on both kinds of store.
    for (const weak of [false, true]) {
      const same = reports.filter((report) => report.weak === weak);
      const sum = (field: 'masterships' | 'continued' | 'deposed' | 'resigned' | 'losses'): number =>
        same.reduce((total, report) => total + report[field], 0);
      expect(same.length).toBeGreaterThan(seeds / 3);
      expect(sum('masterships')).toBeGreaterThan(3 * same.length);
      expect(sum('deposed')).toBeGreaterThan(same.length);
      expect(sum('continued')).toBeGreaterThan(0);
      expect(sum('resigned')).toBeGreaterThan(same.length / 4);
      expect(sum('losses')).toBeGreaterThan(same.length / 2);
    }
  });
}
