/** What was measured, beside what the authors have measured, for people. */
import { columns } from '../text/columns.js';
import type { OwnRun } from './ownFigures.js';
import type { BenchFigures, BenchResult, Spread } from './run.js';

type Measured = Exclude<keyof BenchFigures, 'submittedPerSecond' | 'donePerSecond'>;

/** The rows with times, in their order. */
export const timed: readonly (readonly [Measured, string])[] = [
  ['reads', 'read'],
  ['writes', 'write'],
  ['handOver', 'hand-over, until the next master'],
  ['failover', 'failover after SIGKILL, until the next master'],
  ['beats', 'lateness of beats, main thread blocked, all cores busy'],
];

export function benchText(result: BenchResult, own: OwnRun): string {
  const times = columns(
    ['MS', '>COUNT', '>P50', '>P99', '>MAX', '>OUR P50', '>OUR P99', '>OUR MAX'],
    timed.map(([key, what]) => [what, String(result[key].count), ...cells(result[key]), ...cells(own.figures[key])]),
  );
  const rates = columns(
    ['TASKS PER SECOND', '>HERE', '>OURS'],
    [
      ['stored', String(result.submittedPerSecond), String(own.figures.submittedPerSecond)],
      ['done', String(result.donePerSecond), String(own.figures.donePerSecond)],
    ],
  );
  const { cores, cpu, node, load } = result.machine;
  const here = `here: ${cores} cores, ${cpu}, Node.js ${node.replace(/^v/, '')}, load ${load} before the run`;
  return `${times}\n\n${rates}\n\n${here}\nours: ${own.store}, ${own.date}, ${own.machine}`;
}

function cells({ p50, p99, max }: Spread): string[] {
  return [p50, p99, max].map(ms);
}

/** Three digits that mean something. */
export function ms(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}
