/** How many tasks a second can be submitted, by how many calls are under way at once. */
import { reportOf } from '../support/child.js';
import { withFolder } from '../support/cleanup.js';
import type { Answer, Question, Settings } from '../support/question.js';
import { median, spreadOf, whole } from '../support/spread.js';
import type { RoundSettings, SubmissionReport } from './messages.js';

async function ask({ quick, progress }: Settings): Promise<Answer> {
  const rounds = quick ? 5 : 15;
  const tasks = 20_000;
  progress(`${rounds} rounds of ${whole(tasks)} calls, at three degrees of concurrency in turn`);
  const { rates } = await withFolder((folder) => {
    const settings: RoundSettings = { folder, rounds, tasks };
    return reportOf<SubmissionReport>(new URL('submitting.js', import.meta.url), settings);
  });
  const alone = median(rates[0]?.rates ?? []);
  return {
    tables: [
      {
        title: `submitWork() to its promise, ${rounds} rounds of ${whole(tasks)}`,
        head: ['calls at once', 'tasks/s (median)', 'min', 'max', 'of one at a time'],
        rows: rates.map(({ concurrent, rates: own }) => {
          const { p50, min, max } = spreadOf(own);
          return [whole(concurrent), whole(p50), whole(min), whole(max), `${(p50 / alone).toFixed(1)} x`];
        }),
      },
    ],
    goals: [],
    notes: ['The cluster does not run meanwhile: this is submitting alone, to the acknowledgement of the coordinator.'],
    pictures: [
      {
        suffix: '',
        chart: {
          kind: 'bars',
          title: 'Tasks submitted a second, by calls under way at once',
          subtitle: `median of ${rounds} rounds; longer is better`,
          unit: 'tasks/s',
          scale: 'linear',
          groups: rates.map(({ concurrent, rates: own }) => ({
            label: `${whole(concurrent)} at once`,
            bars: [{ label: '', value: median(own), text: whole(median(own)) }],
          })),
        },
      },
    ],
    data: { rounds, tasks, rates },
  };
}

export const submission: Question = {
  name: 'submission',
  title: 'how many tasks a second can be submitted?',
  ask,
};
