/** What is done to a worker amid its task, and what came of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { crashSignals } from './crash.js';
import type { Lane } from './lane.js';
import { type Outcome, outcomeOf } from './outcome.js';

export const faults = ['blocked', 'killed', 'frozen', 'thrown', 'exited', 'cut'] as const;
export type Fault = (typeof faults)[number];

/** How long until the first start, in ms: some systems elect first, or poll. */
const START_LIMIT = 40_000;
/** How far into its task a worker is hit, in ms. */
const AMID = 1000;
/** How long another worker is waited for, in ms. */
export const TAKEOVER_LIMIT = 25_000;
/** How much of its work is left when a fault has ended, in ms. */
const LEFT = 3000;
/** A worker is hit at any moment of its rhythm, in ms. */
const PHASE = 2000;

/** By how much the fault is longer than the lock: 8 s and 12 s for a lock of 5 s. */
export function lengthsOf({ lock }: { readonly lock: number }): { blocked: number; away: number } {
  return { blocked: lock + 3000, away: lock + 7000 };
}

/** Has a worker suffer a fault, and returns what came of it. Rejects if no worker starts the task in the first place. */
export async function suffer(lane: Lane, fault: Fault): Promise<Outcome> {
  const { blocked, away } = lengthsOf(lane.system);
  await sleep(Math.random() * PHASE);
  const isAway = fault === 'frozen' || fault === 'cut';
  const length = fault === 'blocked' ? blocked : isAway ? AMID + away + LEFT : 4000;
  await lane.submitter.submit({ id: 1, blocking: fault === 'blocked', length });
  const first = await lane.noted(({ kind }) => kind === 'start', START_LIMIT);
  if (first === undefined) throw new Error(`no worker began the task within ${START_LIMIT} ms: ${lane.lastWords()}`);
  const { host, pid } = first;
  if (fault !== 'blocked') await sleep(AMID);
  const at = process.hrtime.bigint();
  if (fault === 'killed') lane.signal(host, 'SIGKILL');
  if (fault === 'thrown') process.kill(pid, crashSignals.throw);
  if (fault === 'exited') process.kill(pid, crashSignals.exit);
  if (fault === 'frozen') lane.signal(host, 'SIGSTOP');
  if (fault === 'cut') lane.cut(host, true);
  if (isAway) {
    await sleep(away);
    if (fault === 'frozen') lane.signal(host, 'SIGCONT');
    else lane.cut(host, false);
  }
  const endedAt = process.hrtime.bigint();
  if (fault === 'blocked' || isAway) await lane.quiet(lane.system.lock + LEFT, 60_000);
  else await lane.noted((note) => note.host !== host, TAKEOVER_LIMIT);
  const verdict = await lane.submitter.verdict?.(1).catch((error: Error) => error.message);
  return { ...outcomeOf(lane.notes, { host, at, endedAt }), ...(verdict === undefined ? {} : { verdict }) };
}
