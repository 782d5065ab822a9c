/** The tables of the question. */
import { spreadOf } from '../support/spread.js';
import type { Table } from '../support/table.js';
import { type Fault, TAKEOVER_LIMIT } from './faults.js';
import type { Measured } from './measure.js';
import type { Outcome } from './outcome.js';

export function tablesOf(all: readonly Measured[]): Table[] {
  return [
    {
      title: '0. Undisturbed: a task that is 11 s longer than the lock',
      head: blockedHead,
      rows: rowsOf(all, 'none', (runs) => [...counts(runs), ...together(runs), verdicts(runs)]),
    },
    {
      title: '1. Blocked: a synchronous task, 3 s longer than the lock, in the thread that runs the work',
      head: blockedHead,
      rows: rowsOf(all, 'blocked', (runs) => [...counts(runs), ...together(runs), verdicts(runs)]),
    },
    {
      title: '1b. Blocked: the main thread by something else for as long, while an asynchronous task runs',
      head: blockedHead,
      rows: rowsOf(all, 'mainBlocked', (runs) => [...counts(runs), ...together(runs), verdicts(runs)]),
    },
    {
      title: '2, 4. Gone: the worker amid its task: until the other begins it, median / max',
      head: ['', 'SIGKILL', 'uncaught exception', 'process.exit(1)'],
      rows: all.map(({ label, outcomes }) => [
        label,
        ...(['killed', 'thrown', 'exited'] as const).map((fault) =>
          takeover(outcomes[fault], `not in ${TAKEOVER_LIMIT / 1000} s`),
        ),
      ]),
    },
    {
      title: '3. Frozen: the worker by SIGSTOP, for 7 s longer than the lock, then continued',
      head: awayHead,
      rows: rowsOf(all, 'frozen', away),
    },
    {
      title: '3b. Frozen alike, amid a synchronous task, which never looks at its signal',
      head: awayHead,
      rows: rowsOf(all, 'frozenBlocking', away),
    },
    {
      title: '5. Cut off: the network of the worker, for 7 s longer than the lock',
      head: [...awayHead, 'old stopped', 'old did all'],
      rows: rowsOf(all, 'cut', (runs) => [...away(runs), oldStopped(runs), share(runs, ({ oldEnded }) => oldEnded)]),
    },
    {
      title: '8. From submission to start in an idle queue',
      head: ['', 'tasks', 'p50', 'p99', 'max'],
      rows: all
        .filter(({ latencies }) => latencies.length > 0)
        .map(({ label, latencies }) => {
          const { count, p50, p99, max } = spreadOf(latencies);
          return [label, String(count), ...[p50, p99, max].map(shortMs)];
        }),
    },
  ];
}

const togetherHead = ['at once', 'in sum', 'longest'];
const blockedHead = ['', 'runs', 'begun (most)', 'done (most)', ...togetherHead, 'the queue says'];
const awayHead = [
  '',
  'runs',
  'begun (most)',
  'done (most)',
  ...togetherHead,
  'the other began',
  'late notes (runs; most)',
];

function rowsOf(all: readonly Measured[], fault: Fault, cells: (runs: readonly Outcome[]) => string[]): string[][] {
  return all.flatMap(({ label, outcomes }) => {
    const runs = outcomes[fault];
    return runs === undefined ? [] : [[label, ...cells(runs)]];
  });
}

function away(runs: readonly Outcome[]): string[] {
  const most = Math.max(...runs.map(({ lateNotes }) => lateNotes));
  const late = `${share(runs, ({ lateNotes }) => lateNotes > 0)}; ${most}`;
  return [...counts(runs), ...together(runs), takeover(runs, 'never'), late];
}

function counts(runs: readonly Outcome[]): string[] {
  const most = (of: (run: Outcome) => number): string => String(Math.max(...runs.map(of)));
  return [String(runs.length), most(({ begun }) => begun), most(({ ended }) => ended)];
}

function together(runs: readonly Outcome[]): string[] {
  const all = runs.flatMap(({ overlaps }) => overlaps);
  const sum = all.reduce((total, overlap) => total + overlap, 0);
  const shared = share(runs, ({ overlaps }) => overlaps.length > 0);
  return all.length === 0 ? [shared, '', ''] : [shared, shortMs(sum), shortMs(Math.max(...all))];
}

function share(runs: readonly Outcome[], isCounted: (run: Outcome) => boolean): string {
  return `${runs.filter(isCounted).length}/${runs.length}`;
}

function takeover(runs: readonly Outcome[] = [], never: string): string {
  const times = runs.flatMap(({ takeover }) => takeover ?? []);
  const none = runs.length - times.length;
  const text = times.length === 0 ? '' : bothOf(times);
  if (none === 0) return text;
  return `${text}${text === '' ? '' : '; '}${never} ${none}/${runs.length}`;
}

/** Beside the beginning of the other. */
function oldStopped(runs: readonly Outcome[]): string {
  const times = runs.flatMap(({ oldStopped }) => oldStopped ?? []);
  if (times.length === 0) return 'no other began';
  const { min, max } = spreadOf(times);
  const say = (time: number): string => `${shortMs(Math.abs(time))} ${time < 0 ? 'before' : 'after'}`;
  return `${say(min)} to ${say(max)}`;
}

function verdicts(runs: readonly Outcome[]): string {
  const counted = new Map<string, number>();
  for (const { verdict } of runs) {
    if (verdict !== undefined) counted.set(verdict, (counted.get(verdict) ?? 0) + 1);
  }
  return [...counted].map(([verdict, count]) => `${verdict} ${count}/${runs.length}`).join(', ');
}

function bothOf(times: readonly number[]): string {
  const { p50, max } = spreadOf(times);
  return `${shortMs(p50)} / ${shortMs(max)}`;
}

function shortMs(time: number): string {
  if (time >= 1000) return `${(time / 1000).toFixed(1)} s`;
  return `${time >= 10 ? Math.round(time) : time.toFixed(1)} ms`;
}
