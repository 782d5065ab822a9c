/** How many stored tasks a second go through one member, from submission to acknowledgement, beside what one would use otherwise? */
import type { Answer, Goal, Question, Settings } from '../support/question.js';
import { median, spreadOf, whole } from '../support/spread.js';
import { AT_ONCE, BULLMQ_CONCURRENCY, type Competitor, compete, type Result } from './competition.js';

const EMBEDDED = 'embedded store';
const names: Record<Competitor, string> = {
  ours: `mongo-failover, durable, ${AT_ONCE} submitWork at once`,
  limit: 'the limit: insert alone, 1,000 documents a command',
  loop: 'loop of findOneAndUpdate and updateOne',
  agenda: 'Agenda, concurrency 1',
  calls: `BullMQ, concurrency ${BULLMQ_CONCURRENCY}, ${AT_ONCE} add at once`,
  bulk: `BullMQ, concurrency ${BULLMQ_CONCURRENCY}, addBulk of ${AT_ONCE}`,
  before: `BullMQ, concurrency ${BULLMQ_CONCURRENCY}, added before`,
};
/** At least so many times the other, on the same server. */
const goals = { limit: 0.5, loop: 10, agenda: 20 } as const;
/** Its own limit of inserts decides what is possible there, so no other is a goal. */
const SLOW_INSERTS = 'mongo-java-server, in memory';

async function ask(settings: Settings): Promise<Answer> {
  const { results, gaps } = await compete(settings);
  const stores = [...new Set(results.map(({ store }) => store))];
  return {
    tables: [
      {
        title: 'Stored tasks to acknowledged, one member',
        head: [
          '',
          'tasks a round',
          'rounds',
          'tasks/s (median)',
          'min',
          'max',
          'ours beside it',
          'goal',
          'stored/s',
          'refused',
        ],
        rows: results.map((result) => row(result, results)),
      },
    ],
    goals: [...serverGoals(results), ...bullmqGoals(results)],
    notes: [
      `Ours: from the first submitWork to the last \`done\`, which is the acknowledgement in the store; ${AT_ONCE} callers, each awaiting one call before the next, so a write holds up to ${AT_ONCE} tasks. Work runs in a thread, strictly one after another, and is acknowledged by the chunk. "stored/s" is until the last was stored, while they were worked off; "refused" counts calls that the store did not answer in time, all rounds together, and that were made again.`,
      'The limit of a server: its insert of the same documents, in commands of 1,000, one after another, into a collection without an index of its own, by a process that does nothing else.',
      'The loop claims and finishes one task after another; Agenda runs one job at a time. Jobs of both are stored before their clock starts, which is in their favour. The three write with w: majority and j: true.',
      `BullMQ: from the first add to the last completed, ${BULLMQ_CONCURRENCY} jobs at once and in no order, with ${AT_ONCE} calls of add at once as ours; with addBulk of ${AT_ONCE}, one after another; and ("added before") without the adding, from when its worker sets out. Its Redis keeps all in memory and syncs nothing to disk (--save '' --appendonly no); the embedded store syncs before it answers.`,
      'Work of all others is an empty function on their main thread.',
      ...beyondNotes(results),
      ...gaps.notes(),
    ],
    pictures: [
      {
        suffix: '',
        chart: {
          kind: 'bars',
          title: 'Stored tasks a second, submitted to acknowledged',
          subtitle: 'median of the rounds; logarithmic; longer is better',
          unit: 'tasks/s',
          scale: 'log',
          groups: stores.map((store) => ({
            label: store,
            bars: results
              .filter((result) => result.store === store)
              .map(({ competitor, rates }) => ({
                label: names[competitor].replace(/, concurrency \d+|, durable.*/g, ''),
                value: median(rates),
                text: whole(median(rates)),
              })),
          })),
        },
      },
    ],
    data: { atOnce: AT_ONCE, bullmqConcurrency: BULLMQ_CONCURRENCY, results, gaps: gaps.all },
  };
}

function row({ store, competitor, tasks, rates, stored, refused }: Result, all: readonly Result[]): string[] {
  const { p50, min, max, count } = spreadOf(rates);
  const ours = rateOf(all, isRedis(competitor) ? EMBEDDED : store, 'ours');
  const ratio = competitor === 'ours' || ours === undefined ? '' : times(ours / p50);
  return [
    `${store}: ${names[competitor]}`,
    whole(tasks),
    String(count),
    whole(p50),
    whole(min),
    whole(max),
    ratio,
    goalText(store, competitor),
    stored.length === 0 ? '' : whole(median(stored)),
    competitor === 'ours' ? whole(refused) : '',
  ];
}

function isRedis(competitor: Competitor): boolean {
  return competitor === 'calls' || competitor === 'bulk' || competitor === 'before';
}

function goalText(store: string, competitor: Competitor): string {
  if (competitor === 'ours') return '';
  if (isRedis(competitor)) return '> 1 x';
  const least = goalOn(store, competitor);
  return least === undefined ? '' : `>= ${least} x`;
}

function goalOn(store: string, competitor: Competitor): number | undefined {
  if (competitor === 'limit') return goals.limit;
  if (store === SLOW_INSERTS || (competitor !== 'loop' && competitor !== 'agenda')) return undefined;
  return goals[competitor];
}

function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 1 ? 2 : 1)} x`;
}

function rateOf(results: readonly Result[], store: string, competitor: Competitor): number | undefined {
  const found = results.find((result) => result.store === store && result.competitor === competitor);
  return found === undefined ? undefined : median(found.rates);
}

function serverGoals(results: readonly Result[]): Goal[] {
  return results.flatMap(({ store, competitor, rates }) => {
    const least = goalOn(store, competitor);
    if (least === undefined) return [];
    const promise = `${store}: at least ${least} x ${names[competitor]}`;
    return [ratioGoal(promise, rateOf(results, store, 'ours'), median(rates), (ratio) => ratio >= least)];
  });
}

/** With the embedded store that is a goal; with a server it is a note. */
function bullmqGoals(results: readonly Result[]): Goal[] {
  return results.flatMap(({ competitor, rates }) => {
    if (!isRedis(competitor)) return [];
    const promise = `${EMBEDDED}: above ${names[competitor]}`;
    return [ratioGoal(promise, rateOf(results, EMBEDDED, 'ours'), median(rates), (ratio) => ratio > 1)];
  });
}

/** Not promised, but worth knowing: ours on a server beside the fastest of BullMQ's. */
function beyondNotes(results: readonly Result[]): string[] {
  const rates = results.filter(({ competitor }) => isRedis(competitor)).map((result) => median(result.rates));
  if (rates.length === 0) return [];
  const best = Math.max(...rates);
  return results
    .filter(({ competitor, store }) => competitor === 'ours' && store !== EMBEDDED)
    .map((result) => `${result.store}: ours is ${(median(result.rates) / best).toFixed(1)} x the fastest of BullMQ's.`);
}

function ratioGoal(promise: string, ours: number | undefined, other: number, holds: (ratio: number) => boolean): Goal {
  if (ours === undefined) return { promise, measured: 'ours was not measured', met: false };
  const ratio = ours / other;
  return { promise, measured: times(ratio), met: holds(ratio) };
}

export const durable: Question = {
  name: 'durable',
  title: 'how many stored tasks a second go through, beside a loop, Agenda and BullMQ?',
  ask,
};
