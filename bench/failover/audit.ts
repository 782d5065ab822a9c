/** Looks over what all members did: never two at once, nothing left out, and how much was done twice. */
import { msBetween } from '../support/spread.js';
import type { TaskRun } from './taskLog.js';

export interface Audit {
  /** Tasks that ran to their end, each counted once. */
  readonly tasks: number;
  /** Pairs of tasks of different members that ran at the same time. Must be 0. */
  readonly overlaps: number;
  /** The least time between the work of one member and that of the next, in ms. */
  readonly leastPause: number;
  /** Runs beyond the first of a task: what a failover repeats. */
  readonly repeated: number;
  /** Tasks between the first and the last one done that were not done. Must be 0. */
  readonly missing: number;
  /** Ids of the first missing ones. */
  readonly missingIds: readonly number[];
}

/** `killedAt` of a member: when a run that has no end was cut off at the latest. */
export function audit(runs: readonly TaskRun[], killedAt: ReadonlyMap<number, bigint>): Audit {
  const ordered = [...runs].sort((a, b) => (a.start < b.start ? -1 : 1));
  let overlaps = 0;
  let leastPause = Number.POSITIVE_INFINITY;
  const ends = new Map<number, bigint>();
  for (const [index, run] of ordered.entries()) {
    const changed = ordered[index - 1]?.member !== run.member;
    for (const [member, end] of ends) {
      if (member === run.member) continue;
      if (end > run.start) overlaps += 1;
      if (changed) leastPause = Math.min(leastPause, msBetween(end, run.start));
    }
    const end = run.end ?? killedAt.get(run.member) ?? run.start;
    const before = ends.get(run.member);
    if (before === undefined || end > before) ends.set(run.member, end);
  }
  const done = runs.filter(({ end }) => end !== null).map(({ id }) => id);
  const ids = new Set(done);
  const first = done.reduce((least, id) => Math.min(least, id), Number.POSITIVE_INFINITY);
  const last = done.reduce((most, id) => Math.max(most, id), 0);
  const missingIds: number[] = [];
  let missing = 0;
  for (let id = first; id <= last; id++) {
    if (ids.has(id)) continue;
    missing += 1;
    if (missingIds.length < 20) missingIds.push(id);
  }
  return { tasks: ids.size, overlaps, leastPause, repeated: done.length - ids.size, missing, missingIds };
}
