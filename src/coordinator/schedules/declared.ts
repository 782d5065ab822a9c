/** What the program says of a schedule, and what the store has. */
import type { StoredSchedule } from '../../store/schedules.js';
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

/** Returns the write that brings it into the store, and what people are told of it. */
export function declarationOf(
  declaration: Declaration,
  row: StoredSchedule | undefined,
  { term, now }: { readonly term: number; readonly now: number },
): { readonly write: RowWrite; readonly news: string | null } {
  const { id, template, ...rules } = declaration;
  // A payload may be large, and mostly it is there.
  const payload = row?.digest === rules.digest ? {} : { payload: template };
  const set = { ...rules, ...payload, declared: now, parked: false };
  if (row === undefined) return { write: { id, expected: null, term, set: { ...set, cursor: now } }, news: null };
  const isChanged = row.pattern !== rules.pattern || row.timeZone !== rules.timeZone;
  // What another pattern wanted before now is not made up.
  const cursor = isChanged || row.parked ? Math.max(row.cursor, now) : row.cursor;
  const news = isChanged
    ? `is '${rules.pattern}' in ${rules.timeZone} from now on; it was '${row.pattern}' in ${row.timeZone}`
    : row.parked
      ? 'is no longer parked, and begins anew'
      : null;
  return { write: { id, expected: row, term, set: { ...set, cursor } }, news };
}
