/** What the command `bench` shows beside the figures of its authors. */
import { describe, expect, test } from 'vitest';
import { ownRuns } from '../../../src/cli/bench/ownFigures.ts';
import type { BenchResult } from '../../../src/cli/bench/run.ts';
import { benchText } from '../../../src/cli/bench/table.ts';

const spread = { count: 5, p50: 1.234, p99: 98.7, max: 1234 };
const result: BenchResult = {
  machine: { cores: 8, cpu: 'Some CPU', node: 'v24.1.0', system: 'linux', memory: '16 GiB', load: '0.10' },
  at: new Date(0),
  ...{ reads: spread, writes: spread, handOver: spread, failover: spread, beats: spread },
  ...{ submittedPerSecond: 11_111, donePerSecond: 22_222 },
};

describe.each(Object.entries(ownRuns))('beside our run on %s', (_, own) => {
  const text = benchText(result, own);

  test('each row has the figures of here, and ours', () => {
    const rows = text.split('\n').filter((line) => line.includes('1.23'));
    expect(rows).toHaveLength(5);
    for (const row of rows) expect(row).toMatch(/ 5 +1\.23 +99 +1234( +[\d.]+){3}$/);
    expect(text).toMatch(/stored +11111 +\d+\ndone +22222 +\d+/);
  });

  test('says where each was measured', () => {
    expect(text).toContain('here: 8 cores, Some CPU, Node.js 24.1.0, load 0.10 before the run');
    expect(text).toContain(`ours: ${own.store}, ${own.date}, ${own.machine}`);
  });
});
