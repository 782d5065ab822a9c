/**
 * How long is no member at work when the master is killed, or stops? Members are processes, every one fed with the same
 * tasks all the time, and a new one replaces the one that has gone.
 */
import type { Answer, Goal, Picture, Question, Settings } from '../support/question.js';
import { median, ms, spreadOf, whole } from '../support/spread.js';
import { type BenchStore, withEmbedded, withServer } from '../support/stores.js';
import { play, type Scenario, type ScenarioResult } from './scenario.js';

const short = { MASTER: 100, SLAVE: 150, TICKING: 100, POLL: 30 };
/** The defaults of the library. */
const usual = { MASTER: 2000, SLAVE: 2500, TICKING: 2000, POLL: 500 };
/** Of a hand-over: the release, the look that sees it, and the claim's three steps. */
const HANDOVER_ROUND_TRIPS = 5;
/** The goal allows this much above the bound, and one beat. */
const TOLERANCE = 1.02;

function scenarios(quick: boolean): Scenario[] {
  return [
    { title: 'SIGKILL, short intervals', how: 'kill', times: quick ? 5 : 50, intervals: short },
    { title: 'SIGKILL, default intervals', how: 'kill', times: quick ? 1 : 5, intervals: usual },
    { title: 'hand-over by stop()', how: 'stop', times: quick ? 2 : 10, intervals: short },
  ];
}

/** Design, "Election": from the last acknowledged beat; a hand-over takes one POLL. */
function boundOf({ scenario, roundTrip }: ScenarioResult): number {
  const { SLAVE, TICKING, POLL } = scenario.intervals;
  return scenario.how === 'kill' ? SLAVE + TICKING + POLL + roundTrip : POLL + HANDOVER_ROUND_TRIPS * roundTrip;
}

async function ask({ quick, progress }: Settings): Promise<Answer> {
  const results: ScenarioResult[] = [];
  const playAll = async (store: BenchStore): Promise<void> => {
    for (const scenario of scenarios(quick)) {
      progress(`${store.label}: ${scenario.title}, ${scenario.times} times`);
      results.push(await play(store, scenario));
    }
  };
  await withEmbedded(playAll);
  await withServer(playAll);
  return {
    tables: [
      {
        title: 'Time without a master at work: to the first task of the next one',
        head: ['', 'times', 'min', 'p50', 'p99', 'max', 'bound', 'max to elected', 'thread start', 'round trip'],
        rows: results.map((result) => {
          const spread = spreadOf(result.takeovers.map(({ toFirstTask }) => toFirstTask));
          const elected = spreadOf(result.takeovers.map(({ toElected }) => toElected));
          return [
            `${result.store}: ${result.scenario.title}`,
            String(spread.count),
            ...[spread.min, spread.p50, spread.p99, spread.max, boundOf(result), elected.max].map(ms),
            ms(median(result.takeovers.map(({ toElected, toFirstTask }) => toFirstTask - toElected))),
            ms(result.roundTrip),
          ];
        }),
      },
      {
        title: 'Audit of all tasks',
        head: ['', 'tasks done', 'overlaps', 'least pause', 'repeated', 'missing', 'unwanted terms'],
        rows: results.map(({ store, scenario, audit, unwanted }) => [
          `${store}: ${scenario.title}`,
          whole(audit.tasks),
          String(audit.overlaps),
          Number.isFinite(audit.leastPause) ? ms(audit.leastPause) : '-',
          String(audit.repeated),
          String(audit.missing),
          String(unwanted),
        ]),
      },
    ],
    goals: results.flatMap(goalsOf),
    notes: [
      'After a SIGKILL the time runs from just before the signal; after stop() from the moment in which the lease in shared memory has ended: work has drained, and the release is being sent. It ends when the work module is called with the first task; "elected" is the event on the main thread of the next master.',
      `Bound after SIGKILL: SLAVE + TICKING + POLL + one round trip, from the last acknowledged beat. Bound of a hand-over: POLL + ${HANDOVER_ROUND_TRIPS} round trips (release, look, claim in three steps), to the election; the first task then waits for its thread to start (the median is shown), and for the user's module to load.`,
      "Round trip: the median of the masters' 99th percentiles. Overlaps: tasks of two members at the same time. Least pause: between the work of two masters. Repeated: done again by a later master: what the last SYNC before a kill did not tell, and one or two that reached a new member after its first look. Missing: not done by any. Unwanted terms: that began without a kill or stop.",
      ...results.flatMap(({ store, scenario, problems }) =>
        problems.slice(0, 6).map((problem) => `${store}, ${scenario.title}: ${problem}`),
      ),
    ],
    pictures: pictures(results),
    data: results,
  };
}

function goalsOf(result: ScenarioResult): Goal[] {
  const { scenario, store, takeovers, audit } = result;
  const name = `${store}, ${scenario.title}`;
  const bound = boundOf(result);
  const worst = (of: (takeover: (typeof takeovers)[number]) => number): number => spreadOf(takeovers.map(of)).max;
  const most = (what: string, limit: number, measured: number): Goal => ({
    promise: `${name}: ${what} within ${ms(limit)}`,
    measured: ms(measured),
    met: measured <= limit,
  });
  const audited: Goal = {
    promise: `${name}: no two members at work at once, no task missing`,
    measured: `${audit.overlaps} overlaps, ${audit.missing} missing`,
    met: audit.overlaps === 0 && audit.missing === 0,
  };
  if (scenario.how === 'stop')
    return [
      most(
        'elected',
        bound,
        worst(({ toElected }) => toElected),
      ),
      audited,
    ];
  const first = worst(({ toFirstTask }) => toFirstTask);
  const tolerated = most('first task', bound * TOLERANCE + scenario.intervals.MASTER, first);
  const second = scenario.intervals === short ? [most('first task', 1000, first)] : [];
  return [tolerated, ...second, audited];
}

function pictures(results: readonly ScenarioResult[]): Picture[] {
  const picture = (suffix: string, title: string, chosen: (result: ScenarioResult) => boolean): Picture => ({
    suffix,
    chart: {
      kind: 'dots',
      title,
      subtitle: 'each dot is one time, from the end of a master to the first task of the next; dashed: the bound',
      unit: 'ms',
      rows: results.filter(chosen).map((result) => ({
        label: `${result.store.split(',')[0]}, ${result.scenario.how === 'kill' ? 'SIGKILL' : 'stop()'}`,
        samples: result.takeovers.map(({ toFirstTask }) => toFirstTask),
        limit: { value: boundOf(result), label: ms(boundOf(result)) },
      })),
    },
  });
  return [
    picture('short', 'Failover at short intervals (100, 150, 100, 30)', ({ scenario }) => scenario.intervals === short),
    picture('default', 'Failover at the default intervals', ({ scenario }) => scenario.intervals === usual),
  ];
}

export const failoverTime: Question = {
  name: 'failover',
  title: 'how long is no member at work when the master is killed, or stops?',
  ask,
};
