/**
 * The order of the tasks: that terms only rise, that each goes through the queue without a gap from where it began, that
 * it begins no later than where the one before had come to, and that what one submitter stored in turn ends in turn.
 */
import { groupBy } from './groupBy.ts';
import type { Stored } from './records.ts';
import type { Run } from './runs.ts';

export interface Finding {
  readonly at: number;
  readonly text: string;
}

/** When that is found which the run never came to: at its end. */
export const END = Number.POSITIVE_INFINITY;

/** Most tasks that a takeover may repeat: docs/explain/durable.md. */
export const REPEATED_MAX = 256;

/** Starts of a term that come after the start of a higher one; the runs are those of one epoch of the store. */
export function fallingTerms(runs: readonly Run[]): Finding[] {
  let highest = 0;
  return runs.flatMap(({ caught, term, start, id, member, left }) => {
    const falls = term < highest && !caught;
    // One that begins after a stop, and sees that it has no lease, may be of the epoch before.
    if (!caught || left > 0) highest = Math.max(highest, term);
    return falls ? [{ at: start, text: `task ${id} starts on ${member} in term ${term}, after term ${highest}` }] : [];
  });
}

interface Takeover {
  readonly at: number;
  readonly term: number;
  readonly repeated: number;
}

/**
 * What follows on what, within one epoch of the store. Tasks that were submitted again after an unknown outcome may have been stored twice, each time at
 * another place; they are left out.
 */
export function follow(runs: readonly Run[], again: ReadonlySet<string>): { gaps: Finding[]; takeovers: Takeover[] } {
  const gaps: Finding[] = [];
  const takeovers: Takeover[] = [];
  const position = new Map<string, number>();
  let before: Run | undefined;
  let from = -1;
  for (const run of runs) {
    if (run.caught || again.has(run.id)) continue;
    // People may ask for the task of a slot again, and that is another one of the same id.
    const key = run.isAskedFor ? `${run.id} (asked for)` : run.id;
    const to = position.get(key) ?? position.size;
    position.set(key, to);
    const goesOn = to === from + 1;
    const triesAgain = to === from && before?.outcome !== 'end';
    if (before !== undefined && before.term !== run.term) {
      takeovers.push({ at: run.start, term: run.term, repeated: Math.max(0, from + 1 - to) });
    }
    const isInOrder = before?.term === run.term ? goesOn || triesAgain : to <= from + 1;
    if (!isInOrder) {
      gaps.push({ at: run.start, text: `task ${run.id} (number ${to}) in term ${run.term} follows on number ${from}` });
    }
    from = to;
    before = run;
  }
  return { gaps, takeovers };
}

/** Ends that come before the end of a task that the same submitter had stored before. */
export function outOfOrder(stored: readonly Stored[], firstEnd: ReadonlyMap<string, number>): Finding[] {
  const ofSubmitter = groupBy(stored, ({ submitter }) => submitter);
  const findings: Finding[] = [];
  for (const all of ofSubmitter.values()) {
    const inTurn = all.toSorted((a, b) => a.batch - b.batch || a.index - b.index);
    // Of the batches before; and of this one, by those that were stored when first asked.
    let earlier = 0;
    let inBatch = 0;
    let batch = -1;
    for (const one of inTurn) {
      if (one.batch !== batch) earlier = Math.max(earlier, inBatch);
      batch = one.batch;
      const end = firstEnd.get(one.id);
      if (end === undefined) continue;
      const bound = one.first ? Math.max(earlier, inBatch) : earlier;
      if (end < bound) findings.push({ at: end, text: `task ${one.id} ends before one that was stored before it` });
      if (one.first) inBatch = Math.max(inBatch, end);
    }
  }
  return findings;
}

/**
 * Tasks that an epoch runs again although they had ended in the one before when the copying began: at most as many as a
 * takeover may repeat, because the copy has all that was acknowledged by then.
 */
export function repeatedSince(copiedAt: number, before: readonly Run[], runs: readonly Run[]): Finding[] {
  const ended = new Set(before.filter(({ outcome, last }) => outcome === 'end' && last < copiedAt).map(({ id }) => id));
  const again = new Set(runs.filter(({ id, caught }) => !caught && ended.has(id)).map(({ id }) => id));
  const [first] = runs;
  if (first === undefined || again.size <= REPEATED_MAX) return [];
  return [
    { at: first.start, text: `the copy of the store repeats ${again.size} tasks that had ended before it was made` },
  ];
}
