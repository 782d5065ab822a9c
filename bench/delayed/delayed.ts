/** What many tasks that are due later cost the master, which looks for those that are due, a standby, and the next master. */
import { randomBytes } from 'node:crypto';
import { Child, reportOf } from '../support/child.js';
import { entered } from '../support/entered.js';
import { Gaps } from '../support/gaps.js';
import type { Answer, Goal, Question, Settings } from '../support/question.js';
import { whole } from '../support/spread.js';
import { type BenchStore, withEmbedded, withServer } from '../support/stores.js';
import type {
  Cost,
  DelayedFillerReport,
  DelayedFillerSettings,
  DelayedMemberMessage,
  DelayedRunnerMessage,
  DelayedSettings,
} from './messages.js';

const MIB = 2 ** 20;
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
/** More of a core than without them, at most: what a measurement of this length cannot tell from nothing, and a look of the master. */
const SHARE_GOAL = { standby: 0.005, master: 0.01 } as const;
/** MiB more than without them, at most: what a process takes and gives anyway, and the window of a master. */
const MEMORY_GOAL = { standby: 16, master: 64 } as const;

type Role = keyof typeof SHARE_GOAL;
type Costs = Readonly<Record<Role, Cost>>;

interface Result {
  readonly store: string;
  readonly tasks: number;
  readonly filled: DelayedFillerReport;
  readonly before: Costs;
  readonly after: Costs;
  /** Of the standby that took over, and how long it took from there to the end of a task that was submitted to it, in ms. */
  readonly successor: Cost;
  readonly firstDone: number;
}

async function ask({ quick, progress }: Settings): Promise<Answer> {
  const results: Result[] = [];
  const gaps = new Gaps(progress);
  const time = quick ? 5000 : 20_000;
  const measure = (tasks: number) => (store: BenchStore) =>
    gaps.attempt(`${store.label}: ${whole(tasks)} tasks that are due later`, async () => {
      results.push(await measureDelayed(store, tasks, time));
    });
  await withEmbedded(measure(quick ? 100_000 : 1_000_000));
  // Fewer: a server that is made for tests takes its time.
  await withServer(measure(quick ? 10_000 : 200_000)).catch((error: unknown) => gaps.add('on a server', error));
  return {
    tables: [
      {
        title: 'What tasks that are due later cost: CPU in the share of a core, and memory of its own',
        head: ['', 'tasks', 'before', 'after', 'more', 'goal', 'memory before', 'after', 'more', 'goal'],
        rows: results.flatMap(rowsOf),
      },
    ],
    goals: results.flatMap(goalsOf),
    notes: [
      `Each is measured for ${time / 1000} s. The tasks are due in a year, so the master moves none; it looks for those that are due each POLL.`,
      'The next master is the standby after the master was killed, beside what the standby held before.',
      ...results.map(noteOf),
      ...gaps.notes(),
    ],
    pictures: [],
    data: { time, results, gaps: gaps.all },
  };
}

async function measureDelayed({ label, options }: BenchStore, tasks: number, time: number): Promise<Result> {
  const settings: DelayedSettings = { name: `delayed-${randomBytes(4).toString('hex')}`, options };
  const start = () => new Child<DelayedMemberMessage>(new URL('member.js', import.meta.url), settings);
  const members: Child<DelayedMemberMessage>[] = [];
  try {
    const master = start();
    members.push(master);
    await entered(master, 'master');
    const standby = start();
    members.push(standby);
    await entered(standby, 'slave');
    const costs = async (): Promise<Costs> => {
      const [ofMaster, ofStandby] = await Promise.all([costOf(master, time), costOf(standby, time)]);
      return { master: ofMaster, standby: ofStandby };
    };
    // What runs once has run before it is measured.
    await doneBy(master);
    const before = await costs();
    const filler: DelayedFillerSettings = { ...settings, tasks, from: Date.now() + YEAR_MS };
    const filled = await reportOf<DelayedFillerReport>(new URL('filler.js', import.meta.url), filler);
    const after = await costs();
    const takenOver = entered(standby, 'master');
    master.kill();
    await takenOver;
    const from = performance.now();
    await doneBy(standby);
    const firstDone = performance.now() - from;
    const successor = await costOf(standby, time);
    return { store: label, tasks, filled, before, after, successor, firstDone };
  } finally {
    for (const member of members) member.kill();
    await Promise.all(members.map(({ ended }) => ended));
  }
}

async function costOf(member: Child<DelayedMemberMessage>, time: number): Promise<Cost> {
  const answer = member.next('cost');
  const message: DelayedRunnerMessage = { type: 'measure', time };
  member.send(message);
  return answer;
}

/** Resolves when a task that it submits is done. */
async function doneBy(member: Child<DelayedMemberMessage>): Promise<void> {
  const done = member.next('done');
  member.send({ type: 'submit' });
  await done;
}

interface Line {
  readonly who: string;
  readonly role: Role;
  readonly before: Cost;
  readonly after: Cost;
  readonly share: number;
  readonly memory: number;
}

function linesOf({ before, after, successor }: Result): Line[] {
  const line = (who: string, role: Role, from: Cost, to: Cost, idle: Cost): Line => {
    const memory = (to.resident.own - from.resident.own) / MIB;
    return { who, role, before: from, after: to, share: to.share - idle.share, memory };
  };
  return [
    line('standby', 'standby', before.standby, after.standby, before.standby),
    line('master', 'master', before.master, after.master, before.master),
    // Its memory is beside what it held as a standby, its CPU beside that of a master without such tasks.
    line('next master', 'master', after.standby, successor, before.master),
  ];
}

function rowsOf(result: Result): string[][] {
  return linesOf(result).map(({ who, role, before, after, share, memory }) => [
    ...[`${result.store}: ${who}`, whole(result.tasks)],
    ...[percent(before.share), percent(after.share), percent(share), `<= ${percent(SHARE_GOAL[role])}`],
    ...[mib(before.resident.own / MIB), mib(after.resident.own / MIB), mib(memory), `<= ${MEMORY_GOAL[role]} MiB`],
  ]);
}

function goalsOf(result: Result): Goal[] {
  return linesOf(result).flatMap(({ who, role, share, memory }) => {
    const promise = `${result.store}: ${whole(result.tasks)} tasks that are due later cost the ${who} at most`;
    const [most, room] = [SHARE_GOAL[role], MEMORY_GOAL[role]];
    return [
      { promise: `${promise} ${percent(most)} of a core`, measured: percent(share), met: share <= most },
      { promise: `${promise} ${room} MiB`, measured: mib(memory), met: memory <= room },
    ];
  });
}

function noteOf({ store, tasks, filled: { seconds, refused }, firstDone }: Result): string {
  const again = refused === 0 ? '' : `; ${whole(refused)} calls were made again`;
  return `${store}: ${whole(tasks / seconds)} such tasks were submitted a second${again}. The next master had done its first task ${Math.round(firstDone)} ms after it was master.`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

function mib(size: number): string {
  return `${size.toFixed(1)} MiB`;
}

export const delayed: Question = {
  name: 'delayed',
  title: 'what do many tasks cost that are due later?',
  ask,
};
