/**
 * The queues as they were measured last. A look measures a few of them: those that someone watches, those whose lease says that
 * they have moved, and then those that were measured longest ago. So a look costs the same with a thousand subsystems.
 */

import { StoreError } from '../errors.js';
import type { QueueReader } from '../operations/subsystems.js';
import type { LeaseEntry, Page, StoreReader, TaskEntry } from '../store/reader.js';
import { inTurns } from '../values/chunks.js';
import type { SeenHead } from './rows.js';

/** So many queues are measured in one look, with three reads each at most. */
export const MEASURED_MAX = 32;
/** Dead letters are counted up to this number. */
export const DEAD_MAX = 1000;

interface Measure {
  readonly highest: number;
  readonly head: SeenHead | null;
  readonly dead: number;
  /** Which look measured it. */
  readonly turn: number;
  /** How far it was done then. */
  readonly done: number;
  /** Why it could not be measured. */
  readonly problem: string | null;
}

export class Measures implements QueueReader {
  private readonly measures = new Map<string, Measure>();
  private turn = 0;

  constructor(private readonly wall: () => number) {}

  /** Measures some of the queues. `watched`: these ones in any case. */
  async measure(
    reader: StoreReader,
    leases: readonly LeaseEntry[],
    names: readonly string[],
    watched: ReadonlySet<string>,
  ): Promise<void> {
    this.turn += 1;
    const entries = new Map(leases.map((lease) => [lease.name, lease]));
    const known = new Set(names);
    for (const name of this.measures.keys()) if (!known.has(name)) this.measures.delete(name);
    const due = names
      .filter((name) => entries.get(name)?.lease?.configuration?.kind !== 'unmanaged')
      .map((name) => ({ name, rank: this.rankOf(name, entries.get(name), watched) }))
      .sort((a, b) => b.rank - a.rank)
      .slice(0, Math.max(MEASURED_MAX, watched.size));
    await inTurns(due, AT_ONCE_MAX, ({ name }) => this.measureOne(reader, name, entries.get(name)));
  }

  /** Measures one that may be behind those that are shown. */
  async measureAlone(reader: StoreReader, name: string, entry: LeaseEntry | undefined): Promise<void> {
    if (entry?.lease?.configuration?.kind !== 'unmanaged') await this.measureOne(reader, name, entry);
  }

  headOf(name: string): SeenHead | null {
    return this.measures.get(name)?.head ?? null;
  }

  problemOf(name: string): string | null {
    return this.measures.get(name)?.problem ?? null;
  }

  async highestTask(name: string): Promise<number> {
    return this.measures.get(name)?.highest ?? 0;
  }

  async tasks(name: string, { after }: Page<number>): Promise<TaskEntry[]> {
    const head = this.headOf(name);
    return head === null || head.task.seq <= after ? [] : [head.task];
  }

  async countLetters(name: string): Promise<number> {
    return this.measures.get(name)?.dead ?? 0;
  }

  private rankOf(name: string, entry: LeaseEntry | undefined, watched: ReadonlySet<string>): number {
    const before = this.measures.get(name);
    if (watched.has(name)) return Number.POSITIVE_INFINITY;
    if (before === undefined) return NEVER;
    const age = this.turn - before.turn;
    return (entry?.state.done ?? 0) === before.done ? age : age * MOVED_FACTOR;
  }

  private async measureOne(reader: StoreReader, name: string, entry: LeaseEntry | undefined): Promise<void> {
    const before = this.measures.get(name);
    const done = entry?.state.done ?? 0;
    try {
      const isMemory = entry?.lease?.configuration?.kind === 'memory';
      const [highest, dead] = await Promise.all([
        isMemory ? 0 : reader.highestTask(name),
        reader.countLetters(name, DEAD_MAX),
      ]);
      const [task] = highest <= done ? [] : await reader.tasks(name, { after: done, limit: 1 }, false);
      const isSame = task !== undefined && before?.head?.task.seq === task.seq;
      const since = isSame ? (before?.head?.since ?? this.wall()) : this.wall();
      const head = task === undefined ? null : { task, since };
      this.measures.set(name, { highest, head, dead, turn: this.turn, done, problem: null });
    } catch (error) {
      // What one subsystem holds must not hide the others. A store that is away hides all.
      if (!(error instanceof StoreError) || error.code === 'ERR_STORE_UNAVAILABLE') throw error;
      const { highest = 0, head = null, dead = 0 } = before ?? {};
      this.measures.set(name, { highest, head, dead, turn: this.turn, done, problem: error.message });
    }
  }
}

const AT_ONCE_MAX = 8;
/** Ranks: what was never measured comes before all but what is watched; what has moved counts as so many times as old. */
const NEVER = 1e9;
const MOVED_FACTOR = 8;
