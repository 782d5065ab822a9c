/** Does the memory stay flat: over millions of tasks through one member, and beside a long backlog of stored ones? */
import { reportOf } from '../support/child.js';
import { withFolder } from '../support/cleanup.js';
import { Gaps } from '../support/gaps.js';
import type { Answer, Goal, Question, Settings } from '../support/question.js';
import { whole } from '../support/spread.js';
import { type BenchStore, withEmbedded, withServer } from '../support/stores.js';
import { type BacklogResult, measureBacklog, TASK_BYTES } from './backlog.js';
import type { ManyTasksReport, ManyTasksSettings, Mark, Resident } from './messages.js';

const MIB = 2 ** 20;
/** Above the first mark, at most: with 49 million tasks between, a leak of less than a byte for each would be seen. */
const FLAT = 1.2;
/** Of the rate at first, at least: machines vary by less. */
const STEADY = 0.9;
/** What a process takes and gives anyway; the backlog itself would be hundreds of MiB. */
const STANDBY_GOAL = 16;
/** The window of at most 8 MiB, as it came, as tasks and as garbage of both. */
const MASTER_GOAL = 64;

async function ask(settings: Settings): Promise<Answer> {
  const { quick, progress } = settings;
  const through = (marks: readonly number[], durable: boolean): Promise<ManyTasksReport> => {
    progress(`${marks.map(whole).join(', ')} tiny tasks through one member${durable ? ', stored' : ''}`);
    return withFolder((folder) => {
      const own: ManyTasksSettings = { folder, durable, marks, atOnce: 1000 };
      return reportOf<ManyTasksReport>(new URL('manyTasks.js', import.meta.url), own);
    });
  };
  const many = await through(quick ? [500_000, 1_000_000, 2_000_000] : [1_000_000, 10_000_000, 50_000_000], false);
  const stored = await through(quick ? [50_000, 100_000, 200_000] : [1_000_000, 5_000_000, 10_000_000], true);
  const backlogs: BacklogResult[] = [];
  const gaps = new Gaps(progress);
  const measure = (tasks: number) => (store: BenchStore) =>
    gaps.attempt(`${store.label}: a backlog of ${whole(tasks)} stored tasks`, async () => {
      backlogs.push(await measureBacklog(store, tasks));
    });
  await withEmbedded(measure(quick ? 20_000 : 1_000_000));
  // Fewer: a server that is made for tests takes its time.
  await withServer(measure(quick ? 3_000 : 300_000)).catch((error: unknown) => gaps.add('backlog on a server', error));
  return {
    tables: [
      {
        title: 'Memory of one member, tiny tasks, in memory',
        head: ['tasks done', 'RSS', 'its own', 'of the first', 'goal', 'tasks/s so far', 'samples'],
        rows: many.marks.map((mark, index) => manyRow(mark, many.marks[0] ?? mark, index)),
      },
      {
        title: 'What finished tasks leave behind: stored ones, through one member on the embedded store',
        head: [
          'tasks done',
          'tasks/s since the last mark',
          'of the first',
          'goal',
          'on disk',
          'of the first',
          'goal',
          'its own memory',
        ],
        rows: stored.marks.map((mark, index) => storedRow(mark, stored.marks[0] ?? mark, index)),
      },
      {
        title: `Memory beside a backlog of stored tasks of ${TASK_BYTES} bytes and more; its own memory, and RSS in brackets`,
        head: ['', 'tasks', 'before', 'after', 'more', 'goal', 'stored/s'],
        rows: backlogs.flatMap(backlogRows),
      },
    ],
    goals: [flatGoal(many.marks), ...storedGoals(stored.marks), ...backlogs.flatMap(backlogGoals)],
    notes: [
      'RSS is all that a process holds; "its own" is that without pages of files, such as those of the embedded store, which the system takes back when it needs them (Linux alone tells; elsewhere it is RSS). All are medians: of the last 30 % of the way to a mark, and of a second before and after the backlog.',
      'Tasks through one member: 1,000 callers, at most 20,000 tasks wait, `done` events are listened to.',
      'Backlog: a third process stores it; the work of the master never ends, so all of it stays. "Next master" is the standby after the master was killed, beside what it held as a standby before.',
      ...gaps.notes(),
    ],
    pictures: [
      {
        suffix: '',
        chart: {
          kind: 'bars',
          title: 'Memory of one member after so many tasks',
          subtitle: 'RSS, median while it runs; equal bars are the goal',
          unit: 'MiB',
          scale: 'linear',
          groups: many.marks.map(({ tasks, resident }) => ({
            label: `${whole(tasks)} tasks`,
            bars: [{ label: '', value: resident.rss / MIB, text: mib(resident.rss) }],
          })),
        },
      },
    ],
    data: { many, stored, backlogs, gaps: gaps.all, taskBytes: TASK_BYTES },
  };
}

function manyRow({ tasks, seconds, resident, samples }: Mark, first: Mark, index: number): string[] {
  const ratio = resident.rss / first.resident.rss;
  return [
    whole(tasks),
    mib(resident.rss),
    mib(resident.own),
    index === 0 ? '' : `${ratio.toFixed(2)} x`,
    index === 0 ? '' : `<= ${FLAT} x`,
    whole(tasks / seconds),
    whole(samples),
  ];
}

function storedRow({ tasks, rate, disk, resident }: Mark, first: Mark, index: number): string[] {
  const besides = (ratio: number, goal: string): string[] => (index === 0 ? ['', ''] : [`${ratio.toFixed(2)} x`, goal]);
  return [
    ...[whole(tasks), whole(rate), ...besides(rate / first.rate, `>= ${STEADY} x`)],
    ...[mib(disk), ...besides(disk / first.disk, `<= ${FLAT} x`), mib(resident.own)],
  ];
}

function storedGoals(marks: readonly Mark[]): Goal[] {
  const [first, last] = [marks[0], marks.at(-1)];
  if (first === undefined || last === undefined) return [];
  const [rate, disk] = [last.rate / first.rate, last.disk / first.disk];
  const after = `after ${whole(last.tasks)} stored tasks`;
  return [
    {
      promise: `${after} at least ${STEADY} x as fast as at first`,
      measured: `${rate.toFixed(2)} x`,
      met: rate >= STEADY,
    },
    { promise: `${after} at most ${FLAT} x as much on disk`, measured: `${disk.toFixed(2)} x`, met: disk <= FLAT },
  ];
}

function flatGoal(marks: readonly Mark[]): Goal {
  const first = marks[0]?.resident.rss ?? Number.NaN;
  const most = Math.max(...marks.map(({ resident }) => resident.rss));
  const ratio = most / first;
  const last = whole(marks.at(-1)?.tasks ?? 0);
  const promise = `RSS up to ${last} tasks at most ${FLAT} x that after ${whole(marks[0]?.tasks ?? 0)}`;
  return { promise, measured: `${ratio.toFixed(2)} x`, met: ratio <= FLAT };
}

interface Growth {
  readonly who: string;
  readonly before: Resident;
  readonly after: Resident;
  /** MiB. */
  readonly goal: number;
}

function growths({ master, standby, successor }: BacklogResult): Growth[] {
  return [
    { who: 'standby', ...standby, goal: STANDBY_GOAL },
    { who: 'master', ...master, goal: MASTER_GOAL },
    { who: 'next master', before: standby.after, after: successor, goal: MASTER_GOAL },
  ];
}

function backlogRows(result: BacklogResult): string[][] {
  return growths(result).map(({ who, before, after, goal }) => [
    `${result.store}: ${who}`,
    whole(result.tasks),
    both(before),
    both(after),
    mib(after.own - before.own),
    `<= ${goal} MiB`,
    whole(result.tasks / result.seconds),
  ]);
}

function backlogGoals(result: BacklogResult): Goal[] {
  return growths(result).map(({ who, before, after, goal }) => {
    const more = (after.own - before.own) / MIB;
    const promise = `${result.store}: ${whole(result.tasks)} stored tasks cost the ${who} at most ${goal} MiB`;
    return { promise, measured: `${more.toFixed(1)} MiB`, met: more <= goal };
  });
}

function both({ rss, own }: Resident): string {
  return `${mib(own)} (${mib(rss)})`;
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

export const memory: Question = {
  name: 'memory',
  title: 'does the memory stay flat, over millions of tasks and beside a long backlog?',
  ask,
};
