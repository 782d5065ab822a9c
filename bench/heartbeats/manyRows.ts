/** How late heartbeats go out when many managed clusters of one process become master at once, and then are idle. */
import { reportOf } from '../support/child.js';
import { withFolder } from '../support/cleanup.js';
import type { Goal, Settings } from '../support/question.js';
import { ms, whole } from '../support/spread.js';
import type { Table } from '../support/table.js';
import type { ManyReport, ManySettings } from './messages.js';

const CLUSTERS = 100;
const MEBIBYTE = 2 ** 20;
/** Of any beat, and of the first task of an idle cluster, in ms. */
const LATEST = 100;
/** MiB of the whole process. */
const MEMORY_MAX = 400;

export async function measureMany({ progress }: Settings, duration: number): Promise<ManyReport> {
  progress(`${CLUSTERS} managed clusters become master at once, ${duration / 1000} s`);
  return withFolder((folder) => {
    const settings: ManySettings = { duration, folder, clusters: CLUSTERS };
    return reportOf<ManyReport>(new URL('manyClusters.js', import.meta.url), settings);
  });
}

export function manyTable(report: ManyReport): Table {
  const { lateness, roundTrip, leasesLost, errors, elected, firstTask, rss, cpu, othersCpu } = report;
  return {
    title: 'Lateness of heartbeats of many managed clusters in one process, default intervals, stored queues',
    head: [
      '',
      'beats',
      'p50',
      'p99',
      'max',
      'round trip p99',
      'leases lost',
      'errors',
      'all master after',
      'first task',
      'memory',
      'CPU',
      'CPU of others',
    ],
    rows: [
      [
        `${CLUSTERS} managed clusters`,
        whole(lateness.count),
        ms(lateness.p50),
        ms(lateness.p99),
        ms(lateness.max),
        ms(roundTrip.p99),
        String(leasesLost),
        String(errors),
        ms(elected),
        ms(firstTask),
        `${Math.round(rss / MEBIBYTE)} MiB`,
        `${Math.round(cpu * 100)} %`,
        `${Math.round(othersCpu * 100)} %`,
      ],
    ],
  };
}

export function manyGoals({ lateness, leasesLost, firstTask, rss }: ManyReport): Goal[] {
  return [
    {
      promise: `${CLUSTERS} managed clusters: no lease lost, no beat later than ${LATEST} ms`,
      measured: `${leasesLost} lost; ${ms(lateness.max)}`,
      met: leasesLost === 0 && lateness.max <= LATEST,
    },
    {
      promise: `the first task of an idle cluster is done within ${LATEST} ms, in less than ${MEMORY_MAX} MiB`,
      measured: `${ms(firstTask)}; ${Math.round(rss / MEBIBYTE)} MiB`,
      met: firstTask <= LATEST && rss <= MEMORY_MAX * MEBIBYTE,
    },
  ];
}
