/**
 * What is done to the members while they work: a third of the way, the master's main thread is blocked; later on the
 * master is killed; then they are left alone until every task is done.
 */

import type { Tone } from '../screen/display.js';
import { monotonicNow } from './clock.js';
import type { Crew } from './crew/crew.js';
import type { AuditInput } from './files/audit.js';
import type { LedgerLine, LedgerReader } from './files/ledger.js';
import { intervals } from './intervals.js';
import type { Waiting } from './waiting.js';

const BLOCK_MS = 3000;
/** Shares of the tasks that are done before each act. */
const BLOCK_AFTER = 1 / 3;
const KILL_AFTER = 0.6;

interface Stage {
  readonly crew: Crew;
  readonly ledger: LedgerReader;
  readonly total: number;
  /** Returns how many different tasks are done. */
  done(): number;
  readonly waiting: Waiting;
  event(text: string, tone?: Tone): void;
}

/** What is known of the acts, filled in as they happen: a run that fails half-way is audited, too. */
export type Facts = { -readonly [name in 'block' | 'kill' | 'takeover']: AuditInput[name] } & {
  /** How late timers were on this machine during the takeover, in ms. */
  late: number;
  /** How long after the kill, and a POLL, a beat that was under way then became visible, in ms. */
  landed: number;
};

export async function play(stage: Stage, facts: Facts): Promise<void> {
  const { crew, total, waiting, event } = stage;
  await waiting.until(() => crew.fed === crew.members.length);
  event(`${crew.members.length} members are fed ${total} files each`);
  await waiting.until(() => stage.done() >= total * BLOCK_AFTER);
  await block(stage, facts);
  await waiting.until(() => stage.done() >= total * KILL_AFTER);
  await kill(stage, facts);
  await waiting.until(() => stage.done() >= total);
  event('every file is done', 'good');
}

async function block({ crew, ledger, waiting, event }: Stage, facts: Facts): Promise<void> {
  const { member, term, number } = atWork(crew, ledger);
  event(`the main thread of member ${number}, the master, is blocked for ${BLOCK_MS / 1000} s`, 'loud');
  member.send({ type: 'block', ms: BLOCK_MS });
  await waiting.until(() => crew.blocks.has(member));
  const report = crew.blocks.get(member);
  if (report === undefined) return;
  const { from, to, before, after } = report;
  facts.block = { member: number, term, from, to };
  // A task from beginning to end under the same lease shows that the block did not cost it.
  await waiting.until(() => ledger.lines.some(({ startedAt }) => startedAt > to));
  const tasks = ledger.lines.filter(({ endedAt }) => endedAt >= from && endedAt <= to).length;
  const beats = after.sent - before.sent;
  const late = `late by ${after.lateness.p99.toFixed(2)} ms at p99, ${after.lateness.max.toFixed(2)} ms at most`;
  event(`it was blocked: ${tasks} tasks done during that time, ${beats} heartbeats sent, ${late}`, 'good');
}

async function kill({ crew, ledger, waiting, event }: Stage, facts: Facts): Promise<void> {
  const { member, term, number } = atWork(crew, ledger);
  const before = crew.elections.length;
  const at = monotonicNow();
  member.kill();
  facts.kill = { term, at };
  event(`member ${number}, the master, is killed (SIGKILL)`, 'loud');
  const next = () => crew.elections.slice(before).find((election) => election.member !== member);
  await waiting.until(() => next() !== undefined);
  const elected = next();
  if (elected === undefined) return;
  facts.takeover = { member: elected.member.number, at: elected.at };
  facts.late = elected.late;
  facts.landed = Math.max(0, (elected.sawAt ?? at) - at - intervals.POLL);
  event(`member ${elected.member.number} is master ${Math.round(elected.at - at)} ms after the kill`, 'good');
  const first = () => ledger.lines.find((line) => line.term > term);
  await waiting.until(() => first() !== undefined);
  const line = first();
  if (line !== undefined) event(`its first task began ${Math.round(line.startedAt - at)} ms after the kill`, 'good');
}

/** Finds the member that works, by the ledger: the last one that has written. */
function atWork(crew: Crew, ledger: LedgerReader) {
  const last: LedgerLine | undefined = ledger.lines.at(-1);
  const member = crew.members.find(({ number }) => number === last?.member);
  if (last === undefined || member === undefined) throw new Error('no member has done a task yet');
  return { member, term: last.term, number: member.number };
}
