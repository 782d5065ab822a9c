/** The schedules of subsystems that are looked at. When the next slot comes is found out once for each slot. */
import { StoreError } from '../errors.js';
import { type ScheduleInfo, scheduleInfo } from '../requests/scheduleInfo.js';
import type { StoreReader } from '../store/reader.js';
import type { StoredSchedule } from '../store/schedules.js';
import type { ScheduleRow, SchedulesSeen } from './contract.js';
import { isoAt, isoOf } from './rows.js';
import { textOf } from './texts.js';

export const SCHEDULES_SHOWN = 200;

interface Known {
  readonly shape: string;
  readonly next: number | null;
  readonly row: ScheduleRow;
}

export class ScheduleRows {
  /** By the names of subsystems, then by the ids. */
  private known = new Map<string, ReadonlyMap<string, Known>>();

  constructor(private readonly wall: () => number) {}

  /** Keeps what it knows of these subsystems alone. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.known.keys()) if (!names.has(name)) this.known.delete(name);
  }

  /** Reads the schedules of a subsystem. That they cannot be read hides nothing else of it. */
  async of(reader: Pick<StoreReader, 'schedules'>, name: string): Promise<SchedulesSeen> {
    let found: readonly StoredSchedule[];
    try {
      found = await reader.schedules(name);
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'ERR_STORE')) throw error;
      return { rows: [], left: 0, problem: textOf(error) };
    }
    const before = this.known.get(name);
    const now = this.wall();
    const shown = found.slice(0, SCHEDULES_SHOWN).map((each) => {
      const shape = JSON.stringify(each);
      const known = before?.get(each.id);
      const isSame = known?.shape === shape && (known.next === null || known.next > now);
      return isSame ? known : knownOf(shape, scheduleInfo(each, now));
    });
    this.known.set(name, new Map(shown.map((known) => [known.row.id, known])));
    return { rows: shown.map(({ row }) => row), left: found.length - shown.length, problem: null };
  }
}

function knownOf(shape: string, info: ScheduleInfo): Known {
  return { shape, next: info.next?.getTime() ?? null, row: rowOf(info) };
}

function rowOf({
  id,
  pattern,
  timeZone,
  next,
  last,
  missedCount,
  missedAt,
  parked,
  paused,
}: ScheduleInfo): ScheduleRow {
  return {
    ...{ id, pattern, timeZone, parked, missed: missedCount },
    ...{ next: isoOf(next), last: isoOf(last), missedAt: isoOf(missedAt) },
    paused: paused === null ? null : { by: paused.by, reason: paused.reason ?? null, at: isoAt(paused.at) },
  };
}
