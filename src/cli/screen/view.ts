/** What there is to see of a run at one moment, for whatever shows it. */

import type { MemberHandle } from '../demo/crew/memberHandle.js';
import type { LedgerLine } from '../demo/files/ledger.js';

export interface MemberView {
  readonly number: number;
  readonly pid: number;
  /** Its state, or what has become of it. */
  readonly state: string;
  readonly term: number | null;
  readonly done: number;
  /** How late beats went out, in ms; null while it has sent none. */
  readonly lateness: { readonly p99: number; readonly max: number } | null;
}

export interface View {
  /** Since the start, in ms. */
  readonly elapsed: number;
  readonly members: readonly MemberView[];
  readonly done: number;
  readonly total: number;
  /** Tasks per second, of late. */
  readonly rate: number;
}

/** The rate is of the last so many ms. */
const RATE_WINDOW_MS = 3000;

export function makeView(
  members: readonly MemberHandle[],
  lines: readonly LedgerLine[],
  total: number,
  now: number,
  startedAt: number,
): View {
  const doneBy = new Map<number, number>();
  for (const { member } of lines) doneBy.set(member, (doneBy.get(member) ?? 0) + 1);
  const recent = lines.length - 1 - lines.findLastIndex(({ endedAt }) => endedAt < now - RATE_WINDOW_MS);
  return {
    elapsed: now - startedAt,
    members: members.map((member) => viewOf(member, doneBy.get(member.number) ?? 0)),
    done: new Set(lines.map(({ path }) => path)).size,
    total,
    rate: recent / (Math.min(RATE_WINDOW_MS, Math.max(1, now - startedAt)) / 1000),
  };
}

function viewOf(member: MemberHandle, done: number): MemberView {
  const { number, pid, term, heartbeat, condition } = member;
  const running = member.state === 'stopped' ? 'starting' : member.state;
  const state = condition === 'running' ? running : condition === 'blocked' ? `${member.state}, blocked` : condition;
  const lateness = heartbeat === null || heartbeat.sent === 0 ? null : heartbeat.lateness;
  return { number, pid, state, term, done, lateness };
}
