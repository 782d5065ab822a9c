/** The schedules of a store in memory: what the calls do at the server, at once. */
import type { DeletedSchedule, ScheduleStore, StoredSchedule } from '../../src/store/schedules.ts';

type Row = StoredSchedule & { readonly payload: Uint8Array | null };

const blank: Omit<Row, 'id' | 'cursor'> = {
  ...{ missed: 'once', maxMissed: 100, within: 86_400_000, overlap: 'skip', jitter: 0, from: null, until: null },
  ...{ digest: '', term: 0, lastSeq: null, last: null, next: null, missedCount: 0, missedAt: null, declared: 0 },
  ...{ parked: false, paused: null, resumed: null, payload: null, pattern: '', timeZone: '' },
};

export class MemoryScheduleStore implements ScheduleStore {
  private readonly rows = new Map<string, Map<string, Row>>();

  private of(name: string): Map<string, Row> {
    const rows = this.rows.get(name) ?? new Map<string, Row>();
    this.rows.set(name, rows);
    return rows;
  }

  async readSchedules(name: string, ids: readonly string[] | null): Promise<StoredSchedule[]> {
    const rows = [...this.of(name).values()].filter(({ id }) => ids === null || ids.includes(id));
    return rows.sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ payload: _, ...row }) => row);
  }

  async findSchedule(name: string, id: string): Promise<Row | null> {
    return this.of(name).get(id) ?? null;
  }

  async writeSchedules(name: string, writes: Parameters<ScheduleStore['writeSchedules']>[1]): Promise<boolean> {
    const rows = this.of(name);
    let isAll = true;
    for (const { id, expected, term, over, set, paused = null } of writes) {
      const old = rows.get(id);
      if (expected === null) {
        if (old === undefined) rows.set(id, { ...blank, ...set, id, term, paused });
        else isAll = false;
      } else if (old !== undefined && isSame(old, expected) && isOld(old.term, term, over))
        rows.set(id, { ...old, ...set, term });
      else isAll = false;
    }
    return isAll;
  }

  async touchSchedules(name: string, ids: readonly string[], at: number): Promise<void> {
    for (const id of ids) this.change(name, id, (old) => ({ declared: Math.max(at, old.declared) }));
  }

  async pauseSchedule(name: string, id: string, paused: NonNullable<StoredSchedule['paused']>): Promise<boolean> {
    return this.change(name, id, () => ({ paused }));
  }

  async resumeSchedule(name: string, id: string, at: number): Promise<boolean> {
    return this.change(name, id, ({ paused }) => (paused === null ? {} : { paused: null, resumed: at }));
  }

  async deleteSchedule(name: string, id: string, since: number): Promise<DeletedSchedule> {
    const declared = this.of(name).get(id)?.declared ?? null;
    if (declared === null || declared > since) return { deleted: false, declared };
    return { deleted: this.of(name).delete(id) as true };
  }

  private change(name: string, id: string, change: (old: Row) => Partial<Row>): boolean {
    const old = this.of(name).get(id);
    if (old !== undefined) this.of(name).set(id, { ...old, ...change(old) });
    return old !== undefined;
  }
}

function isOld(found: number, term: number, over: number | undefined): boolean {
  return over === undefined ? found <= term : found === over;
}

function isSame(old: Row, expected: Pick<StoredSchedule, 'cursor' | 'pattern' | 'timeZone'>): boolean {
  return old.cursor === expected.cursor && old.pattern === expected.pattern && old.timeZone === expected.timeZone;
}
