/**
 * How many tasks a second go through a managed cluster, in memory? Tiny ones beside a loop over Piscina that keeps the
 * same promise, one after another and in order; heavy ones beside a bare loop in one thread.
 */
import { reportOf } from '../support/child.js';
import { withFolder } from '../support/cleanup.js';
import type { Answer, Goal, Question, Settings } from '../support/question.js';
import { median, ms, spreadOf, whole } from '../support/spread.js';
import type { HeavyReport, HeavySettings, ThroughputReport, ThroughputSettings } from './messages.js';

/** So many times the loop with the same settings, at least. */
const SILENT_GOAL = 30;
const LISTENED_GOAL = 20;
/** Of the bare loop's rate, with heavy tasks. */
const HEAVY_GOAL = 0.97;
const AT_ONCE = 1000;
const HEAVY_TIME = 5;

interface Row {
  readonly name: string;
  readonly rates: readonly number[];
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
    { name: 'mongo-failover, without listeners', rates: tiny.silent, goal: `>= ${SILENT_GOAL} x` },
    { name: 'mongo-failover, `done` listener', rates: tiny.listened, goal: `>= ${LISTENED_GOAL} x` },
    { name: "Piscina loop, atomics 'disabled'", rates: tiny.piscina, goal: '' },
    { name: 'Piscina loop, its defaults', rates: tiny.piscinaDefault, goal: '' },
  ];
  const heavyRows: Row[] = [
    { name: 'mongo-failover', rates: heavy.managed, goal: `>= ${HEAVY_GOAL * 100} %` },
    { name: 'bare loop in one thread', rates: heavy.bare, goal: '' },
  ];
  const bare = median(tiny.piscina);
  // Neighbours in time: what slows a round down slows down both.
  const heavyShare = median(heavy.managed.map((rate, round) => rate / (heavy.bare[round] ?? Number.NaN)));
  const head = ['', 'tasks/s (median)', 'min', 'max'];
  return {
    tables: [
      {
        title: `Tiny tasks to done, ${rounds} rounds of ${whole(tasks)} (loops: ${whole(loopTasks)})`,
        head: [...head, 'of the loop', 'goal'],
        rows: rows.map((row) => [...cells(row), `${(median(row.rates) / bare).toFixed(1)} x`, row.goal]),
      },
      {
        title: `CPU-heavy tasks of ${ms(heavy.taskTime)} to done, ${heavyRounds} rounds of ${heavyTasks}`,
        head: [...head, 'of the bare loop', 'goal'],
        rows: heavyRows.map((row, index) => [...cells(row), index === 0 ? percent(heavyShare) : '', row.goal]),
      },
    ],
    goals: [
      ratioGoal(SILENT_GOAL, 'no listener', median(tiny.silent) / bare),
      ratioGoal(LISTENED_GOAL, 'a `done` listener on the main thread', median(tiny.listened) / bare),
      {
        promise: `heavy tasks: at least ${HEAVY_GOAL * 100} % of a bare loop in one thread`,
        measured: percent(heavyShare),
        met: heavyShare >= HEAVY_GOAL,
      },
    ],
    notes: [
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

function ratioGoal(least: number, how: string, ratio: number): Goal {
  const promise = `tiny tasks, ${how}: at least ${least} x a sequential Piscina loop with the same settings`;
  return { promise, measured: `${ratio.toFixed(1)} x`, met: ratio >= least };
}

export const throughput: Question = {
  name: 'throughput',
  title: 'how many tasks a second go through, beside a Piscina loop, and beside a bare loop?',
  ask,
};
