/** How late heartbeats go out while big payloads are submitted and run as fast as they go: in memory, and stored. */
import { reportOf } from '../support/child.js';
import { withFolder } from '../support/cleanup.js';
import type { Goal, Settings } from '../support/question.js';
import { ms, whole } from '../support/spread.js';
import type { Table } from '../support/table.js';
import type { OurSettings, PayloadReport, PayloadSettings } from './messages.js';

const BYTES = 1_000_000;
/** So few that the payloads under way fit into memory, so many that no thread waits for another. */
const UNDER_WAY = 16;

interface PayloadRow {
  readonly name: string;
  readonly duration: number;
  readonly report: PayloadReport;
}

export async function measurePayloads(
  { progress }: Settings,
  duration: number,
  intervals: OurSettings['intervals'],
): Promise<PayloadRow[]> {
  const rows: PayloadRow[] = [];
  for (const durable of [false, true]) {
    const name = durable ? '1 MB payloads, durable' : '1 MB payloads, in memory';
    progress(`${name}, ${duration / 1000} s`);
    const report = await withFolder((folder) => {
      const settings: PayloadSettings = { duration, folder, intervals, durable, bytes: BYTES, underWay: UNDER_WAY };
      return reportOf<PayloadReport>(new URL('payloads.js', import.meta.url), settings);
    });
    rows.push({ name, duration, report });
  }
  return rows;
}

export function payloadTable(rows: readonly PayloadRow[], goal: number): Table {
  return {
    title: `Lateness of heartbeats under payloads, submitted and run as fast as they go, at most ${UNDER_WAY} under way`,
    head: [
      '',
      'beats',
      'p50',
      'p99',
      'max',
      'goal',
      'p99 after its aim',
      'round trip p99',
      'leases lost',
      'store late',
      'refused',
      'tasks/s',
      'CPU of others',
    ],
    rows: rows.map(({ name, duration, report }, index) => [
      name,
      whole(report.lateness.count),
      ms(report.lateness.p50),
      ms(report.lateness.p99),
      ms(report.lateness.max),
      index === 0 ? `p99 <= ${goal} ms` : '',
      ms(report.delay.p99),
      ms(report.roundTrip.p99),
      String(report.leasesLost),
      String(report.storeErrors),
      String(report.refused),
      whole(report.tasks / (duration / 1000)),
      `${Math.round(report.othersCpu * 100)} %`,
    ]),
  };
}

/** In memory alone: what is stored shares the store with the beats, and is information. */
export function payloadGoals(rows: readonly PayloadRow[], goal: number): Goal[] {
  return rows.slice(0, 1).map(({ name, report: { lateness } }) => ({
    promise: `${name}: 99 of 100 beats at most ${goal} ms late`,
    measured: ms(lateness.p99),
    met: lateness.p99 <= goal,
  }));
}
