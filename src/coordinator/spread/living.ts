/**
 * Which other processes live, by what they say in the store. Pure: lines and time are handed in. A line counts while it is seen
 * to change, by the clock of this process alone: one that never did may be as old as the store.
 */
import type { CandidacyGroup, Presence } from '../../store/presence.js';
import type { Candidate } from './rank.js';
import { hashOf } from './rank.js';

/** Another process that lives. */
export interface Neighbour extends Omit<Candidate, 'priority'> {
  /** The key of the drain of its process. */
  readonly process: string;
  /** What the ids of its members begin with. */
  readonly holders: string;
  readonly held: number;
  /** The number of its last line. */
  readonly count: number;
  /** Since when it was seen to live without a break. */
  readonly since: number;
  /** Returns its priority for the subsystem with this hash; null if it could not be master of that. */
  priorityFor(name: number): number | null;
}

interface Known {
  readonly line: Presence;
  readonly hash: number;
  readonly groups: readonly CandidacyGroup[];
  /** When it was last seen to change; null: never. */
  readonly changedAt: number | null;
  readonly since: number;
}

export class Living {
  private known = new Map<string, Known>();

  constructor(
    private readonly me: string,
    /** How long a line that does not change counts, in ms. */
    private readonly silence: number,
  ) {}

  /** The sets whose candidacies need not be read again. */
  get sets(): string[] {
    return [...new Set([...this.known.values()].map(({ line }) => line.set))];
  }

  /** Takes all lines, as one read has found them. What is missing there has signed off. */
  observe(lines: readonly Presence[], now: number): void {
    const before = this.known;
    const groupsOf = new Map([...before.values()].map(({ line, groups }) => [line.set, groups]));
    this.known = new Map();
    for (const line of lines) {
      if (line.key === this.me) continue;
      const groups = line.candidacies ?? groupsOf.get(line.set);
      // Its candidacies were not read in time, so nothing is known of it.
      if (groups === undefined) continue;
      this.known.set(line.key, this.next(before.get(line.key), line, groups, now));
    }
  }

  private next(before: Known | undefined, line: Presence, groups: readonly CandidacyGroup[], now: number): Known {
    const hash = before?.hash ?? hashOf(line.key);
    if (before === undefined) return { line, hash, groups, changedAt: null, since: now };
    // An answer that shows an older line says nothing: it comes from a copy that is behind.
    if (line.count < before.line.count) return { ...before, since: this.isAlive(before, now) ? before.since : now };
    const changed = before.line.count !== line.count;
    const changedAt = changed ? now : before.changedAt;
    return { line, hash, groups, changedAt, since: this.isAlive(before, now) ? before.since : now };
  }

  private isAlive({ changedAt }: Known, now: number): boolean {
    return changedAt !== null && now - changedAt < this.silence;
  }

  /** Returns those that live now. */
  neighbours(now: number): Neighbour[] {
    const alive = [...this.known.values()].filter((known) => this.isAlive(known, now));
    return alive.map(({ line, hash, groups, since }) => ({
      ...{
        key: line.key,
        hash,
        process: line.process,
        holders: line.holders,
        held: line.held,
        count: line.count,
        since,
      },
      priorityFor: (name) => groups.find(({ names }) => isAmong(name, names))?.priority ?? null,
    }));
  }
}

/** By bisection: the numbers are in rising order. */
function isAmong(wanted: number, names: Uint32Array): boolean {
  let from = 0;
  let below = names.length;
  while (from < below) {
    const middle = (from + below) >>> 1;
    if ((names[middle] ?? 0) < wanted) from = middle + 1;
    else below = middle;
  }
  return names[from] === wanted;
}
