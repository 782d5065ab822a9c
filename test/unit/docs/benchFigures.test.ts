/** The figures that the command `bench` prints beside those of its user are those of the results. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ownRuns } from '../../../src/cli/bench/ownFigures.ts';
import { ms, timed } from '../../../src/cli/bench/table.ts';
import { sectionOf } from '../../support/markdown.ts';

const page = readFileSync(new URL('../../../docs/results/bench.md', import.meta.url), 'utf8');
const section = sectionOf(page, '## The command bench');

test.each(Object.values(ownRuns))('on the $store', ({ store, date, machine, figures }) => {
  const [, part = ''] = section.split(`${store}, ${date}:\n`);
  expect(part.startsWith(`${machine}.\n`)).toBe(true);
  const rows = part.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ms'));
  const expected = timed.map(([key, what]) => {
    const { count, p50, p99, max } = figures[key];
    return `| ${[what, count, ...[p50, p99, max].map(ms)].join(' | ')} |`;
  });
  expect(rows.slice(1, 1 + timed.length)).toEqual(expected);
  expect(part).toContain(`Tasks per second: ${figures.submittedPerSecond} stored, ${figures.donePerSecond} done.`);
});
