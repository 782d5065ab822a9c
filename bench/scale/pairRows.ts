/** The rows of one process of masters, and one of standbys. */
import { join } from 'node:path';
import type { Goal } from '../support/question.js';
import { ms, type SampleSpread, whole } from '../support/spread.js';
import { withEmbedded, withServer } from '../support/stores.js';
import type { Table } from '../support/table.js';
import { onEmbedded, onServer, type Pair, type Plan, type Side } from './pair.js';
import { MANY, MEBIBYTE, type Part, percent, type Row } from './row.js';

/** The default intervals: a beat every 2 s, a look every 500 ms. */
const BEATS_A_SECOND = 1 / 2;
const LOOKS_A_SECOND = 1 / 0.5;
/** Shares of one core, of the process of the masters. */
const CPU_GOAL = { embedded: 0.05, server: 0.08 };
/** Of the lateness of beats while all cores are busy, at p99, in ms. */
const LATENESS_GOAL = 20;
/** MiB of a process of managed subsystems. */
const MEMORY_GOAL = 500;
/** Task threads of such a process. */
const THREADS_MOST = 4;
/** The share of the tasks submitted while it was measured that must be done by its end: the last ones are still under way. */
const DONE_GOAL = 0.95;

const planOf = (quick: boolean): Plan => ({
  ...{ clusters: MANY, kind: 'unmanaged', busyThreads: 0, standby: true },
  duration: quick ? 12_000 : 60_000,
});

async function measured(plan: Plan): Promise<Part> {
  return withEmbedded(async (store) => partOf(await onEmbedded(store, join(store.folder, 'store'), plan)));
}

export const pairRows: readonly Row[] = [
  {
    name: 'embedded',
    title: `${MANY} subsystems, a master and a standby, embedded store`,
    measure: ({ quick }) => measured(planOf(quick)),
  },
  {
    name: 'server',
    title: `${MANY} subsystems, a master and a standby, on a server`,
    measure: ({ quick }) => withServer(async (store) => partOf(await onServer(store, planOf(quick)))),
  },
  {
    name: 'busy',
    title: `${MANY} subsystems, all cores busy`,
    measure: ({ quick }) => {
      const plan = planOf(quick);
      return measured({
        ...plan,
        standby: false,
        busyThreads: 2,
        duration: quick ? plan.duration : 10 * plan.duration,
      });
    },
  },
  {
    name: 'managed',
    title: `${MANY} managed subsystems with a stored task a minute each, ${THREADS_MOST} task threads`,
    measure: ({ quick }) =>
      // A minute at least: so long it takes until each has had a task.
      measured({
        ...planOf(quick),
        kind: 'managed',
        standby: false,
        most: THREADS_MOST,
        duration: quick ? 30_000 : 120_000,
      }),
  },
];

function partOf(pair: Pair): Part {
  return {
    tables: [table(pair)],
    goals: goalsOf(pair),
    notes: sidesOf(pair).map(([role, side]) => detail(pair, role, side)),
    data: pair,
  };
}

function sidesOf({ master, standby }: Pair): [string, Side][] {
  return standby === null
    ? [['masters', master]]
    : [
        ['masters', master],
        ['standbys', standby],
      ];
}

function detail(
  { store, plan }: Pair,
  role: string,
  { commands, measured: { codes, ...measures }, joined }: Side,
): string {
  const rates = Object.entries(commands).sort(([, one], [, other]) => other - one);
  const shown = rates.map(([name, rate]) => `${name} ${rate.toFixed(2)}`).join(', ');
  const inTheirState = role === 'masters' ? joined.masters : joined.standbys;
  const missing = inTheirState === plan.clusters ? '' : `; ONLY ${whole(inTheirState)} in their state at the start`;
  const tasks = `; ${whole(measures.tasks)} of ${whole(measures.submitted)} tasks done, a wait of ${ms(measures.threadWait)} for a thread on the average`;
  return `${store}, ${plan.kind}, ${role}: a second ${shown || 'nothing'}; ${codes.length === 0 ? 'no errors' : codes.join(', ')}; ${measures.warnings} warnings${plan.kind === 'managed' ? tasks : ''}${missing}.`;
}

function table(pair: Pair): Table {
  return {
    title: `${whole(pair.plan.clusters)} ${pair.plan.kind} subsystems in one process, default intervals`,
    head: [
      ...['', 'commands a second', 'CPU', 'memory', 'lateness p99', 'round trip p99', 'leases lost', 'errors'],
      ...['all in their state after', 'all stopped after', 'errors at the start', 'CPU of others'],
    ],
    rows: sidesOf(pair).map(([role, { sum, measured: of, joined, ended }]) => [
      `${pair.store}, ${pair.plan.kind}${pair.plan.busyThreads > 0 ? ', cores busy' : ''}: ${role}`,
      sum.toFixed(1),
      percent(of.cpu),
      `${Math.round(of.rss / MEBIBYTE)} MiB`,
      ms(of.lateness.p99),
      ms(of.roundTrip.p99),
      String(of.leasesLost),
      whole(of.errors),
      ms(joined.took),
      ms(ended.took),
      whole(joined.errors),
      percent(of.othersCpu, 0),
    ]),
  };
}

function goalsOf({ store, plan, master, standby }: Pair): Goal[] {
  const of = `${store}, ${plan.kind}`;
  const errors = master.measured.errors + (standby?.measured.errors ?? 0);
  const lost: Goal = {
    promise: `${of}${plan.busyThreads > 0 ? ', cores busy' : ''}: all in their state, no lease lost, no error`,
    measured: `${whole(master.joined.masters)} masters; ${master.measured.leasesLost} lost; ${whole(errors)} errors`,
    met: master.joined.masters === plan.clusters && master.measured.leasesLost === 0 && errors === 0,
  };
  if (plan.kind === 'managed') return [lost, ...managedGoals(of, plan, master)];
  if (plan.busyThreads > 0) {
    return [lost, latenessGoal(of, master.measured.lateness)];
  }
  const isServer = !store.startsWith('embedded');
  const cpu = isServer ? CPU_GOAL.server : CPU_GOAL.embedded;
  const goals: Goal[] = [
    lost,
    {
      promise: `${of}: masters take at most ${cpu * 100} % of a core`,
      measured: percent(master.measured.cpu),
      met: master.measured.cpu <= cpu,
    },
  ];
  return isServer && standby !== null ? [...goals, ...commandGoals(of, master, standby)] : goals;
}

/** Where no beat went out, none was in time. */
export function latenessGoal(of: string, { count, p99 }: Pick<SampleSpread, 'count' | 'p99'>): Goal {
  return {
    promise: `${of}, cores busy: beats at most ${LATENESS_GOAL} ms late (p99)`,
    measured: count === 0 ? 'no beats' : `at most ${ms(p99)}`,
    met: count > 0 && p99 <= LATENESS_GOAL,
  };
}

function managedGoals(of: string, { most = 0 }: Plan, { measured: { rss, tasks, submitted } }: Side): Goal[] {
  const mebibytes = Math.round(rss / MEBIBYTE);
  return [
    {
      promise: `${of}, ${most} task threads: at most ${MEMORY_GOAL} MiB`,
      measured: `${mebibytes} MiB`,
      met: mebibytes <= MEMORY_GOAL,
    },
    {
      promise: `${of}, ${most} task threads: a task a minute each is done`,
      measured: `${whole(tasks)} of ${whole(submitted)} while it was measured`,
      met: tasks >= DONE_GOAL * submitted,
    },
  ];
}

/** Two commands in each interval of a member: what the goal allows. */
function commandGoals(of: string, master: Side, standby: Side): Goal[] {
  return [
    {
      promise: `${of}: masters send at most 2 commands every MASTER`,
      measured: `${(master.sum / BEATS_A_SECOND).toFixed(2)}`,
      met: master.sum <= 2 * BEATS_A_SECOND,
    },
    {
      promise: `${of}: standbys send at most 2 commands every POLL`,
      measured: `${(standby.sum / LOOKS_A_SECOND).toFixed(2)}`,
      met: standby.sum <= 2 * LOOKS_A_SECOND,
    },
  ];
}
