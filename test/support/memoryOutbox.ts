/** The outbox in memory, of one queue: what the relay is tested against. Each write is at once; the caller decides the fate of a call. */
import type { BadEntry, Entry, EntryRef, NewEntry, OutboxStore } from '../../src/store/outbox.ts';

interface Line extends Entry {
  refused?: string;
  readonly problem?: string;
}

export type OutboxCall = keyof OutboxStore;

/** Tests look into it, and change it, by the fields. */
export class MemoryOutbox {
  readonly lines: Map<string, Line>;

  constructor(lines: Iterable<readonly [string, Line]> = []) {
    this.lines = new Map(lines);
  }

  /** Lines are replaced, never changed. */
  clone(): MemoryOutbox {
    return new MemoryOutbox(this.lines);
  }

  /** As a transaction of a user writes it. */
  commit(entry: Pick<Entry, 'id' | 'bytes'> & Partial<Line>): Line {
    const origin = entry.origin ?? `tx ${this.lines.size} ${entry.id}`;
    const line = { key: origin, origin, at: null, marked: false, ...entry };
    this.lines.set(origin, line);
    return line;
  }

  put(entry: NewEntry): boolean {
    const isThere = [...this.lines.values()].some(({ key }) => key === `at ${entry.id}`);
    if (!isThere) this.commit({ ...entry, key: `at ${entry.id}` });
    return !isThere;
  }

  read(now: Date, most: number): (Entry | BadEntry)[] {
    const due = [...this.lines.values()].filter(
      ({ refused, marked, at }) => refused === undefined && (marked || at === null || at <= now),
    );
    const rank = ({ marked, at }: Line): [number, number] => [marked ? 0 : 1, at?.getTime() ?? 0];
    due.sort((a, b) => {
      const [[x, s], [y, t]] = [rank(a), rank(b)];
      return x - y || s - t || (a.origin < b.origin ? -1 : 1);
    });
    return due.slice(0, most).map((line): Entry | BadEntry => {
      const { problem, key, origin } = line;
      return problem === undefined ? line : { key, origin, problem };
    });
  }

  mark(entries: readonly EntryRef[]): void {
    for (const { origin } of entries) {
      const line = this.lines.get(origin);
      if (line !== undefined) this.lines.set(origin, { ...line, marked: true });
    }
  }

  refuse(entries: readonly BadEntry[]): void {
    for (const { origin, problem } of entries) {
      const line = this.lines.get(origin);
      if (line !== undefined) this.lines.set(origin, { ...line, refused: problem });
    }
  }

  remove(entries: readonly EntryRef[]): void {
    for (const { origin } of entries) this.lines.delete(origin);
  }

  /** As one member sees it: `call` carries out each call, or fails. */
  connect(
    call: <T>(name: OutboxCall, carryOut: () => T) => Promise<T> = async (_, carryOut) => carryOut(),
  ): OutboxStore {
    return {
      putEntries: (_name, entries) => call('putEntries', () => entries.map((entry) => this.put(entry))),
      namesWaiting: (names, now) => call('namesWaiting', () => (this.read(now, 1).length > 0 ? [...names] : [])),
      readEntries: (_name, now, most) => call('readEntries', () => this.read(now, most)),
      markEntries: (_name, entries) => call('markEntries', () => this.mark(entries)),
      refuseEntries: (_name, entries) => call('refuseEntries', () => this.refuse(entries)),
      removeEntries: (_name, entries) => call('removeEntries', () => this.remove(entries)),
      outboxPlace: () => call('outboxPlace', () => ({ database: 'test', epoch: 'epoch' })),
    };
  }
}
