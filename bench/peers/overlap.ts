/** Computes from the notes of a lane when two of its workers were at work at once. Pure. */
import type { Note } from './notes.js';

export interface Span {
  readonly from: bigint;
  readonly to: bigint;
}

/** A run that notes nothing for so long is not at work: it is frozen, or dead. In ns. */
const GAP_MAX = 250_000_000n;

interface WorkSpan extends Span {
  readonly host: number;
}

/** Returns when each run was at work: its notes of work, cut where two are further apart than 250 ms. */
export function spansOf(notes: readonly Note[]): WorkSpan[] {
  const open = new Map<string, { host: number; from: bigint; to: bigint }>();
  const spans: WorkSpan[] = [];
  for (const { kind, run, host, at } of notes) {
    // A job that has seen that it must stop does nothing until it notes so.
    if (kind === 'stop') continue;
    const span = open.get(run);
    if (span !== undefined && at - span.to <= GAP_MAX) {
      span.to = at;
      continue;
    }
    const next = { host, from: at, to: at };
    open.set(run, next);
    spans.push(next);
  }
  return spans;
}

/** Returns when at least two workers were at work at once, in order, without those of no length. */
export function overlapsOf(notes: readonly Note[]): Span[] {
  const edges = spansOf(notes).flatMap(({ host, from, to }) => [
    { at: from, host, change: 1 },
    { at: to, host, change: -1 },
  ]);
  // An end before a beginning at the same moment: to touch is not to overlap.
  edges.sort((a, b) => (a.at === b.at ? a.change - b.change : a.at < b.at ? -1 : 1));
  const runs = new Map<number, number>();
  const overlaps: Span[] = [];
  let busy = 0;
  let from: bigint | undefined;
  for (const { at, host, change } of edges) {
    const before = runs.get(host) ?? 0;
    const after = before + change;
    runs.set(host, after);
    if (before <= 0 && after > 0) busy += 1;
    if (before > 0 && after <= 0) busy -= 1;
    if (busy >= 2) from ??= at;
    else if (from !== undefined) {
      if (at > from) overlaps.push({ from, to: at });
      from = undefined;
    }
  }
  return overlaps;
}
