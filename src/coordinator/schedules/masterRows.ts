/**
 * The schedules of one subsystem in the store, as its master reads and writes them. A row may have a higher term than its own:
 * where the leases were dropped or restored, terms begin again. Two beats of this mastership that were acknowledged since the row
 * was read tell that from a later master: its claim would have ended them. Only then is the row replaced.
 */
import { FailoverError } from '../../errors.js';
import type { ScheduleStore, ScheduleWrite, StoredSchedule } from '../../store/schedules.js';
import type { SettledSlots } from './settledSlots.js';

/** Between two looks after a write was refused, at first and at most, in ms. */
const REST_MS = { first: 1000, most: 60_000 };
/** Looks in a row that were refused a write until that is told. One or two are others' writes of the same time. */
const REFUSALS_TOLD = 5;
/** Of these the second was sent after what came before the first. */
const BEATS_SURE = 2;

/** A write of what was read. */
export interface RowWrite extends ScheduleWrite {
  readonly expected: StoredSchedule | null;
}

interface RowsParts {
  readonly name: string;
  readonly store: ScheduleStore;
  readonly settled: SettledSlots;
  trouble(error: Error): void;
}

export class MasterRows {
  /** Counts the beats that were acknowledged. */
  private beats = 0;
  private validUntil = Number.NEGATIVE_INFINITY;
  /** Rows of a higher term, and how many beats there were when it was read first. */
  private readonly higher = new Map<string, { readonly term: number; readonly beats: number }>();
  /** Looks in a row in which a write was refused. */
  private refusals = 0;
  private isRefused = false;
  private term = 0;
  /** The rows as this mastership has seen them last: one that is gone is made again as it was. */
  private readonly known = new Map<string, StoredSchedule>();

  constructor(private readonly parts: RowsParts) {}

  /** A mastership begins. */
  begin(term: number): void {
    this.term = term;
    this.higher.clear();
    this.known.clear();
    this.refusals = 0;
    this.isRefused = false;
  }

  /** The lease is held until then. A beat that was acknowledged moves that on. A clock that is found to be behind moves it back. */
  held(validUntil: number): void {
    if (validUntil > this.validUntil) this.beats += 1;
    this.validUntil = validUntil;
  }

  /** Returns how long a look waits after refusals, in ms; 0 without any. */
  get rest(): number {
    return this.refusals === 0 ? 0 : Math.min(REST_MS.most, REST_MS.first * 2 ** (this.refusals - 1));
  }

  async read(ids: readonly string[] | null): Promise<StoredSchedule[]> {
    const { store, name, settled } = this.parts;
    const rows = await store.readSchedules(name, ids);
    for (const row of rows) {
      settled.note(row.id, row.cursor);
      this.notice(row);
      this.known.set(row.id, row);
    }
    return rows;
  }

  private notice({ id, term }: StoredSchedule): void {
    if (term <= this.term) this.higher.delete(id);
    else if (this.higher.get(id)?.term !== term) this.higher.set(id, { term, beats: this.beats });
  }

  /** Returns whether another life of the store wrote it: its numbers of tasks are not those of this one. */
  isOfAnotherLife({ term }: StoredSchedule): boolean {
    return term > this.term;
  }

  /** Makes the writes, each by itself. Returns whether all were made. */
  async write(writes: readonly RowWrite[]): Promise<boolean> {
    if (writes.length === 0) return true;
    const { store, name, settled } = this.parts;
    const { term } = this;
    const sent = writes.filter(({ id }) => this.isSure(id)).map((write) => replacing(write));
    const isAll = (sent.length === 0 || (await store.writeSchedules(name, sent))) && sent.length === writes.length;
    if (isAll) for (const { id, set } of writes) settled.note(id, set.cursor);
    if (isAll && term === this.term) for (const write of writes) this.note(write);
    // A row that cannot be read looks like one that is missing: it must not hold up the others.
    if (term === this.term && !isAll && writes.some(({ expected }) => expected !== null)) this.isRefused = true;
    return isAll;
  }

  private note({ id, term, set }: RowWrite): void {
    const known = this.known.get(id);
    const { payload: _, ...fields } = set;
    if (known !== undefined) this.known.set(id, { ...known, ...fields, term });
  }

  /** Returns a row as it was last; undefined if this mastership has not seen it. */
  lastKnown(id: string): StoredSchedule | undefined {
    return this.known.get(id);
  }

  private isSure(id: string): boolean {
    const found = this.higher.get(id);
    return found === undefined || this.beats >= found.beats + BEATS_SURE;
  }

  /** A look has ended. */
  lookEnded(): void {
    this.refusals = this.isRefused ? this.refusals + 1 : 0;
    this.isRefused = false;
    if (this.refusals !== REFUSALS_TOLD) return;
    const { name, trouble } = this.parts;
    const text = `the store has refused what was written of schedules of '${name}', ${REFUSALS_TOLD} times in a row, so tasks of their slots may wait: look in failover_schedules for another program that writes there`;
    trouble(new FailoverError('ERR_SCHEDULE_REFUSED', text));
  }
}

function replacing(write: RowWrite): ScheduleWrite {
  const { expected, term, set } = write;
  if (expected === null || expected.term <= term) return write;
  // The number is that of a task of the other life.
  return { ...write, over: expected.term, set: { lastSeq: null, ...set } };
}
