/** The checker's verdict as tables for the terminal, and as a section in Markdown. */
import { median, type Verdict, type Violation } from './checker/check.ts';
import { groupBy } from './checker/groupBy.ts';

interface Facts {
  readonly server: string;
  readonly atomic: boolean;
  readonly seed: number;
  readonly faults: number;
  readonly seconds: number;
  readonly date: string;
  /** What was not done, and why. */
  readonly notes: readonly string[];
}

/** Of violations of one kind, so many are printed. */
const SHOWN = 20;

function rows({ figures, counts }: Verdict): [string, string][] {
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  const list = (all: ReadonlyMap<string, number>) =>
    [...all].map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
  return [
    ['faults', list(figures.faults)],
    ['tasks stored', String(figures.stored)],
    ['epochs of the store', String(figures.epochs)],
    ['tasks that went with its files', String(figures.taken)],
    ['runs', String(figures.runs)],
    ['terms, takeovers', `${figures.terms}, ${figures.takeovers}`],
    ...[...counts].map(([kind, count]): [string, string] => [kind, String(count)]),
    ['repeated runs in all', String(figures.repeated)],
    ['repeated per takeover, median and most', `${figures.repeatedMedian}, ${figures.repeatedMost}`],
    ['submitted again after an unknown outcome', String(figures.submittedAgain)],
    ['runs caught in a stop of their process', String(figures.caught)],
    ['failovers', String(figures.failovers)],
    ['without another fault in between, median and most', `${ms(figures.plainMedian)}, ${ms(figures.plainMost)}`],
    ...[...figures.byCause].map(([cause, times]): [string, string] => [
      `after ${cause}: how many, median and most`,
      `${times.length}: ${ms(median(times))}, ${ms(Math.max(...times))}`,
    ]),
    ['longest of all', ms(figures.overallMost)],
    ['processes that killed themselves (fencing)', String(figures.fenced)],
    ['panics', list(figures.panics)],
    ['slots, tasks that were due later', `${figures.slots}, ${figures.later}`],
    ['answers', list(figures.answers)],
    [
      'starts with a least time, tasks postponed, dead letters',
      `${figures.paced}, ${figures.postponed}, ${figures.letters}`,
    ],
    ['attempts that began with a checkpoint', String(figures.resumed)],
  ];
}

export function showVerdict(verdict: Verdict): string {
  const all = rows(verdict);
  const width = Math.max(...all.map(([name]) => name.length));
  return all.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
}

export function showViolations({ violations }: Verdict): string[] {
  const lines: string[] = [];
  for (const [kind, all] of groupBy(violations, (one) => one.kind)) {
    lines.push(...all.slice(0, SHOWN).map(showViolation));
    if (all.length > SHOWN) lines.push(`  and ${all.length - SHOWN} more of '${kind}'`);
  }
  return lines;
}

function showViolation({ kind, text, fault, at }: Violation): string {
  const after =
    fault === undefined
      ? ''
      : `; fault ${fault.number} (${fault.kind} of ${fault.member})${Number.isFinite(at) ? ` began ${(at - fault.from).toFixed(0)} ms before` : ' was the last'}`;
  return `  ${kind}: ${text}${after}`;
}

export function markdown(verdict: Verdict, { server, atomic, seed, faults, seconds, date, notes }: Facts): string {
  const passed = verdict.failures.length === 0 ? 'passed' : 'FAILED';
  return [
    `### ${server}${atomic ? '' : ' (without atomic writes)'}: ${faults} faults, seed ${seed}, ${passed}`,
    '',
    `${date}, ${seconds} s: \`npm run chaos -- --server ${server} --faults ${faults} --seed ${seed}\``,
    '',
    '| figure | |',
    '| --- | --- |',
    ...rows(verdict).map(([name, value]) => `| ${name} | ${value} |`),
    '',
    ...notes.map((note) => `- ${note}`),
    ...showViolations(verdict).map((line) => `-${line.slice(1)}`),
    '',
  ].join('\n');
}
