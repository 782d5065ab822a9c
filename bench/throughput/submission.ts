/** How many tasks a second can be submitted, by how many calls are under way at once, and by where they are kept? */
import type { FailoverOptions } from 'mongo-failover';
import { reportOf } from '../support/child.js';
import { Gaps } from '../support/gaps.js';
import type { Answer, Question, Settings } from '../support/question.js';
import { median, spreadOf, whole } from '../support/spread.js';
import { type BenchStore, withEmbedded, withServer } from '../support/stores.js';
import type { SubmissionReport, SubmissionSettings } from './messages.js';

interface Place {
  readonly name: string;
  readonly rates: SubmissionReport['rates'];
}

async function ask({ quick, progress }: Settings): Promise<Answer> {
  const rounds = quick ? 3 : 15;
  const tasks = 20_000;
  /** Of a round, in ms: a disk that syncs slowly shall not take an hour. */
  const limit = quick ? 500 : 1000;
  const places: Place[] = [];
  const measure = async (name: string, options: FailoverOptions, durable: boolean): Promise<void> => {
    progress(`${name}: ${rounds} rounds at three degrees of concurrency in turn`);
    const settings: SubmissionSettings = { options, durable, rounds, tasks, limit };
    const { rates } = await reportOf<SubmissionReport>(new URL('submitting.js', import.meta.url), settings);
    places.push({ name, rates });
  };
  const durable = ({ label, options }: BenchStore): Promise<void> => measure(`durable, ${label}`, options, true);
  await withEmbedded(({ options }) => measure('in memory', options, false));
  await withEmbedded(durable);
  const gaps = new Gaps(progress);
  await withServer(durable).catch((error: unknown) => gaps.add('durable, on a server', error));
  return {
    tables: [
      {
        title: `submitWork() to its promise, ${rounds} rounds of up to ${whole(tasks)} calls or ${limit} ms`,
        head: ['', 'calls at once', 'tasks/s (median)', 'min', 'max', 'of one at a time'],
        rows: places.flatMap(({ name, rates }) => {
          const alone = median(rates[0]?.rates ?? []);
          return rates.map(({ concurrent, rates: own }) => {
            const { p50, min, max } = spreadOf(own);
            return [name, whole(concurrent), whole(p50), whole(min), whole(max), `${(p50 / alone).toFixed(1)} x`];
          });
        }),
      },
    ],
    goals: [],
    notes: [
      'The cluster does not run: this is submitting alone. In memory, the promise resolves with the acknowledgement of the coordinator thread; durable, when the store has written the task with majority.',
      ...gaps.notes(),
    ],
    pictures: [
      {
        suffix: '',
        chart: {
          kind: 'bars',
          title: 'Tasks submitted a second, by calls under way at once',
          subtitle: `median of ${rounds} rounds; logarithmic; longer is better`,
          unit: 'tasks/s',
          scale: 'log',
          groups: places.map(({ name, rates }) => ({
            label: name.replace(/^durable, /, ''),
            bars: rates.map(({ concurrent, rates: own }) => ({
              label: `${whole(concurrent)} at once:`,
              value: median(own),
              text: whole(median(own)),
            })),
          })),
        },
      },
    ],
    data: { rounds, tasks, limit, places, gaps: gaps.all },
  };
}

export const submission: Question = {
  name: 'submission',
  title: 'how many tasks a second can be submitted?',
  ask,
};
