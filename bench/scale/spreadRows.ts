/** How masterships spread: one process of several is killed, and one joins. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FailoverOptions } from 'mongo-failover';
import type { Goal } from '../support/question.js';
import { ms, whole } from '../support/spread.js';
import { withEmbedded } from '../support/stores.js';
import { Crew, difference, sum } from './crew.js';
import { type Asked, MANY, type Part, type Row } from './row.js';

const PROCESSES = 4;
/** SLAVE + TICKING + POLL, and three POLL more for who goes first: by the default intervals, in ms. */
const BOUND_MS = 2500 + 2000 + 500 + 3 * 500;
/** By which the most and the fewest may differ, as a part of the share. */
const EVEN = 0.1;
/** How much more than evenness needs may move. */
const MOVES = 1.05;
const JOIN_LIMIT_MS = 15 * 60_000;
const START_LIMIT_MS = 180_000;
/** Until each process has heard of the others, in ms: they write a line every 2 × MASTER. */
const ACQUAINTED_MS = 15_000;
/** How long evenness is watched afterwards, in ms. */
const WATCHED_MS = 20_000;

/** A tenth of the defaults, and fewer subsystems. */
const swift = { settle: 6000, every: 1000, rest: 60_000 };

function sizeOf(quick: boolean): { clusters: number; rebalance: FailoverOptions['rebalance']; note: string } {
  return quick
    ? { clusters: 100, rebalance: swift, note: `quick: 100 subsystems, rebalance ${JSON.stringify(swift)}` }
    : { clusters: MANY, rebalance: true, note: 'rebalance by its defaults' };
}

function isEvenOf(reports: readonly { readonly held: readonly unknown[] }[], clusters: number): boolean {
  return difference(reports.map(({ held }) => held.length)) <= (EVEN * clusters) / reports.length;
}

/** Runs with processes of that size, which are ended afterwards. */
function withCrew(quick: boolean, run: (crew: Crew) => Promise<Part>): Promise<Part> {
  const { clusters, rebalance } = sizeOf(quick);
  return withEmbedded(async ({ options }) => {
    const crew = new Crew({ options: { ...options, rebalance }, clusters });
    try {
      return await run(crew);
    } finally {
      await crew.end();
    }
  });
}

function killRow({ quick, progress }: Asked): Promise<Part> {
  const { clusters, note } = sizeOf(quick);
  return withCrew(quick, async (crew) => {
    crew.start(PROCESSES);
    if (!(await crew.allHeld(START_LIMIT_MS))) throw new Error('not all subsystems had a master at the start');
    await sleep(ACQUAINTED_MS);
    await crew.until((reports) => isEvenOf(reports, clusters), JOIN_LIMIT_MS / 3);
    const before = await crew.shares();
    progress(`shares before: ${before.join(', ')}`);
    const { held, at } = await crew.kill();
    const isFollowed = await crew.allHeld(4 * BOUND_MS);
    const reports = await crew.reports();
    const took = reports.flatMap((one) => one.held.flatMap(([index, since]) => (held.has(index) ? [since - at] : [])));
    const share = clusters / (PROCESSES - 1);
    const afterwards = reports.map((one) => one.held.length);
    const from = performance.now();
    const isEven = await crew.until((now) => isEvenOf(now, clusters), JOIN_LIMIT_MS / 3);
    const evenAfter = performance.now() - from;
    const shares = await crew.shares();
    const slowest = Math.max(0, ...took);
    const goals: Goal[] = [
      {
        promise: `kill: ${whole(held.size)} subsystems of one process are followed within ${ms(BOUND_MS)}`,
        measured: `${whole(took.length)} within ${ms(slowest)}${isFollowed ? '' : ', NOT all followed'}`,
        met: isFollowed && took.length === held.size && slowest <= BOUND_MS,
      },
      {
        promise: `kill: then shares differ by at most ${EVEN * 100} % of ${whole(share)}`,
        measured: `${shares.join(', ')} after ${ms(evenAfter)}`,
        met: isEven,
      },
    ];
    const table = {
      title: `One of ${PROCESSES} processes with ${whole(clusters)} subsystems is killed (${note})`,
      head: ['shares before', 'of the killed one', 'followed within', 'shares then', 'shares at the end', 'errors'],
      rows: [
        [
          before.join(', '),
          whole(held.size),
          ms(slowest),
          afterwards.join(', '),
          shares.join(', '),
          whole(sum(reports.map(({ errors }) => errors))),
        ],
      ],
    };
    return { tables: [table], goals, notes: [], data: { kill: { before, took, afterwards, shares, evenAfter } } };
  });
}

function joinRow({ quick, progress }: Asked): Promise<Part> {
  const { clusters, note } = sizeOf(quick);
  return withCrew(quick, async (crew) => {
    crew.start(1);
    if (!(await crew.allHeld(START_LIMIT_MS))) throw new Error('not all subsystems had a master at the start');
    crew.start(1);
    const all = (reports: readonly { standbys: number }[]): boolean =>
      sum(reports.map(({ standbys }) => standbys)) === clusters;
    if (!(await crew.until(all, START_LIMIT_MS))) throw new Error('the process that joined did not stand by for all');
    const from = performance.now();
    const share = clusters / 2;
    const isEven = await crew.until((reports) => isEvenOf(reports, clusters), JOIN_LIMIT_MS);
    const took = performance.now() - from;
    progress(`${isEven ? 'even' : 'NOT even'} after ${ms(took)}`);
    await sleep(WATCHED_MS);
    const reports = await crew.reports();
    const shares = reports.map(({ held }) => held.length);
    const moves = sum(reports.map(({ begun }) => begun)) - clusters;
    const goals: Goal[] = [
      {
        promise: `join: even within ${EVEN * 100} % in ${JOIN_LIMIT_MS / 60_000} min`,
        measured: `${shares.join(', ')} after ${Math.round(took / 1000)} s`,
        met: isEven,
      },
      {
        promise: `join: at most ${whole(share * MOVES)} moves, where ${whole(share)} make it even`,
        measured: whole(moves),
        met: moves <= share * MOVES,
      },
    ];
    const table = {
      title: `A process joins one that has ${whole(clusters)} subsystems (${note})`,
      head: ['even after', 'moves', 'shares', 'errors'],
      rows: [
        [
          `${Math.round(took / 1000)} s`,
          whole(moves),
          shares.join(', '),
          whole(sum(reports.map(({ errors }) => errors))),
        ],
      ],
    };
    return { tables: [table], goals, notes: [], data: { join: { took, moves, shares } } };
  });
}

export const spreadRows: readonly Row[] = [
  { name: 'kill', title: `one of ${PROCESSES} processes with all subsystems is killed`, measure: killRow },
  { name: 'join', title: 'a process joins one that has all masterships, with rebalance', measure: joinRow },
];
