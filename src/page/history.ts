/**
 * What is known of masterships that ended, and of the times between them. The store says when each began; when one ended is seen
 * only while someone looks. Pure.
 */
import type { TermEntry } from '../store/reader.js';
import type { Gap, Iso, TermRow } from './contract.js';

/** A lease as a look found it. */
export interface SeenLease {
  readonly term: number;
  readonly isHeld: boolean;
  /** When it was last written. */
  readonly at: number | null;
  readonly ttl: number | null;
}

interface Ended {
  readonly at: number;
  /** Whether it was seen without a master. */
  readonly wasOver: boolean;
  readonly ttl: number;
}

interface Watched {
  readonly lease: SeenLease;
  readonly ends: ReadonlyMap<number, Ended>;
}

const ENDS_MAX = 50;
/** Between two looks a master may have beaten, and have handed over: so long a silence is no gap yet, in ms. */
const SILENCE_MIN_MS = 2000;

export class History {
  private watched = new Map<string, Watched>();

  /** Sees one look at all leases. `isContinued`: it follows the one before closely. */
  see(leases: ReadonlyMap<string, SeenLease>, isContinued: boolean): void {
    const next = new Map<string, Watched>();
    for (const [name, lease] of leases) {
      const before = this.watched.get(name);
      next.set(name, { lease: sinceItEnded(before, lease), ends: endsAfter(before, lease, isContinued) });
    }
    this.watched = next;
  }

  /** `terms`: the newest first. */
  of(name: string, terms: readonly TermEntry[]): { readonly terms: TermRow[]; readonly gaps: Gap[] } {
    const { lease, ends = new Map<number, Ended>() } = this.watched.get(name) ?? {};
    const gaps: Gap[] = [];
    const rows = terms.map(({ term, holder, at }, index): TermRow => {
      const began = timeOf(at);
      const next = timeOf(terms[index - 1]?.at ?? null);
      const isPresent = lease !== undefined && lease.term === term && index === 0;
      const lasts = isPresent && lease.isHeld;
      const end = isPresent && !lasts ? { at: lease.at ?? 0, wasOver: true, ttl: 0 } : ends.get(term);
      const isKnown = end !== undefined && end.at > 0 && (next === null || end.at <= next) && !lasts;
      // A claim writes the lease before its record: a master that never beat ended when its term began.
      const seen = isKnown ? { ...end, at: Math.max(end.at, began ?? 0) } : null;
      if (seen !== null && isGap(seen, next)) gaps.push({ from: iso(seen.at), to: isoOr(next) });
      return { term, holder, at: isoOr(began), until: isoOr(lasts ? null : (seen?.at ?? next)), isSeen: seen !== null };
    });
    return { terms: rows, gaps };
  }
}

/** Another member releases the lease of a dead one, as late as it sees that one: what was over has been over since its last beat. */
function sinceItEnded(before: Watched | undefined, lease: SeenLease): SeenLease {
  if (lease.isHeld || before === undefined) return lease;
  const { term, isHeld, at } = before.lease;
  return term === lease.term && !isHeld && at !== null ? { ...lease, at } : lease;
}

function endsAfter(before: Watched | undefined, lease: SeenLease, isContinued: boolean): ReadonlyMap<number, Ended> {
  if (before === undefined) return new Map();
  const { lease: old, ends } = before;
  if (!isContinued || old.term === 0 || lease.term <= old.term || old.at === null) return ends;
  const kept = [...ends, [old.term, { at: old.at, wasOver: !old.isHeld, ttl: old.ttl ?? 0 }] as const];
  return new Map(kept.slice(-ENDS_MAX));
}

function isGap({ at, wasOver, ttl }: Ended, next: number | null): boolean {
  return wasOver || (next !== null && next - at > Math.max(ttl, SILENCE_MIN_MS));
}

function timeOf(date: Date | null): number | null {
  return date === null || Number.isNaN(date.getTime()) ? null : date.getTime();
}

function iso(time: number): Iso {
  return new Date(time).toISOString();
}

function isoOr(time: number | null): Iso | null {
  return time === null ? null : iso(time);
}
