/** Schedules in the embedded store: each call within one transaction. */
import { StoreError } from '../../errors.js';
import { type Fields, isFields, isOfOurFormat, readableIn } from '../documents.js';
import { newSchedule, ScheduleReader, storedChange, storedPause } from '../scheduleDocuments.js';
import type { DeletedSchedule, SchedulePause, ScheduleWrite, StoredSchedule } from '../schedules.js';
import type { Entries } from './environment.js';
import { scheduleKey, scheduleRange } from './keys.js';

export interface ScheduleCalls {
  readSchedules(name: string, ids: readonly string[] | null): StoredSchedule[];
  findSchedule(name: string, id: string): (StoredSchedule & { readonly payload: Uint8Array | null }) | null;
  writeSchedules(name: string, writes: readonly ScheduleWrite[]): boolean;
  touchSchedules(name: string, ids: readonly string[], at: number): void;
  pauseSchedule(name: string, id: string, pause: SchedulePause): boolean;
  resumeSchedule(name: string, id: string, at: number): boolean;
  deleteSchedule(name: string, id: string, since: number): DeletedSchedule;
}

export function schedulesOn(entries: Entries, facts: { readonly path: string }): ScheduleCalls {
  const schedules = new EmbeddedSchedules(entries, facts);
  return {
    readSchedules: (name, ids) => schedules.readSchedules(name, ids),
    findSchedule: (name, id) => schedules.findSchedule(name, id),
    writeSchedules: (name, writes) => schedules.writeSchedules(name, writes),
    touchSchedules: (name, ids, at) => schedules.touchSchedules(name, ids, at),
    pauseSchedule: (name, id, pause) => schedules.pauseSchedule(name, id, pause),
    resumeSchedule: (name, id, at) => schedules.resumeSchedule(name, id, at),
    deleteSchedule: (name, id, since) => schedules.deleteSchedule(name, id, since),
  };
}

class EmbeddedSchedules implements ScheduleCalls {
  constructor(
    private readonly entries: Entries,
    private readonly facts: { readonly path: string },
  ) {}

  readSchedules(name: string, ids: readonly string[] | null): StoredSchedule[] {
    const values =
      ids === null
        ? Array.from(this.entries.each(scheduleRange(name)), ({ value }) => value)
        : [...ids].sort().flatMap((id) => this.entries.get(scheduleKey(name, id))?.value ?? []);
    return values.flatMap((value) => readableIn(() => this.reader(value, name).schedule()));
  }

  findSchedule(name: string, id: string): (StoredSchedule & { readonly payload: Uint8Array | null }) | null {
    const entry = this.entries.get(scheduleKey(name, id));
    if (entry === undefined) return null;
    const reader = this.reader(entry.value, name);
    const payload = reader.payload();
    return { ...reader.schedule(), payload: payload === null ? null : new Uint8Array(payload) };
  }

  writeSchedules(name: string, writes: readonly ScheduleWrite[]): boolean {
    return writes.map((write) => this.write(name, write)).every(Boolean);
  }

  private write(name: string, write: ScheduleWrite): boolean {
    const { id, expected, term, set } = write;
    if (expected !== null) {
      return this.change(name, id, (old) => (isSame(old, expected, write) ? storedChange(term, set) : null));
    }
    if (this.entries.get(scheduleKey(name, id)) !== undefined) return false;
    this.entries.put(scheduleKey(name, id), stored(newSchedule(name, write)), 1);
    return true;
  }

  touchSchedules(name: string, ids: readonly string[], at: number): void {
    for (const id of ids) this.change(name, id, ({ declared }) => ({ declared: Math.max(at, Number(declared)) }));
  }

  pauseSchedule(name: string, id: string, pause: SchedulePause): boolean {
    return this.change(name, id, () => ({ paused: { ...storedPause(pause), at: pause.at.getTime() } }));
  }

  resumeSchedule(name: string, id: string, at: number): boolean {
    return this.change(name, id, ({ paused }) => (isFields(paused) ? { paused: null, resumed: at } : {}));
  }

  deleteSchedule(name: string, id: string, since: number): DeletedSchedule {
    const key = scheduleKey(name, id);
    const entry = this.entries.get(key);
    if (entry === undefined) return { deleted: false, declared: null };
    const { declared } = this.reader(entry.value, name).schedule();
    if (declared > since) return { deleted: false, declared };
    this.entries.remove(key);
    return { deleted: true };
  }

  /** Sets fields, if the entry is there and the change is not null. Fields of later versions stay as they are. */
  private change(name: string, id: string, change: (old: Fields) => Fields | null): boolean {
    const key = scheduleKey(name, id);
    const entry = this.entries.get(key);
    if (entry === undefined) return false;
    const { value } = entry;
    if (!isFields(value)) {
      throw new StoreError('ERR_STORE_DATA', `the schedule ${id} of ${name} in ${this.facts.path} is not a document`);
    }
    const set = isOfOurFormat(value) ? change(value) : null;
    if (set === null) return false;
    this.entries.put(key, stored({ ...value, ...set }), entry.version + 1);
    return true;
  }

  private reader(document: unknown, name: string): ScheduleReader {
    return new ScheduleReader(document, `a schedule of ${name} in ${this.facts.path}`);
  }
}

function isSame(
  old: Fields,
  { cursor, pattern, timeZone }: NonNullable<ScheduleWrite['expected']>,
  { term, over }: Pick<ScheduleWrite, 'term' | 'over'>,
): boolean {
  const isOld = over === undefined ? typeof old.term === 'number' && old.term <= term : old.term === over;
  return isOld && old.cursor === cursor && old.pattern === pattern && old.timeZone === timeZone;
}

/** Bytes of their own: as a view they would take all with them. */
function stored(fields: Fields): Fields {
  const { payload, paused } = fields;
  return {
    ...fields,
    ...(payload instanceof Uint8Array ? { payload: Buffer.from(payload) } : {}),
    ...(isFields(paused) && paused.at instanceof Date ? { paused: { ...paused, at: paused.at.getTime() } } : {}),
  };
}
