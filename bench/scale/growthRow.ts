/** How the cost of one process of masters grows with the number of its subsystems. */
import { join } from 'node:path';
import type { Goal } from '../support/question.js';
import { ms, whole } from '../support/spread.js';
import { withEmbedded } from '../support/stores.js';
import type { BarChart } from '../support/svg.js';
import type { Table } from '../support/table.js';
import { onEmbedded, type Pair } from './pair.js';
import { type Asked, MANY, MEBIBYTE, type Part, percent, type Row } from './row.js';

const COUNTS = [10, 100, MANY, 10 * MANY];
/** The cost of one among few is that of the process itself. */
const FEW = 100;

async function measure({ quick, gaps }: Asked): Promise<Part> {
  const growth: Pair[] = [];
  for (const clusters of COUNTS) {
    await gaps.attempt(`${whole(clusters)} subsystems, embedded store`, () =>
      withEmbedded(async (store) => {
        const plan = {
          clusters,
          kind: 'unmanaged',
          busyThreads: 0,
          standby: false,
          duration: quick ? 12_000 : 60_000,
        } as const;
        growth.push(await onEmbedded(store, join(store.folder, 'store'), plan));
      }),
    );
  }
  return {
    tables: [table(growth)],
    goals: [...growth.map(lostGoal), ...costGoals(growth)],
    notes: growth.flatMap(({ plan, master }) =>
      master.measured.warnings === 0
        ? []
        : [`${whole(plan.clusters)} subsystems: ${master.measured.warnings} WARNINGS`],
    ),
    pictures: growth.length > 1 ? [{ suffix: 'growth', chart: chart(growth) }] : [],
    data: growth,
  };
}

function table(growth: readonly Pair[]): Table {
  return {
    title: 'How the cost grows: masters alone, embedded store, default intervals',
    head: [
      ...['subsystems', 'CPU', 'CPU for each 1,000', 'memory', 'write transactions a second'],
      ...['lateness p99', 'all master after', 'all stopped after', 'leases lost', 'errors', 'CPU of others'],
    ],
    rows: growth.map(({ plan, master: { measured, joined, ended, sum } }) => [
      whole(plan.clusters),
      percent(measured.cpu),
      percent((measured.cpu * MANY) / plan.clusters),
      `${Math.round(measured.rss / MEBIBYTE)} MiB`,
      sum.toFixed(1),
      ms(measured.lateness.p99),
      joined.masters === plan.clusters ? ms(joined.took) : `${whole(joined.masters)} in ${ms(joined.took)}`,
      ms(ended.took),
      String(measured.leasesLost),
      whole(measured.errors + joined.errors),
      percent(measured.othersCpu, 0),
    ]),
  };
}

function lostGoal({ plan, master: { measured, joined } }: Pair): Goal {
  return {
    promise: `${whole(plan.clusters)} subsystems: all are master, and no lease is lost`,
    measured: `${whole(joined.masters)} masters, ${measured.leasesLost} lost`,
    met: joined.masters === plan.clusters && measured.leasesLost === 0,
  };
}

/** The cost of one subsystem among the most must not be more than among a hundred. */
function costGoals(growth: readonly Pair[]): Goal[] {
  const few = growth.find(({ plan }) => plan.clusters === FEW);
  const most = growth.at(-1);
  if (few === undefined || most === undefined || few === most) return [];
  const each = ({ plan, master }: Pair): number => master.measured.cpu / plan.clusters;
  const ratio = each(most) / each(few);
  const promise = `one of ${whole(most.plan.clusters)} subsystems costs no more CPU than one of ${FEW}`;
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

export const growthRow: Row = {
  name: 'growth',
  title: 'how the cost grows with the number of subsystems',
  measure,
};
