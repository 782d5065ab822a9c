/**
 * How long it takes until a task starts that is submitted on a standby of an idle, stored queue. Two processes share an
 * embedded store, with its wake-ups, and without them, as where its folder lets no member watch a file; or a server, with
 * change streams and without.
 */
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FailoverOptions } from 'mongo-failover';
import { readTaskLog } from '../failover/taskLog.js';
import { Child } from '../support/child.js';
import { Gaps } from '../support/gaps.js';
import type { Answer, Goal, Question } from '../support/question.js';
import { ms, msBetween, type SampleSpread, spreadOf } from '../support/spread.js';
import { type BenchStore, startWithStreams, withEmbedded, withServer } from '../support/stores.js';
import type { LatencyMessage, LatencyOrder, LatencySettings, Submission } from './messages.js';

const COUNT = { quick: 100, full: 1000 };
/** Mean pause between two tasks, in ms. */
const PAUSE = 60;
/** The first tasks also start the task thread. */
const WARM_UP = 3;
/** In which the last task starts, in ms: four POLL. */
const REST = 2000;
const GOALS = { embedded: { p50: 5, p99: 20 }, server: { p99: 150 } } as const;

/** In ms. */
interface Limits {
  readonly p50?: number;
  readonly p99: number;
}

interface Measured {
  readonly variant: string;
  readonly started: readonly number[];
  readonly stored: readonly number[];
  readonly problems: readonly string[];
}

const entry = new URL('./member.js', import.meta.url);

async function measure(variant: string, store: BenchStore, options: FailoverOptions, count: number): Promise<Measured> {
  const problems: string[] = [];
  const folder = await mkdtemp(join(store.folder, 'latency-'));
  const log = (member: number): string => join(folder, `tasks-${member}`);
  const start = (member: number): Child<LatencyMessage> => {
    const settings: LatencySettings = { options };
    const child = new Child<LatencyMessage>(entry, settings, { BENCH_TASK_LOG: log(member) });
    child.listen((message) => {
      if (message.type === 'problem') problems.push(store.conceal(message.text));
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
  const starts = new Map(runs.map((run) => [run.id, run.start]));
  const measured = { variant, problems, ...latenciesOf(submissions.slice(WARM_UP), starts) };
  const missing = count - measured.started.length;
  if (missing > 0) problems.push(`${missing} tasks did not start on the master`);
  return measured;
}

/** The embedded store, with its wake-ups and without. */
async function onEmbedded(count: number, isWoken: boolean): Promise<Measured> {
  return withEmbedded(async (store) => {
    // What is not a file cannot be one that members wake each other by.
    if (!isWoken) await mkdir(join(store.folder, 'store', 'wakeups'), { recursive: true });
    return measure(`embedded store, ${isWoken ? 'with' : 'without'} wake-ups`, store, store.options, count);
  });
}

async function onServer(count: number, wakeUps: 'auto' | false): Promise<Measured> {
  const how = wakeUps === false ? '`wakeUps: false`' : 'with change streams';
  return withServer(
    ({ options: { mongodb }, ...store }) => {
      const options = { mongodb: { ...mongodb, wakeUps } };
      return measure(`${store.label}, ${how}`, { ...store, options }, options, count);
    },
    process.env,
    startWithStreams,
  );
}

function latenciesOf(submissions: readonly Submission[], starts: ReadonlyMap<number, bigint>) {
  const started = submissions.flatMap(({ id, at }) => {
    const start = starts.get(id);
    return start === undefined ? [] : [msBetween(at, start)];
  });
  return { started, stored: submissions.map(({ at, storedAt }) => msBetween(at, storedAt)) };
}

function goalsOf(variant: string, measured: SampleSpread, goals: Limits): Goal[] {
  return (['p50', 'p99'] as const).flatMap((what) => {
    const goal = goals[what];
    if (goal === undefined) return [];
    const promise = `submit on a standby to the start, ${variant}: ${what} at most ${goal} ms`;
    return { promise, measured: ms(measured[what]), met: measured.count > 0 && measured[what] <= goal };
  });
}

export const latency: Question = {
  name: 'latency',
  title: 'from a submission on a standby to the start of the task',
  async ask({ quick, progress }): Promise<Answer> {
    const count = quick ? COUNT.quick : COUNT.full;
    const all: (Measured & { readonly goals: Goal[] })[] = [];
    const gaps = new Gaps(progress);
    const add = async (what: string, measured: () => Promise<Measured>, goals?: Limits): Promise<void> => {
      progress(what);
      const result = await measured();
      all.push({
        ...result,
        goals: goals === undefined ? [] : goalsOf(result.variant, spreadOf(result.started), goals),
      });
    };
    await add('embedded store, with wake-ups', () => onEmbedded(count, true), GOALS.embedded);
    await add('embedded store, without', () => onEmbedded(count, false));
    await gaps.attempt('measuring on a server', async () => {
      await add('a server, with change streams', () => onServer(count, 'auto'), GOALS.server);
      await add('a server, without', () => onServer(count, false));
    });
    const rows = all.map(({ variant, started, stored }) => {
      const start = spreadOf(started);
      const store = spreadOf(stored);
      return [variant, `${start.count}`, ...[start.p50, start.p99, start.max, store.p50, store.p99].map(ms)];
    });
    const head = ['', 'tasks', 'start p50', 'p99', 'max', 'stored p50', 'p99'];
    return {
      tables: [{ title: 'From the call of submitWork on a standby', head, rows }],
      goals: all.flatMap(({ goals }) => goals),
      notes: [
        'A start waits for the disk: tasks are stored before they are told of.',
        ...all.flatMap(({ variant, problems }) => problems.map((text) => `${variant}: ${text}`)),
        ...gaps.notes(),
      ],
      pictures: [],
      data: all,
    };
  },
};
