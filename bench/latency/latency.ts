/**
 * How long it takes until a task starts that is submitted on a standby of an idle, stored queue. Two processes share an
 * embedded store: with its wake-ups, and without them, as where its folder lets no member watch a file.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readTaskLog } from '../failover/taskLog.js';
import { Child } from '../support/child.js';
import { withFolder } from '../support/cleanup.js';
import type { Answer, Goal, Question } from '../support/question.js';
import { ms, msBetween, type SampleSpread, spreadOf } from '../support/spread.js';
import type { LatencyMessage, LatencyOrder, LatencySettings, Submission } from './messages.js';

const COUNT = { quick: 100, full: 1000 };
/** Mean pause between two tasks, in ms. */
const PAUSE = 60;
/** The first tasks also start the task thread. */
const WARM_UP = 3;
/** In which the last task starts, in ms: four POLL. */
const REST = 2000;
const GOAL = { p50: 5, p99: 20 };

interface Measured {
  readonly variant: string;
  readonly started: readonly number[];
  readonly stored: readonly number[];
  readonly problems: readonly string[];
}

const entry = new URL('./member.js', import.meta.url);

async function measure(variant: string, count: number, isWoken: boolean): Promise<Measured> {
  return withFolder(async (folder) => {
    const path = join(folder, 'store');
    // What is not a file cannot be one that members wake each other by.
    if (!isWoken) await mkdir(join(path, 'wakeups'), { recursive: true });
    const problems: string[] = [];
    const log = (member: number): string => join(folder, `tasks-${member}`);
    const start = (member: number): Child<LatencyMessage> => {
      const settings: LatencySettings = { options: { nodb: { path } } };
      const child = new Child<LatencyMessage>(entry, settings, { BENCH_TASK_LOG: log(member) });
      child.listen((message) => {
        if (message.type === 'problem') problems.push(message.text);
      });
      return child;
    };
    const order = (child: Child<LatencyMessage>, what: LatencyOrder): void => child.send(what);
    const master = start(0);
    await master.next('master');
    const standby = start(1);
    await standby.next('slave');
    order(standby, { type: 'submit', count: count + WARM_UP, pause: PAUSE });
    const { submissions } = await standby.next('submitted');
    await sleep(REST);
    for (const child of [standby, master]) {
      order(child, { type: 'stop' });
      await child.ended;
    }
    const runs = await readTaskLog(log(0), 0);
    return {
      variant,
      problems,
      ...latenciesOf(submissions.slice(WARM_UP), new Map(runs.map((run) => [run.id, run.start]))),
    };
  });
}

function latenciesOf(submissions: readonly Submission[], starts: ReadonlyMap<number, bigint>) {
  const started = submissions.flatMap(({ id, at }) => {
    const start = starts.get(id);
    return start === undefined ? [] : [msBetween(at, start)];
  });
  return { started, stored: submissions.map(({ at, storedAt }) => msBetween(at, storedAt)) };
}

function goalOf(what: 'p50' | 'p99', { [what]: measured, count }: SampleSpread): Goal {
  const promise = `submit on a standby to the start, with wake-ups: ${what} at most ${GOAL[what]} ms`;
  return { promise, measured: ms(measured), met: count > 0 && measured <= GOAL[what] };
}

export const latency: Question = {
  name: 'latency',
  title: 'from a submission on a standby to the start of the task',
  async ask({ quick, progress }): Promise<Answer> {
    const count = quick ? COUNT.quick : COUNT.full;
    const all: Measured[] = [];
    for (const [variant, isWoken] of [
      ['with wake-ups', true],
      ['without', false],
    ] as const) {
      progress(`embedded store, ${variant}`);
      all.push(await measure(variant, count, isWoken));
    }
    const rows = all.map(({ variant, started, stored }) => {
      const start = spreadOf(started);
      const store = spreadOf(stored);
      return [variant, `${start.count}`, ...[start.p50, start.p99, start.max, store.p50, store.p99].map(ms)];
    });
    const head = ['embedded store', 'tasks', 'start p50', 'p99', 'max', 'stored p50', 'p99'];
    const woken = spreadOf(all[0]?.started ?? []);
    const notes = all.flatMap(({ variant, started, problems }) => [
      ...(started.length === count ? [] : [`${variant}: ${count - started.length} tasks did not start on the master`]),
      ...problems.map((text) => `${variant}: ${text}`),
    ]);
    return {
      tables: [{ title: 'From the call of submitWork on a standby', head, rows }],
      goals: [goalOf('p50', woken), goalOf('p99', woken)],
      notes: ['A start waits for the disk: tasks are stored before they are told of.', ...notes],
      pictures: [],
      data: all,
    };
  },
};
