/**
 * How long is no member at work when the master is killed, or stops? Members are processes, every one fed with the same
 * tasks all the time, and a new one replaces the one that has gone.
 */
import { namespaceArguments } from '../../test/support/ownNamespace.js';
import type { Answer, Goal, Picture, Question, Settings } from '../support/question.js';
import { median, ms, spreadOf, whole } from '../support/spread.js';
import { type BenchStore, withEmbedded, withServer } from '../support/stores.js';
import { play, type ScenarioResult } from './scenario.js';
import { atOnce, boundOf, HANDOVER_ROUND_TRIPS, notBefore, scenarios, short, TOLERANCE, usual } from './scenarios.js';

async function ask({ quick, progress }: Settings): Promise<Answer> {
  const results: ScenarioResult[] = [];
  const way = namespaceArguments();
  const apart = way === undefined ? undefined : ['unshare', ...way];
  const playAll = async (store: BenchStore): Promise<void> => {
    for (const scenario of scenarios(quick, apart)) {
      progress(`${store.label}: ${scenario.title}, ${scenario.times} times`);
      const result = await play(store, scenario);
      results.push(result);
      progress(`  first task after ${result.takeovers.map(({ toFirstTask }) => ms(toFirstTask)).join(', ')}`);
    }
  };
  await withEmbedded(playAll);
  await withServer(playAll);
  return {
    tables: [
      besideOldWay(results),
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
      apart === undefined
        ? 'The old way is not shown: it needs `unshare` (util-linux) and the right to make a PID namespace, as root has it.'
        : 'The old way: `exitTimeout: 0`, and each member in a PID namespace of its own (`unshare`), so no other one sees its death.',
      'Bound of what is seen at once: POLL + 150 ms after an exception or an exit, POLL + 250 ms after SIGKILL. After SIGSTOP, after SIGKILL of all, and in the old way, no member may be elected before SLAVE + TICKING - MASTER (of all: SLAVE + TICKING).',
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
  const { how, intervals } = scenario;
  const name = `${store}, ${scenario.title}`;
  const bound = boundOf(result);
  const first = spreadOf(takeovers.map(({ toFirstTask }) => toFirstTask));
  const elected = spreadOf(takeovers.map(({ toElected }) => toElected));
  const most = (what: string, limit: number, measured: number): Goal => ({
    promise: `${name}: ${what} within ${ms(limit)}`,
    measured: ms(measured),
    met: measured <= limit,
  });
  // Tasks in memory go with the last process.
  const missing = how === 'kill-all' ? 0 : audit.missing;
  const audited: Goal = {
    promise: `${name}: no two members at work at once, no task missing`,
    measured: `${audit.overlaps} overlaps, ${missing} missing`,
    met: audit.overlaps === 0 && missing === 0,
  };
  if (how === 'stop') return [most('elected', bound, elected.max), audited];
  const margin = atOnce(scenario);
  if (margin !== undefined) return [most('first task, p99,', intervals.POLL + margin, first.p99), audited];
  const least = notBefore(scenario);
  const waits: Goal = {
    promise: `${name}: elected not before ${ms(least)}`,
    measured: ms(elected.min),
    met: elected.min >= least,
  };
  if (how === 'kill-all') return [waits, audited];
  return [waits, most('first task', bound * TOLERANCE + intervals.MASTER, first.max), audited];
}

/** What is seen at once, beside what a death costs that no other member sees. */
function besideOldWay(results: readonly ScenarioResult[]): Answer['tables'][number] {
  const seen = results.filter(({ scenario }) => scenario.intervals === usual && atOnce(scenario) !== undefined);
  const timesOf = (result: ScenarioResult | undefined) =>
    spreadOf((result?.takeovers ?? []).map(({ toFirstTask }) => toFirstTask));
  return {
    title: 'Deaths that are seen at once, default intervals, beside the old way: to the first task of the next master',
    head: ['', 'times', 'p50', 'p99', 'goal for p99', 'p99 to elected', 'old way, times', 'p50', 'max'],
    rows: seen.map((result) => {
      const { scenario, store } = result;
      const isOld = (one: ScenarioResult): boolean =>
        one.store === store &&
        one.scenario.how === scenario.how &&
        one.scenario.apart !== undefined &&
        !one.scenario.guard;
      const [now, old] = [timesOf(result), timesOf(results.find(isOld))];
      const elected = spreadOf(result.takeovers.map(({ toElected }) => toElected));
      const goal = scenario.intervals.POLL + (atOnce(scenario) ?? 0);
      const before = old.count === 0 ? ['-', '-', '-'] : [String(old.count), ms(old.p50), ms(old.max)];
      return [
        `${store}: ${scenario.title}`,
        String(now.count),
        ...[now.p50, now.p99, goal, elected.p99].map(ms),
        ...before,
      ];
    }),
  };
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
        label: `${result.store.split(',')[0]}, ${result.scenario.title}`,
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
