/** How many tiny tasks a second go through a managed cluster, beside a bare loop over Piscina that keeps the same promise: one after another, in order. */
import { reportOf } from '../support/child.js';
import { withFolder } from '../support/cleanup.js';
import type { Answer, Question, Settings } from '../support/question.js';
import { median, spreadOf, whole } from '../support/spread.js';
import type { RoundSettings, ThroughputReport } from './messages.js';

/** At least this share of the bare loop. */
const GOAL = 0.5;

async function ask({ quick, progress }: Settings): Promise<Answer> {
  const rounds = quick ? 5 : 15;
  const tasks = 20_000;
  progress(`${rounds} rounds of ${whole(tasks)} tasks for each of three competitors, in turn`);
  const report = await withFolder((folder) => {
    const settings: RoundSettings = { folder, rounds, tasks };
    return reportOf<ThroughputReport>(new URL('rounds.js', import.meta.url), settings);
  });
  const rows = [
    { name: 'mongo-failover, managed', rates: report.managed },
    { name: "Piscina loop, atomics 'disabled'", rates: report.piscina },
    { name: 'Piscina loop, its defaults', rates: report.piscinaDefault },
  ];
  const bare = median(report.piscina);
  const ratio = median(report.managed) / bare;
  return {
    tables: [
      {
        title: `Tiny tasks to done, ${rounds} rounds of ${whole(tasks)}`,
        head: ['', 'tasks/s (median)', 'min', 'max', 'of the bare loop'],
        rows: rows.map(({ name, rates }) => {
          const { min, max } = spreadOf(rates);
          return [name, whole(median(rates)), whole(min), whole(max), `${(median(rates) / bare).toFixed(2)} x`];
        }),
      },
    ],
    goals: [
      {
        promise: `at least ${GOAL} x a sequential Piscina loop with the same settings`,
        measured: `${ratio.toFixed(2)} x`,
        met: ratio >= GOAL,
      },
    ],
    notes: [
      'All tasks of a round are submitted at once, and the round is over with the last `done` event; the loops await one `pool.run()` after another. Same work module, one thread each, one process.',
    ],
    pictures: [
      {
        suffix: '',
        chart: {
          kind: 'bars',
          title: 'Tiny tasks a second, strictly one after another',
          subtitle: `median of ${rounds} rounds; longer is better`,
          unit: 'tasks/s',
          scale: 'linear',
          groups: rows.map(({ name, rates }) => ({
            label: name,
            bars: [{ label: '', value: median(rates), text: whole(median(rates)) }],
          })),
        },
      },
    ],
    data: { rounds, tasks, ratio, ...report },
  };
}

export const throughput: Question = {
  name: 'throughput',
  title: 'how many tiny tasks a second go through, beside a bare Piscina loop?',
  ask,
};
