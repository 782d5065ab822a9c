/**
 * How late do heartbeats go out when the main thread is blocked and every core is busy? Ours beside what a plain timer
 * does, each in a process of its own, one after another, with the same work for the same time.
 */
import { availableParallelism } from 'node:os';
import { reportOf } from '../support/child.js';
import { withFolder } from '../support/cleanup.js';
import type { Answer, Question, Settings } from '../support/question.js';
import { ms, type SampleSpread, whole } from '../support/spread.js';
import type { BarChart } from '../support/svg.js';
import { manyGoals, manyTable, measureMany } from './manyRows.js';
import type { BeatReport, OurReport, OurSettings, PlainSettings } from './messages.js';
import { measurePayloads, payloadGoals, payloadTable } from './payloadRows.js';

const intervals = { MASTER: 100, SLAVE: 150, TICKING: 100 };
/** What a holder counts on: 95 % of SLAVE + TICKING. */
const validity = (intervals.SLAVE + intervals.TICKING) * 0.95;
const goal = 1;

interface Row {
  readonly name: string;
  readonly report: BeatReport;
  /** Where a beat is aimed at another moment than when it is due. */
  readonly delay?: SampleSpread;
}

async function ask(settings: Settings): Promise<Answer> {
  const { quick, progress } = settings;
  const duration = quick ? 8_000 : 60_000;
  const cores = availableParallelism();
  const plain = (name: string, file: string, busyThreads: number) => async (): Promise<Row> => {
    const own: PlainSettings = { duration, interval: intervals.MASTER, validity, busyThreads };
    return { name, report: await reportOf<BeatReport>(new URL(file, import.meta.url), own) };
  };
  progress(`ours: ${cores} clusters at work, main thread blocked for ${duration / 1000} s`);
  const measure = (work: OurSettings['work']): Promise<OurReport> =>
    withFolder((folder) => {
      const own: OurSettings = { duration, busyThreads: cores, folder, intervals, work };
      return reportOf<OurReport>(new URL('ours.js', import.meta.url), own);
    });
  const ours = await measure('work.js');
  progress(`ours: the same with asynchronous work, thread pool full, for ${duration / 1000} s`);
  const asynchronous = await measure('poolWork.js');
  const rows: Row[] = [
    { name: 'mongo-failover', report: ours, delay: ours.delay },
    { name: 'asynchronous work (pool full)', report: asynchronous, delay: asynchronous.delay },
  ];
  for (const competitor of [
    plain('timer in a bare thread', 'bareThread.js', cores),
    plain('timer on the working thread', 'sameThread.js', cores),
    plain('the same, other cores idle', 'sameThread.js', 0),
  ]) {
    progress(`competitor ${rows.length - 1} of 3, ${duration / 1000} s`);
    rows.push(await competitor());
  }
  const payloads = await measurePayloads(settings, duration, intervals);
  const many = await measureMany(settings, duration);
  const p99 = ours.lateness.p99;
  return {
    tables: [
      {
        title: `Lateness of heartbeats, ${duration / 1000} s, a beat every ${intervals.MASTER} ms, lease valid for ${validity} ms`,
        head: [
          '',
          'beats',
          'p50',
          'p99',
          'max',
          'p99 after its aim',
          'beside ours',
          'leases lost',
          'slices',
          'CPU of others',
        ],
        rows: rows.map(({ name, report: { lateness, leasesLost, slices, othersCpu }, delay = lateness }) => [
          name,
          whole(lateness.count),
          ms(lateness.p50),
          ms(lateness.p99),
          ms(lateness.max),
          ms(delay.p99),
          `${(delay.p99 / ours.delay.p99).toFixed(1)} x`,
          String(leasesLost),
          whole(slices),
          `${Math.round(othersCpu * 100)} %`,
        ]),
      },
      payloadTable(payloads, goal),
      manyTable(many),
    ],
    goals: [
      { promise: `99 of 100 beats at most ${goal} ms late`, measured: ms(p99), met: p99 <= goal },
      {
        promise: 'no lease lost, none seen ended by the blocked main thread',
        measured: `${ours.leasesLost} lost; never less than ${ms(ours.leastLease)} left`,
        met: ours.leasesLost === 0 && ours.leastLease > 0,
      },
      {
        promise: `asynchronous work: 99 of 100 beats at most ${goal} ms late, no lease lost`,
        measured: `${ms(asynchronous.lateness.p99)}; ${asynchronous.leasesLost} lost`,
        met: asynchronous.lateness.p99 <= goal && asynchronous.leasesLost === 0,
      },
      ...payloadGoals(payloads, goal),
      ...manyGoals(many),
    ],
    notes: [
      `Busy in all rows but the last: ${cores} threads with slices of ${ms(ours.slice)} (one alone on a free core), and the main thread: it spins, or ("working thread") does slices itself.`,
      `Ours: ${ours.clusters} clusters; each column shows the worst of them. Early beats that carry progress count as beats, too. Beats are durable writes to the embedded store, round trip p50 ${ms(ours.roundTrip.p50)}, p99 ${ms(ours.roundTrip.p99)}.`,
      'Asynchronous work: a task compresses 8 times at once by `brotliCompress`, twice what the thread pool of the process has threads; its slices are tasks.',
      'Ours aims 4 ms before a beat is due (5 % of MASTER at most), so a thread that wakes late among busy ones is on time, and a beat that goes out early is 0 ms late; the others aim at when it is due. "After its aim" is what is left to the scheduler, the same for all: how late the thread woke.',
      'The others write nowhere, and their beats are late against the beat before, not against a grid: both in their favour. A timer on the working thread is late by the rest of a slice; with longer slices, by more.',
      `Leases lost: ours, how often the state master was left; others, gaps between two beats above ${validity} ms. CPU of others: what other processes took of all cores during it; above a few per cent, run it again.`,
      'Under payloads: one cluster, and no busy threads beside it. A stored payload is written to the same store as the beats; its row is information. At these intervals a call to the store may take no longer than a fraction of the lease: "store late" counts those that did, "refused" the submissions among them, which were made again.',
      'Many clusters: the worst of them in each column, from the start on. A first task starts a thread: the longest of five.',
    ],
    pictures: [{ suffix: '', chart: chart(rows, duration) }],
    data: { duration, intervals, validity, cores, rows, payloads, many },
  };
}

function chart(rows: readonly Row[], duration: number): BarChart {
  return {
    kind: 'bars',
    title: 'How late heartbeats go out while every core is busy',
    subtitle: `${duration / 1000} s, a beat every ${intervals.MASTER} ms; logarithmic; shorter is better`,
    unit: 'ms',
    scale: 'log',
    groups: rows.map(({ name, report: { lateness } }) => ({
      label: name,
      bars: [
        { label: 'p50', value: lateness.p50, text: ms(lateness.p50) },
        { label: 'p99', value: lateness.p99, text: ms(lateness.p99) },
        { label: 'max', value: lateness.max, text: ms(lateness.max) },
      ],
    })),
    limit: { value: goal, label: `goal for p99: ${goal} ms` },
  };
}

export const heartbeats: Question = {
  name: 'heartbeats',
  title: 'how late do heartbeats go out when the main thread is blocked and every core is busy?',
  ask,
};
