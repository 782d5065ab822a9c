/**
 * How many tasks a second go through a managed cluster, in memory? Tiny ones beside their limit, a pair of threads that
 * promises nothing, and beside a loop over Piscina that works in order, too; heavy ones beside a bare loop in one thread.
 */
import { reportOf } from '../support/child.js';
import { withFolder } from '../support/cleanup.js';
import type { Answer, Goal, Question, Settings } from '../support/question.js';
import { median, ms, spreadOf, whole } from '../support/spread.js';
import type { HeavyReport, HeavySettings, ThroughputReport, ThroughputSettings } from './messages.js';
import { MESSAGE_TASKS, MESSAGES_AT_ONCE } from './pair.js';

/** Of the pair's rate, at least: `submitMany`, and `submitWork` beside a pair that has a promise for each task, too. */
const MANY_GOAL = 0.5;
const SILENT_GOAL = 0.4;
/** Of the bare loop's rate, with heavy tasks. */
const HEAVY_GOAL = 0.97;
const AT_ONCE = 1000;
const HEAVY_TIME = 5;

interface Row {
  readonly name: string;
  readonly rates: readonly number[];
  /** What it is measured against. */
  readonly limit?: readonly number[];
  readonly goal: string;
}

async function ask({ quick, progress }: Settings): Promise<Answer> {
  const rounds = quick ? 5 : 15;
  const tasks = quick ? 50_000 : 300_000;
  const loopTasks = quick ? 5_000 : 20_000;
  progress(`tiny tasks: ${rounds} rounds of ${whole(tasks)}, and of ${whole(loopTasks)} for the loops, in turn`);
  const tiny = await withFolder((folder) => {
    const settings: ThroughputSettings = { folder, rounds, tasks, loopTasks, atOnce: AT_ONCE };
    return reportOf<ThroughputReport>(new URL('rounds.js', import.meta.url), settings);
  });
  const heavyRounds = quick ? 5 : 9;
  const heavyTasks = quick ? 200 : 600;
  progress(`heavy tasks: ${heavyRounds} rounds of ${heavyTasks}, in turn`);
  const heavy = await withFolder((folder) => {
    const settings: HeavySettings = { folder, rounds: heavyRounds, tasks: heavyTasks, taskTime: HEAVY_TIME };
    return reportOf<HeavyReport>(new URL('heavyRounds.js', import.meta.url), settings);
  });
  const rows: Row[] = [
    { name: 'mongo-failover, submitMany', rates: tiny.many, limit: tiny.limit, goal: `>= ${MANY_GOAL}` },
    { name: 'the limit: a pair of threads', rates: tiny.limit, goal: '' },
    { name: 'mongo-failover, submitWork', rates: tiny.silent, limit: tiny.promises, goal: `>= ${SILENT_GOAL}` },
    { name: 'mongo-failover, submitWork, `done` listener', rates: tiny.listened, limit: tiny.promises, goal: '' },
    { name: 'the limit: a pair, a promise for each task', rates: tiny.promises, goal: '' },
    { name: "Piscina loop, atomics 'disabled'", rates: tiny.piscina, goal: '' },
    { name: 'Piscina loop, its defaults', rates: tiny.piscinaDefault, goal: '' },
  ];
  const heavyRows: Row[] = [
    { name: 'mongo-failover', rates: heavy.managed, goal: `>= ${HEAVY_GOAL * 100} %` },
    { name: 'bare loop in one thread', rates: heavy.bare, goal: '' },
  ];
  const bare = median(tiny.piscina);
  const heavyShare = shareOf(heavy.managed, heavy.bare);
  const head = ['', 'tasks/s (median)', 'min', 'max'];
  return {
    tables: [
      {
        title: `Tiny tasks to done, ${rounds} rounds of ${whole(tasks)} (loops: ${whole(loopTasks)})`,
        head: [...head, 'of the limit', 'goal', 'of the loop'],
        rows: rows.map((row) => [...cells(row), ofLimit(row), row.goal, `${(median(row.rates) / bare).toFixed(1)} x`]),
      },
      {
        title: `CPU-heavy tasks of ${ms(heavy.taskTime)} to done, ${heavyRounds} rounds of ${heavyTasks}`,
        head: [...head, 'of the bare loop', 'goal'],
        rows: heavyRows.map((row, index) => [...cells(row), index === 0 ? percent(heavyShare) : '', row.goal]),
      },
    ],
    goals: [
      limitGoal(MANY_GOAL, 'submitMany', 'a pair of threads that promises nothing', shareOf(tiny.many, tiny.limit)),
      limitGoal(
        SILENT_GOAL,
        `submitWork by ${AT_ONCE} callers`,
        'such a pair with a promise for each task',
        shareOf(tiny.silent, tiny.promises),
      ),
      {
        promise: `heavy tasks: at least ${HEAVY_GOAL * 100} % of a bare loop in one thread`,
        measured: percent(heavyShare),
        met: heavyShare >= HEAVY_GOAL,
      },
    ],
    notes: [
      `The limit: two threads written by hand. One sends ${whole(MESSAGE_TASKS)} tasks a message, ${MESSAGES_AT_ONCE} messages under way, and the other calls the work and answers. Nothing is checked, copied for later, limited or told. submitMany is given as many tasks, ${MESSAGES_AT_ONCE} calls under way. The share is the median over pairs of rounds.`,
      `Ours: ${AT_ONCE} callers of submitWork, each awaiting one call before the next, from the first call until the queue is empty (status() every 2 ms) or the last \`done\` event; the loops await one pool.run() after another. Same work module, one thread each, one process.`,
      'Heavy tasks: all submitted at once, to the last `done` event; the bare loop calls the same function with the same amount of work in a thread of its own. The share is the median over pairs of rounds.',
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
    data: { rounds, tasks, loopTasks, atOnce: AT_ONCE, tiny, heavyRounds, heavyTasks, heavy, heavyShare },
  };
}

function cells({ name, rates }: Row): string[] {
  const { p50, min, max } = spreadOf(rates);
  return [name, whole(p50), whole(min), whole(max)];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** The median over pairs of rounds: neighbours in time, so what slows a round down slows down both. */
function shareOf(rates: readonly number[], limit: readonly number[]): number {
  return median(rates.map((rate, round) => rate / (limit[round] ?? Number.NaN)));
}

function ofLimit({ rates, limit }: Row): string {
  return limit === undefined ? '' : shareOf(rates, limit).toFixed(2);
}

function limitGoal(least: number, what: string, limit: string, share: number): Goal {
  const promise = `tiny tasks, ${what}: at least ${least} of ${limit}`;
  return { promise, measured: share.toFixed(2), met: share >= least };
}

export const throughput: Question = {
  name: 'throughput',
  title: 'how many tasks a second go through, beside the limit, a Piscina loop and a bare loop?',
  ask,
};
