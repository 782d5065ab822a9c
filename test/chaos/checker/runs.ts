/** The runs of tasks, put together from the lines of the ledger, and how far each is known to have come. */
import type { Happened, LedgerLine } from './records.ts';

export interface Run {
  readonly id: string;
  readonly member: string;
  readonly term: number;
  readonly attempt: number;
  readonly start: number;
  /** What the wall clock of its process showed then. */
  readonly wall: number;
  /** Of the task of a slot. */
  readonly schedule: string | undefined;
  readonly slot: number | undefined;
  /** Whether people asked for the task, beside those of the slots. */
  readonly isAskedFor: boolean;
  /** Which payload it had. */
  readonly version: number;
  /** What the lease was said to last when it started, in ms. */
  readonly left: number;
  /** Its last line. */
  last: number;
  /** How its last line says that it came out. Undefined: its thread or its process did not live to write it. */
  outcome: 'end' | 'fail' | 'postpone' | undefined;
  /** For how long it asks to be postponed, in ms. */
  wait: number;
  /** Whether it failed for good. */
  permanent: boolean;
  /** Until when it ran, as far as that is known for certain. */
  until: number;
  /**
   * Its process was stopped (SIGSTOP) during the run, or between the library's look at the lease and the run's first
   * line: what is done then afterwards, nothing can prevent. It counts until the stop.
   */
  caught: boolean;
}

/** From the stop to the moment that it went on, or was killed. */
interface Stop {
  readonly member: string;
  readonly from: number;
  readonly to: number;
}

/** In the order in which they started. Lines that belong to no start are returned apart: there must be none. */
export function runsOf(
  ledger: readonly LedgerLine[],
  happened: readonly Happened[],
): { runs: Run[]; stray: LedgerLine[] } {
  const runs: Run[] = [];
  const stray: LedgerLine[] = [];
  const ofMember = new Map<string, Run[]>();
  for (const line of ledger) {
    const { what, id, member, term, attempt, at } = line;
    const mine = ofMember.get(member) ?? [];
    ofMember.set(member, mine);
    if (what === 'start') {
      const run = begun(line);
      mine.push(run);
      runs.push(run);
      continue;
    }
    const run = mine.findLast((one) => one.id === id && one.term === term && one.attempt === attempt);
    if (run === undefined || run.outcome !== undefined) stray.push(line);
    else {
      run.last = at;
      run.until = at;
      if (what === 'end' || what === 'fail' || what === 'postpone') run.outcome = what;
      run.wait = line.wait ?? 0;
      run.permanent = line.permanent ?? false;
    }
  }
  endByKill(ofMember, happened);
  for (const stop of stopsOf(happened)) catchRuns(ofMember.get(stop.member) ?? [], stop);
  return { runs: runs.toSorted((a, b) => a.start - b.start), stray };
}

function begun({ id, member, term, attempt, at, left, wall = 0, schedule, slot, ...more }: LedgerLine): Run {
  const { backfilled = false, version = 0 } = more;
  return {
    ...{ id, member, term, attempt, start: at, wall, schedule, slot, left },
    isAskedFor: backfilled || (slot !== undefined && id.endsWith('!')),
    version,
    ...{ last: at, until: at, outcome: undefined, wait: 0, permanent: false, caught: false },
  };
}

/** A run that nothing had ended when its process was killed, ended with it. */
function endByKill(ofMember: ReadonlyMap<string, readonly Run[]>, happened: readonly Happened[]): void {
  for (const { what, member, at } of happened) {
    const last = ofMember.get(member)?.at(-1);
    if (what !== 'killed' || last === undefined || last.outcome !== undefined || last.last > at) continue;
    // Longer ago, and its thread had been ended before: each run writes a mark every 10 ms.
    if (at - last.last < 50) last.until = at;
  }
}

function stopsOf(happened: readonly Happened[]): Stop[] {
  const stops: Stop[] = [];
  const open = new Map<string, number>();
  for (const { what, member, at } of happened) {
    if (what === 'suspended') open.set(member, at);
    const from = open.get(member);
    if (from === undefined || what === 'suspended' || what === 'began') continue;
    stops.push({ member, from, to: at });
    open.delete(member);
  }
  return stops;
}

function catchRuns(runs: readonly Run[], { from, to }: Stop): void {
  const during = runs.filter((run) => run.start <= from && run.last > to);
  for (const run of during) {
    run.caught = true;
    run.until = Math.min(run.until, from);
  }
  if (during.length > 0) return;
  // The first line of all after the stop, by a run that saw itself that there was no lease any more.
  const first = runs.find(({ start }) => start > from);
  if (first === undefined || first.start < to - 1 || first.left > 0 || first.start > to + 20) return;
  first.caught = true;
  first.until = first.start;
}
