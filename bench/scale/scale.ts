/** What a thousand subsystems of one process cost, and how the cost grows with their number. */
import { join } from 'node:path';
import { Gaps } from '../support/gaps.js';
import type { Answer, Goal, Question, Settings } from '../support/question.js';
import { ms, whole } from '../support/spread.js';
import { withEmbedded, withServer } from '../support/stores.js';
import type { BarChart } from '../support/svg.js';
import type { Table } from '../support/table.js';
import { onEmbedded, onServer, type Pair, type Plan, type Side } from './pair.js';

const MANY = 1000;
const MEBIBYTE = 2 ** 20;
/** The default intervals: a beat every 2 s, a look every 500 ms. */
const BEATS_A_SECOND = 1 / 2;
const LOOKS_A_SECOND = 1 / 0.5;
/** Shares of one core, of the process of the masters. */
const CPU_GOAL = { embedded: 0.05, server: 0.08 };
/** Of the lateness of beats while all cores are busy, at p99, in ms. */
const LATENESS_GOAL = 20;
/** MiB of a process of managed subsystems. */
const MEMORY_GOAL = 500;

interface Measures {
  readonly pairs: Pair[];
  readonly growth: Pair[];
}

async function ask({ quick, progress }: Settings): Promise<Answer> {
  const gaps = new Gaps(progress);
  const measures: Measures = { pairs: [], growth: [] };
  const duration = quick ? 12_000 : 60_000;
  const plan: Plan = { clusters: MANY, kind: 'unmanaged', busyThreads: 0, duration, standby: true };
  const embedded = (what: string, asked: Plan, to: Pair[]): Promise<void> =>
    gaps.attempt(what, () =>
      withEmbedded(async (store) => {
        to.push(await onEmbedded(store, join(store.folder, 'store'), asked));
      }),
    );
  await embedded(`${MANY} subsystems, a master and a standby, embedded store`, plan, measures.pairs);
  await gaps.attempt(`${MANY} subsystems, a master and a standby, on a server`, () =>
    withServer(async (store) => {
      measures.pairs.push(await onServer(store, plan));
    }),
  );
  const busy = { ...plan, standby: false, busyThreads: 2, duration: quick ? duration : 10 * duration };
  await embedded(`${MANY} subsystems, all cores busy`, busy, measures.pairs);
  const managed: Plan = { ...plan, kind: 'managed', standby: false };
  await embedded(`${MANY} managed subsystems with a stored task a minute each`, managed, measures.pairs);
  for (const clusters of quick ? [10, 100] : [10, 100, MANY, 10 * MANY]) {
    const asked = { ...plan, clusters, standby: false };
    await embedded(`${whole(clusters)} subsystems, embedded store`, asked, measures.growth);
  }
  return answer(measures, gaps);
}

function answer({ pairs, growth }: Measures, gaps: Gaps): Answer {
  return {
    tables: [pairTable(pairs), growthTable(growth)],
    goals: [...pairs.flatMap(goalsOf), ...growthGoals(growth)],
    notes: [
      'Commands a second: on a server, what a proxy between the driver and the server saw, without `hello`; on the embedded store, the write transactions of all members together.',
      'CPU: of the whole process, in shares of one core, with its events and, on the embedded store, the disk.',
      'Lateness and round trip: of 50 subsystems, the worst of them in each column, from the start on.',
      'All masters are in one process, because it came first, and the other process is the standby of all.',
      ...pairs.flatMap((pair) => sidesOf(pair).map(([role, side]) => detail(pair, role, side))),
      ...gaps.notes(),
    ],
    pictures: growth.length > 1 ? [{ suffix: '', chart: chart(growth) }] : [],
    data: { pairs, growth },
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

function detail({ store, plan }: Pair, role: string, { commands, measured }: Side): string {
  const rates = Object.entries(commands).sort(([, one], [, other]) => other - one);
  const shown = rates.map(([name, rate]) => `${name} ${rate.toFixed(2)}`).join(', ');
  const codes = measured.codes.length === 0 ? 'no errors' : measured.codes.join(', ');
  return `${store}, ${plan.kind}, ${role}: a second ${shown || 'nothing'}; ${codes}; ${measured.warnings} warnings.`;
}

function pairTable(pairs: readonly Pair[]): Table {
  return {
    title: `${whole(MANY)} subsystems in one process, default intervals`,
    head: [
      ...['', 'commands a second', 'CPU', 'memory', 'lateness p99', 'round trip p99', 'leases lost', 'errors'],
      ...['all in their state after', 'all stopped after', 'errors at the start', 'CPU of others'],
    ],
    rows: pairs.flatMap((pair) =>
      sidesOf(pair).map(([role, { sum, measured, joined, ended }]) => [
        `${pair.store}, ${pair.plan.kind}${pair.plan.busyThreads > 0 ? ', cores busy' : ''}: ${role}`,
        sum.toFixed(1),
        `${(measured.cpu * 100).toFixed(1)} %`,
        `${Math.round(measured.rss / MEBIBYTE)} MiB`,
        ms(measured.lateness.p99),
        ms(measured.roundTrip.p99),
        String(measured.leasesLost),
        whole(measured.errors),
        ms(joined.took),
        ms(ended.took),
        whole(joined.errors),
        `${Math.round(measured.othersCpu * 100)} %`,
      ]),
    ),
  };
}

function growthTable(growth: readonly Pair[]): Table {
  return {
    title: 'How the cost grows: masters alone, embedded store, default intervals',
    head: [
      'subsystems',
      'CPU',
      'CPU for each 1,000',
      'memory',
      'write transactions a second',
      'all master after',
      'errors',
    ],
    rows: growth.map(({ plan, master: { measured, joined, sum } }) => [
      whole(plan.clusters),
      `${(measured.cpu * 100).toFixed(1)} %`,
      `${((measured.cpu * 100 * MANY) / plan.clusters).toFixed(1)} %`,
      `${Math.round(measured.rss / MEBIBYTE)} MiB`,
      sum.toFixed(1),
      ms(joined.took),
      whole(measured.errors + joined.errors),
    ]),
  };
}

function goalsOf({ store, plan, master, standby }: Pair): Goal[] {
  const of = `${store}, ${plan.kind}`;
  const lost: Goal = {
    promise: `${of}${plan.busyThreads > 0 ? ', cores busy' : ''}: no lease lost, no error`,
    measured: `${master.measured.leasesLost} lost; ${master.measured.errors + (standby?.measured.errors ?? 0)} errors`,
    met: master.measured.leasesLost === 0 && master.measured.errors + (standby?.measured.errors ?? 0) === 0,
  };
  if (plan.kind === 'managed') {
    const mebibytes = Math.round(master.measured.rss / MEBIBYTE);
    const memory = {
      promise: `${of}: at most ${MEMORY_GOAL} MiB`,
      measured: `${mebibytes} MiB`,
      met: mebibytes <= MEMORY_GOAL,
    };
    return [lost, memory];
  }
  if (plan.busyThreads > 0) {
    const { p99 } = master.measured.lateness;
    return [
      lost,
      {
        promise: `${of}, cores busy: beats at most ${LATENESS_GOAL} ms late (p99)`,
        measured: ms(p99),
        met: p99 <= LATENESS_GOAL,
      },
    ];
  }
  const isServer = !store.startsWith('embedded');
  const cpu = isServer ? CPU_GOAL.server : CPU_GOAL.embedded;
  const goals: Goal[] = [
    lost,
    {
      promise: `${of}: masters take at most ${cpu * 100} % of a core`,
      measured: `${(master.measured.cpu * 100).toFixed(1)} %`,
      met: master.measured.cpu <= cpu,
    },
  ];
  return isServer && standby !== null ? [...goals, ...commandGoals(of, master, standby)] : goals;
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

/** The cost of one subsystem among the most must not be more than among a hundred. */
function growthGoals(growth: readonly Pair[]): Goal[] {
  const few = growth.find(({ plan }) => plan.clusters === 100);
  const most = growth.at(-1);
  if (few === undefined || most === undefined || few === most) return [];
  const each = ({ plan, master }: Pair): number => master.measured.cpu / plan.clusters;
  const ratio = each(most) / each(few);
  const promise = `one of ${whole(most.plan.clusters)} subsystems costs no more CPU than one of 100`;
  return [{ promise, measured: `${ratio.toFixed(2)} times`, met: ratio <= 1 }];
}

function chart(growth: readonly Pair[]): BarChart {
  return {
    kind: 'bars',
    title: 'What one process of masters costs',
    subtitle: 'CPU in per cent of one core, default intervals, embedded store; logarithmic; shorter is better',
    unit: '%',
    scale: 'log',
    groups: growth.map(({ plan, master: { measured } }) => {
      const value = Math.max(0.01, measured.cpu * 100);
      return {
        label: `${whole(plan.clusters)} subsystems`,
        bars: [{ label: 'CPU', value, text: `${value.toFixed(1)} %` }],
      };
    }),
  };
}

export const scale: Question = { name: 'scale', title: 'what do a thousand subsystems in one process cost?', ask };
