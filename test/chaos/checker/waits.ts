/** The times that must pass before a task begins: the least one between two starts, and the one for which a task was postponed. */
import type { Finding } from './order.ts';
import type { Fault, Records } from './records.ts';
import type { Run } from './runs.ts';

/**
 * By how much later than its master has handed it over a task may begin, in ms: its thread has a low priority, and what else the
 * machine computes may have the same. That shortens the time to the next one. No lateness that is measured shows it, because
 * that is the lateness of threads whose priority is the usual one.
 */
const HANDING = 500;
/** How often the lateness of the machine counts, and how long before the start, in ms. */
const LATENESS = 4;
const BEFORE = 2000;
/** Which keep a thread from its cores, or its process. */
const slowing: ReadonlySet<string> = new Set(['busy', 'stop', 'slow-disk', 'kill-all']);
/** A timer may be early by so much, in ms. */
const EARLY = 2;
/** A master with so little left of its lease ends what runs, and begins again if the lease is saved, in ms. */
const FENCED = 250;

/** Runs of the second cluster that begin too soon after the one before, on whichever members. By the machine's monotonic clock. */
export function tooSoon(runs: readonly Run[], { settings, late, faults }: Records): Finding[] {
  const { minInterval } = settings;
  let before: Run | undefined;
  return runs.flatMap((run) => {
    if (run.caught) return [];
    const last = before;
    before = run;
    if (last === undefined) return [];
    const gap = run.start - last.start;
    const since = last.start - BEFORE;
    if (faults.some((fault) => isSlowing(fault, last, since))) return [];
    const lateness = late
      .filter(({ at }) => at > since && at < last.start + HANDING)
      .reduce((sum, { ms }) => sum + ms, 0);
    if (gap >= minInterval - HANDING - LATENESS * lateness) return [];
    const shown = ({ id, member, term }: Run) => `task ${id} on ${member} in term ${term}`;
    return [{ at: run.start, text: `${shown(run)} begins ${gap.toFixed(1)} ms after ${shown(last)}` }];
  });
}

function isSlowing({ kind, member, from, to }: Fault, { start, member: own }: Run, since: number): boolean {
  return slowing.has(kind) && (member === 'all' || member === own) && from < start && to > since;
}

/**
 * Under the mastership in which a task was postponed, nothing begins before its time is over, and then it begins itself, with the same
 * attempt. Another mastership begins at once, and so does one whose lease was nearly lost.
 */
export function wrongWaits(runs: readonly Run[], { sights, ledger }: Pick<Records, 'sights' | 'ledger'>): Finding[] {
  const low = [...sights, ...ledger].filter(({ left }) => left < FENCED);
  const isFenced = (member: string, from: number, to: number): boolean =>
    low.some((line) => line.member === member && line.at >= from - FENCED && line.at <= to);
  return runs.flatMap((run, index) => {
    const { id, member, term, attempt, last, wait, outcome, caught } = run;
    if (outcome !== 'postpone' || caught) return [];
    const next = runs.slice(index + 1).find((one) => one.member === member && one.term === term);
    if (next === undefined || next.caught || isFenced(member, last, next.start)) return [];
    const waited = next.start - last;
    const of = `on ${member} in term ${term}`;
    if (waited < wait - EARLY) {
      const text = `task ${next.id} begins ${of} ${waited.toFixed(1)} ms after ${id} was postponed for ${wait}`;
      return [{ at: next.start, text }];
    }
    if (next.id !== id) return [{ at: next.start, text: `task ${next.id} overtakes ${id} ${of}, which was postponed` }];
    if (next.attempt === attempt) return [];
    return [{ at: next.start, text: `task ${id} has attempt ${next.attempt} ${of}, and ${attempt} was postponed` }];
  });
}
