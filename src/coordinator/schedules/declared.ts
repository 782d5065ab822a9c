/** What the program says of a schedule, and what the store has. */
import type { ScheduleChange, StoredSchedule } from '../../store/schedules.js';
import type { Declaration } from '../../wire/schedules.js';
import type { RowWrite } from './masterRows.js';

const fields = [
  ...([
    'pattern',
    'timeZone',
    'missed',
    'maxMissed',
    'within',
    'overlap',
    'jitter',
    'from',
    'until',
    'digest',
  ] as const),
] as const;

/** Returns whether the store has it as the program has it. */
export function isDeclared(row: StoredSchedule, declaration: Declaration): boolean {
  return !row.parked && fields.every((field) => row[field] === declaration[field]);
}

/** How far back the slots of a row that is made again may be open, in ms: their tasks are still there, so none is stored twice. */
const REMADE_MS = 60_000;

/** Returns what a row that is gone had beside what the program says. */
function remade(
  known: StoredSchedule,
  rules: Pick<Declaration, 'pattern' | 'timeZone' | 'jitter'>,
  { term, now }: { readonly term: number; readonly now: number },
): ScheduleChange {
  const { last, lastSeq, missedCount, missedAt, resumed } = known;
  return {
    // A master that is deposed may write this, and tasks of slots that were settled since then may be trimmed.
    cursor: Math.max(cursorFor(known, rules, now), now - rules.jitter - REMADE_MS),
    ...{ last, missedCount, missedAt, resumed },
    // The number is that of a task of another life of the store.
    lastSeq: known.term > term ? null : lastSeq,
  };
}

/** What another pattern wanted before now is not made up. */
function cursorFor(row: StoredSchedule, rules: Pick<Declaration, 'pattern' | 'timeZone'>, now: number): number {
  const isChanged = row.pattern !== rules.pattern || row.timeZone !== rules.timeZone;
  return isChanged || row.parked ? Math.max(row.cursor, now) : row.cursor;
}

/** Returns the write that brings it into the store, and what people are told of it. */
export function declarationOf(
  declaration: Declaration,
  row: StoredSchedule | undefined,
  { term, now, known }: { readonly term: number; readonly now: number; readonly known: StoredSchedule | undefined },
): { readonly write: RowWrite; readonly news: string | null } {
  const { id, template, ...rules } = declaration;
  // A payload may be large, and mostly it is there.
  const payload = row?.digest === rules.digest ? {} : { payload: template };
  const set = { ...rules, ...payload, declared: now, parked: false };
  if (row === undefined) {
    const old = known === undefined ? undefined : remade(known, rules, { term, now });
    return {
      write: { id, expected: null, term, set: { ...set, cursor: now, ...old }, paused: known?.paused ?? null },
      news: null,
    };
  }
  const isChanged = row.pattern !== rules.pattern || row.timeZone !== rules.timeZone;
  const cursor = cursorFor(row, rules, now);
  const news = isChanged
    ? `is '${rules.pattern}' in ${rules.timeZone} from now on; it was '${row.pattern}' in ${row.timeZone}`
    : row.parked
      ? 'is no longer parked, and begins anew'
      : null;
  return { write: { id, expected: row, term, set: { ...set, cursor } }, news };
}
