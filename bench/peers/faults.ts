/** What is done to a worker amid its task, and what came of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lane } from './lane.js';
import { lengthsOf } from './lengths.js';
import type { Note } from './notes.js';
import { order } from './orders.js';
import { type Outcome, outcomeOf } from './outcome.js';
import type { System } from './system.js';

export const faults = [
  'none',
  'blocked',
  'mainBlocked',
  'killed',
  'frozen',
  'frozenBlocking',
  'thrown',
  'exited',
  'cut',
] as const;
export type Fault = (typeof faults)[number];

/** How long until the first start, in ms: some systems elect first, or poll. */
const START_LIMIT = 40_000;
/** How far into its task a worker is hit, in ms. */
const AMID = 1000;
/** How long another worker is waited for, in ms. */
export const TAKEOVER_LIMIT = 25_000;
/** How much of its work is left when a fault has ended, in ms. */
const LEFT = 3000;
/** When a lane is given up that does not become quiet, in ms. */
const QUIET_LIMIT = 60_000;
/** A worker is hit at any moment of its rhythm, in ms. */
const PHASE = 2000;

/** Has a worker suffer a fault, and returns what came of it. Rejects if no worker starts the task in the first place. */
export async function suffer(lane: Lane, fault: Fault): Promise<Outcome> {
  const { system, submitter } = lane;
  await sleep(Math.random() * PHASE);
  await submitter.submit({
    id: 1,
    blocking: fault === 'blocked' || fault === 'frozenBlocking',
    length: workFor(fault, system),
  });
  const first = await lane.noted(({ kind }) => kind === 'start', START_LIMIT);
  if (first === undefined) throw new Error(`no worker began the task within ${START_LIMIT} ms: ${lane.lastWords()}`);
  // The synchronous task is the fault.
  if (fault !== 'blocked') await sleep(AMID);
  const at = process.hrtime.bigint();
  await strike(lane, fault, first);
  const endedAt = process.hrtime.bigint();
  if (isGone(fault)) await lane.noted(({ host }) => host !== first.host, TAKEOVER_LIMIT);
  else await lane.quiet(system.lock + LEFT, QUIET_LIMIT);
  const verdict = await submitter.verdict?.(1).catch((error: Error) => error.message);
  const outcome = outcomeOf(lane.notes, { host: first.host, at, endedAt });
  return verdict === undefined ? outcome : { ...outcome, verdict };
}

/** Whether the worker does not come back. */
function isGone(fault: Fault): boolean {
  return fault === 'killed' || fault === 'thrown' || fault === 'exited';
}

/** How much work the task is, in ms: more than the fault takes, unless the worker does not come back. */
function workFor(fault: Fault, system: System): number {
  const { blocked, away } = lengthsOf(system);
  if (fault === 'blocked') return blocked;
  if (isGone(fault)) return AMID + LEFT;
  return AMID + (fault === 'mainBlocked' ? blocked : away) + LEFT;
}

/** Resolves when the fault is over, where it ends. */
async function strike(lane: Lane, fault: Fault, { host, pid }: Note): Promise<void> {
  const { away, blocked } = lengthsOf(lane.system);
  switch (fault) {
    case 'none':
    case 'blocked':
      return;
    case 'killed':
      return lane.signal(host, 'SIGKILL');
    case 'thrown':
      return order(pid, 'throw');
    case 'exited':
      return order(pid, 'exit');
    case 'mainBlocked':
      order(pid, 'block');
      await sleep(blocked);
      return;
    case 'frozen':
    case 'frozenBlocking':
      lane.signal(host, 'SIGSTOP');
      await sleep(away);
      return lane.signal(host, 'SIGCONT');
    case 'cut':
      lane.cut(host, true);
      await sleep(away);
      return lane.cut(host, false);
  }
}
